import { z } from 'zod';
import { batchSchema } from './manifest-input';
import type { Agreement } from './manifest-input';

const name = z.string().min(1);
const count = z.int().positive();
const format = z.string().describe('For people: what the numbers mean.');

function scoresOrBoxes<T extends z.ZodType<number>>(last: T) {
  return z.strictObject({
    name,
    type: z.literal('float32'),
    shape: z.tuple([batchSchema, count, last]),
    format,
  });
}

function detections<T extends z.ZodType<number>, U extends z.ZodType<number>>(second: T, third: U) {
  return z.strictObject({
    detections: z.strictObject({
      name,
      type: z.enum(['float32', 'float16']),
      shape: z.tuple([batchSchema, second, third]),
      format,
    }),
  });
}

/** Least numbers a box of each YOLO layout has: one class. */
const YOLOV5_VALUES = 6;
const YOLOV8_VALUES = 5;

/** The outputs of each layout. */
export const outputSchemas = {
  sightline: z
    .strictObject({ boxes: scoresOrBoxes(z.literal(4)), scores: scoresOrBoxes(count) })
    .describe('Corners in input pixels of A boxes; a probability of each label for each.'),
  yolov5: detections(count, count.min(YOLOV5_VALUES)).describe(
    'A boxes of 5 + C: centre, width and height in input pixels, objectness, probability of each label.',
  ),
  yolov8: detections(count.min(YOLOV8_VALUES), count).describe(
    '4 + C rows of A: centre, width and height in input pixels, probability of each label. YOLO11 and others, too.',
  ),
  end2end: detections(count, z.literal(6)).describe(
    'The best boxes alone, suppression done by the graph: corners in input pixels, score, index of the label.',
  ),
} as const;

/** How the outputs of a graph are to be read. */
export type LayoutName = keyof typeof outputSchemas;

/** Names of the layouts. */
export const LAYOUTS = Object.keys(outputSchemas) as readonly LayoutName[];

/** What of a manifest the agreements of outputs are about. */
export type ManifestOutputs = {
  [L in LayoutName]: { readonly layout: L; readonly outputs: z.infer<(typeof outputSchemas)[L]> };
}[LayoutName];

/** How many classes the outputs have room for; undefined where they do not say. */
export function classesOf(manifest: ManifestOutputs): number | undefined {
  switch (manifest.layout) {
    case 'sightline':
      return manifest.outputs.scores.shape[2];
    case 'yolov5':
      return manifest.outputs.detections.shape[2] - 5;
    case 'yolov8':
      return manifest.outputs.detections.shape[1] - 4;
    case 'end2end':
      return undefined;
  }
}

/** What the shapes of outputs have to be, beside each other and to an input of `batch` frames with so many labels. */
export function outputAgreements(
  manifest: ManifestOutputs,
  batch: 'batch' | 1,
  labels: number,
): readonly Agreement[] {
  const batches = Object.entries(manifest.outputs).map(([role, { shape }]) => ({
    path: `outputs.${role}.shape[0]`,
    expected: `${batch} (input.shape)`,
    got: `${shape[0]}`,
  }));
  const classes = classesOf(manifest);
  const output = manifest.layout === 'sightline' ? 'scores' : 'detections';
  const counted =
    classes === undefined
      ? []
      : [{ path: 'labels', expected: `${classes} (outputs.${output}.shape)`, got: `${labels}` }];
  if (manifest.layout !== 'sightline') return [...batches, ...counted];
  const { boxes, scores } = manifest.outputs;
  const anchors = {
    path: 'outputs.scores.shape[1]',
    expected: `${boxes.shape[1]} (as boxes)`,
    got: `${scores.shape[1]}`,
  };
  return [...batches, anchors, ...counted];
}
