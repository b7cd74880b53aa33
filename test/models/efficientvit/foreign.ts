import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Size } from '../../../models/domain/geometry';
import { manifestSchema } from '../../../models/efficientvit/manifest';
import type { Manifest } from '../../../models/efficientvit/manifest';
import { packageRoot } from '../../../models/support/package-root';

/** Size of the graphs in test/fixtures/models, which find colours in cells of three strides. */
export const CELLS_INPUT: Size = { width: 64, height: 32 };
export const CELLS_LABELS = ['red', 'green', "it's blue"];
const CELLS = 42;

/** Path of a graph of test/fixtures/models. */
export const graphPath = (name: string) => join(packageRoot, 'test/fixtures/models', `${name}.onnx`);

const rgbFloat = (batch: 'batch' | 1, type: 'float32' | 'float16' = 'float32') => ({
  name: 'images',
  type,
  shape: [batch, 3, CELLS_INPUT.height, CELLS_INPUT.width],
  ...CELLS_INPUT,
  pixelFormat: 'rgb-float',
});

const detections = (shape: readonly unknown[], type: 'float32' | 'float16' = 'float32') => ({
  detections: { name: 'output0', type, shape, format: 'as its layout says' },
});

/** What the manifest of each graph says of it. */
const FOREIGN = {
  yolov8: { layout: 'yolov8', input: rgbFloat('batch'), outputs: detections(['batch', 7, CELLS]) },
  'yolov8-half': {
    layout: 'yolov8',
    input: rgbFloat(1, 'float16'),
    outputs: detections([1, 7, CELLS], 'float16'),
  },
  'yolov8-i420': {
    layout: 'yolov8',
    input: {
      name: 'frames',
      type: 'uint8',
      shape: ['batch', 48, 64],
      ...CELLS_INPUT,
      pixelFormat: 'i420',
      colorMatrix: 'bt601',
      range: 'limited',
      resize: 'as everywhere',
      padValue: { y: 114, u: 128, v: 128 },
    },
    outputs: detections(['batch', 7, CELLS]),
  },
  'yolov8-nan': { layout: 'yolov8', input: rgbFloat(1), outputs: detections([1, 7, CELLS]) },
  yolov5: { layout: 'yolov5', input: rgbFloat(1), outputs: detections([1, 3 * CELLS, 8]) },
  end2end: { layout: 'end2end', input: rgbFloat('batch'), outputs: detections(['batch', CELLS + 6, 6]) },
  'sightline-rgb24': {
    layout: 'sightline',
    input: {
      name: 'frames',
      type: 'uint8',
      shape: ['batch', 32, 64, 3],
      ...CELLS_INPUT,
      pixelFormat: 'rgb24',
      channelOrder: 'bgr',
      memoryOrder: 'nhwc',
    },
    outputs: {
      boxes: { name: 'boxes', type: 'float32', shape: ['batch', CELLS, 4], format: 'corners' },
      scores: { name: 'scores', type: 'float32', shape: ['batch', CELLS, 3], format: 'probabilities' },
    },
  },
};

export type ForeignName = keyof typeof FOREIGN;
/** Those that detect. */
export const FOREIGN_NAMES = (Object.keys(FOREIGN) as ForeignName[]).filter((name) => name !== 'yolov8-nan');

/** Path and hash of a graph, for a manifest of another. */
export function fileOf(name: string): { readonly file: string; readonly sha256: string } {
  const file = graphPath(name);
  return { file, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') };
}

/** The only output of a graph, in a manifest's words. */
export function outputOf(name: Exclude<ForeignName, 'sightline-rgb24'>): object {
  return FOREIGN[name].outputs.detections;
}

/** A graph's manifest as JSON, with other values at the top of it. */
export function foreignDraft(name: ForeignName, change: object = {}): Record<string, unknown> {
  const { layout, input, outputs } = FOREIGN[name];
  const thresholds = { score: 0.3, floor: 0.05, maxDetections: 300 };
  return {
    ...{ schemaVersion: 1, name, layout, input, outputs },
    ...fileOf(name),
    architecture: {},
    labels: CELLS_LABELS,
    thresholds: layout === 'end2end' ? thresholds : { ...thresholds, nmsIou: 0.6 },
    accuracy: {},
    origin: {},
    license: 'Apache-2.0',
    ...change,
  };
}

/** A graph's manifest. */
export function foreignManifest(name: ForeignName, change: object = {}): Manifest {
  return manifestSchema.parse(foreignDraft(name, change));
}

/** Runs FFmpeg over an input and gives what it wrote. */
export function ffmpeg(args: readonly string[], input?: Uint8Array): Uint8Array {
  return execFileSync('ffmpeg', ['-nostdin', '-v', 'error', ...args, '-f', 'rawvideo', 'pipe:1'], {
    ...(input !== undefined && { input }),
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** One picture of an FFmpeg input as an I420 frame of a size, by the filter that frames are scaled with. */
export function i420Of(input: readonly string[], { width, height }: Size): Uint8Array {
  const scale = `scale=${width}:${height}:flags=area+accurate_rnd+full_chroma_inp+bitexact:out_color_matrix=bt601:out_range=limited`;
  return ffmpeg([...input, '-frames:v', '1', '-vf', scale, '-pix_fmt', 'yuv420p']);
}

/**
 * An I420 frame in FFmpeg's RGB, three bytes a pixel, chroma not interpolated: as exactly as FFmpeg can, or the fast way, which
 * cuts off what it does not round and is 1 level too dark on average.
 */
export function rgbOf(
  frame: Uint8Array,
  { width, height }: Size,
  way: 'exact' | 'fast' = 'exact',
): Uint8Array {
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${width}x${height}`, '-i', 'pipe:0'];
  const flags = way === 'exact' ? ['-sws_flags', 'neighbor+accurate_rnd+full_chroma_int'] : [];
  return ffmpeg([...raw, ...flags, '-pix_fmt', 'rgb24'], frame);
}
