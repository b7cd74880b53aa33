import './outer-realm';
import { createDetector } from '../../../models/efficientvit/detector';
import type { Detector } from '../../../models/efficientvit/detector';
import { PLAZA } from '../../support/sightline';
import {
  CELLS_INPUT,
  CELLS_LABELS,
  FOREIGN_NAMES,
  fileOf,
  foreignManifest,
  i420Of,
  outputOf,
  rgbOf,
} from './foreign';
import type { ForeignName } from './foreign';

const CPU = { providers: ['cpu'], intraOpThreads: 1 };
const { width, height } = CELLS_INPUT;

const PICTURES = [
  i420Of(['-f', 'lavfi', '-i', 'testsrc2=size=640x320'], CELLS_INPUT),
  i420Of(['-ss', '3', '-i', PLAZA], CELLS_INPUT),
  i420Of(['-f', 'lavfi', '-i', 'smptebars=size=640x320'], CELLS_INPUT),
];

/** Every cell of strides 8, 16 and 32 in the order of the graphs. */
const CELLS = [8, 16, 32].flatMap((stride) =>
  Array.from({ length: (width / stride) * (height / stride) }, (_, index) => {
    const x = (index % (width / stride)) * stride;
    const y = Math.floor(index / (width / stride)) * stride;
    return { box: [x, y, x + stride, y + stride], stride };
  }),
);

/** The colour that each cell has most of by FFmpeg's own RGB, and how much of it. */
function expectedOf(frame: Uint8Array) {
  const rgb = rgbOf(frame, CELLS_INPUT);
  return CELLS.map(({ box, stride }) => {
    const sums = [0, 0, 0];
    for (let y = box[1]!; y < box[3]!; y++) {
      for (let x = box[0]!; x < box[2]!; x++) {
        for (const channel of [0, 1, 2]) sums[channel]! += rgb[(y * width + x) * 3 + channel]!;
      }
    }
    const levels = sums.map((sum) => sum / stride ** 2 / 255);
    return { box, levels };
  });
}

async function open(name: ForeignName, maxBatch = 3): Promise<Detector> {
  return createDetector({ manifest: foreignManifest(name), ...CPU, maxBatch });
}

describe.each(FOREIGN_NAMES)('a detector of the form %s', (name) => {
  let detector: Detector;
  beforeAll(async () => {
    detector = await open(name);
  });
  afterAll(() => detector.dispose());

  it('takes I420 frames', () => {
    expect(detector.frameBytes).toBe((width * height * 3) / 2);
    expect(detector.inputs).toHaveLength(3 * detector.frameBytes);
  });

  it.each([0, 1, 2])('finds in picture %i what is in it', async (index) => {
    const frame = PICTURES[index]!;
    detector.inputs.set(frame);
    const [detections] = await detector.detect([CELLS_INPUT]);
    const expected = expectedOf(frame);
    const factor = name === 'yolov5' ? 0.5 : 1;
    const byBox = new Map(detections!.map((detection) => [detection.box.join(), detection]));
    expect(byBox.size).toBe(detections!.length);
    for (const [cell, { box, levels }] of expected.entries()) {
      const best = name === 'yolov8-i420' ? lumaOf(frame, cell) : Math.max(...levels) * factor;
      const found = byBox.get(box.join());
      // What is near the floor may be on either side of it.
      if (best > 0.06) {
        expect(Math.abs(found!.score - best)).toBeLessThan(1.5 / 255);
        if (name !== 'yolov8-i420') {
          const own = levels[CELLS_LABELS.indexOf(found!.label)]! * factor;
          expect(best - own).toBeLessThan(1.5 / 255);
        }
      } else if (best < 0.04) expect(found).toBeUndefined();
    }
    expect(detections!.length).toBeGreaterThan(20);
  });

  it('gives each frame of a batch of three the very result it gets alone', async () => {
    const singles = [];
    for (const frame of PICTURES) {
      detector.inputs.set(frame);
      singles.push(...(await detector.detect([{ width: 1280, height: 640 }])));
    }
    for (const [at, frame] of PICTURES.entries()) detector.inputs.set(frame, at * detector.frameBytes);
    const sources = PICTURES.map(() => ({ width: 1280, height: 640 }));
    const batch = await detector.detect(sources);
    expect(batch).toEqual(singles);
    expect(new Set(batch.map((detections) => JSON.stringify(detections))).size).toBe(3);
  });
});

function lumaOf(frame: Uint8Array, cell: number): number {
  const { box, stride } = CELLS[cell]!;
  let sum = 0;
  for (let y = box[1]!; y < box[3]!; y++) {
    for (let x = box[0]!; x < box[2]!; x++) sum += frame[y * width + x]!;
  }
  return sum / stride ** 2 / 255;
}

describe('a graph that is not what its manifest says', () => {
  const input = (change: object) => ({
    input: { ...foreignManifest('yolov8').input, ...change },
  });

  it.each<[string, ForeignName, object, RegExp]>([
    [
      'bytes where it takes floats',
      'yolov8',
      {
        input: {
          name: 'images',
          type: 'uint8',
          shape: ['batch', 3, 32, 64],
          width,
          height,
          pixelFormat: 'rgb24',
        },
      },
      /images: expected uint8\[batch, 3, 32, 64\], got float32\[batch, 3, 32, 64\]/,
    ],
    [
      'single where it takes half precision',
      'yolov8-half',
      { input: { ...foreignManifest('yolov8').input, shape: [1, 3, 32, 64] } },
      /images: expected float32\[1, 3, 32, 64\], got float16\[1, 3, 32, 64\]/,
    ],
    [
      'another size',
      'yolov8',
      input({ width: 32, height: 32, shape: ['batch', 3, 32, 32] }),
      /images: expected float32\[batch, 3, 32, 32\], got float32\[batch, 3, 32, 64\]/,
    ],
    [
      'a free batch where it has none',
      'yolov8-half',
      {
        input: { ...foreignManifest('yolov8-half').input, shape: ['batch', 3, 32, 64] },
        outputs: { detections: { ...outputOf('yolov8-half'), shape: ['batch', 7, 42] } },
      },
      /images: expected float16\[batch, 3, 32, 64\], got float16\[1, 3, 32, 64\]; output0: expected float16\[batch, 7, 42\], got/,
    ],
    [
      'the other layout',
      'yolov5',
      {
        layout: 'yolov8',
        labels: ['x'],
        outputs: { detections: { ...outputOf('yolov5'), shape: [1, 5, 378] } },
      },
      /output0: expected float32\[1, 5, 378\], got float32\[1, 126, 8\]/,
    ],
  ])('is refused: %s', async (_what, name, change, message) => {
    const manifest = foreignManifest(name, change);
    await expect(createDetector({ manifest, ...CPU, maxBatch: 1 })).rejects.toMatchObject({
      code: 'model',
      message: expect.stringMatching(message),
    });
  });

  it('is refused with both signatures when it wants more than a picture', async () => {
    const { file, sha256 } = fileOf('two-inputs');
    const manifest = foreignManifest('yolov8', { file, sha256 });
    await expect(createDetector({ manifest, ...CPU, maxBatch: 1 })).rejects.toThrow(
      'inputs: expected images: float32[batch, 3, 32, 64], ' +
        'got factor: float32[1], images: float32[1, 3, 32, 64]',
    );
  });

  it('takes frames one by one where the manifest asks for that of a graph with a free batch', async () => {
    const change = {
      input: { ...foreignManifest('yolov8').input, shape: [1, 3, 32, 64] },
      outputs: { detections: { ...outputOf('yolov8'), shape: [1, 7, 42] } },
    };
    const one = await createDetector({ manifest: foreignManifest('yolov8', change), ...CPU, maxBatch: 3 });
    const many = await open('yolov8');
    const sources = PICTURES.map((frame, at) => {
      one.inputs.set(frame, at * one.frameBytes);
      many.inputs.set(frame, at * many.frameBytes);
      return CELLS_INPUT;
    });
    expect(await one.detect(sources)).toEqual(await many.detect(sources));
    await Promise.all([one.dispose(), many.dispose()]);
  });
});

it('refuses a graph of which no score is a number, which would find nothing for ever', async () => {
  await expect(open('yolov8-nan')).rejects.toThrow(
    /yolov8-nan\.onnx: expected a provider that runs it, got cpu \(expected scores, got nothing but NaN\)$/,
  );
});
