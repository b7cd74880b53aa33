import { toPipelineError } from '../../../models/domain/errors';
import type { Size } from '../../../models/domain/geometry';
import { manifestSchema } from '../../../models/efficientvit/manifest-schema';
import { createPostprocess } from '../../../models/efficientvit/postprocess';
import { MODEL, draftOf } from './support';

const INPUT: Size = { width: 416, height: 256 };

interface Anchor {
  readonly box: readonly [number, number, number, number];
  /** Score by label; the labels are a, b and c. */
  readonly scores: Readonly<Partial<Record<'a' | 'b' | 'c', number>>>;
}

/** Post-processes one frame after another from so many anchors each. */
function detect(
  frames: readonly (readonly Anchor[])[],
  { thresholds = {}, source = INPUT }: { thresholds?: object; source?: Size } = {},
) {
  const anchors = Math.max(...frames.map((frame) => frame.length));
  const draft = draftOf(MODEL);
  draft.labels = ['a', 'b', 'c'];
  draft.outputs.boxes.shape[1] = anchors;
  draft.outputs.scores.shape = ['batch', anchors, 3];
  draft.thresholds = { score: 0.4, floor: 0.1, nmsIou: 0.6, maxDetections: 100, ...thresholds };
  const postprocess = createPostprocess(manifestSchema.parse(draft));
  const boxes = new Float32Array(frames.length * anchors * 4);
  const scores = new Float32Array(frames.length * anchors * 3);
  for (const [index, frame] of frames.entries()) {
    for (const [anchor, { box, scores: own }] of frame.entries()) {
      boxes.set(box, (index * anchors + anchor) * 4);
      scores.set([own.a ?? 0, own.b ?? 0, own.c ?? 0], (index * anchors + anchor) * 3);
    }
  }
  return frames.map((_frame, index) =>
    postprocess({ boxes, scores }, index, source).map(({ label, score, box }) => ({
      label,
      score: Number(score.toFixed(6)),
      box,
    })),
  );
}

const one = (anchors: readonly Anchor[], options?: Parameters<typeof detect>[1]) =>
  detect([anchors], options)[0]!;
const labels = (anchors: readonly Anchor[], options?: Parameters<typeof detect>[1]) =>
  one(anchors, options).map(({ label, score }) => `${label} ${score}`);

describe('createPostprocess', () => {
  it('gives the best label of each anchor, best anchor first', () => {
    expect(
      one([
        { box: [0, 0, 10, 10], scores: { a: 0.3, b: 0.5, c: 0.4 } },
        { box: [50, 50, 60, 70], scores: { a: 0.7, b: 0.6 } },
      ]),
    ).toEqual([
      { label: 'a', score: 0.7, box: [50, 50, 60, 70] },
      { label: 'b', score: 0.5, box: [0, 0, 10, 10] },
    ]);
  });

  it('leaves out what is below the floor and keeps what is on it', () => {
    const anchors: Anchor[] = [
      { box: [0, 0, 10, 10], scores: { a: 0.25 } },
      { box: [50, 0, 60, 10], scores: { b: 0.2499 } },
      { box: [90, 0, 99, 10], scores: { c: Number.NaN } },
    ];
    expect(labels(anchors, { thresholds: { floor: 0.25 } })).toEqual(['a 0.25']);
  });

  it('gives nothing for a frame in which nothing reaches the floor', () => {
    expect(one([{ box: [0, 0, 10, 10], scores: { a: 0.05, b: 0.09 } }])).toEqual([]);
  });

  it('suppresses the worse of two boxes of one label that overlap by more than the threshold', () => {
    // 100 x 10 against one that is 24 or 25 pixels further on: IoU 76 / 124 = 0.613 and 75 / 125 = 0.6.
    const shifted = (x: number): Anchor[] => [
      { box: [x, 0, 100 + x, 10], scores: { a: 0.5 } },
      { box: [0, 0, 100, 10], scores: { a: 0.6 } },
    ];
    expect(labels(shifted(24))).toEqual(['a 0.6']);
    expect(labels(shifted(26))).toEqual(['a 0.6', 'a 0.5']);
  });

  it('does not suppress across labels', () => {
    expect(
      labels([
        { box: [0, 0, 10, 10], scores: { a: 0.5 } },
        { box: [0, 0, 10, 10], scores: { b: 0.6 } },
      ]),
    ).toEqual(['b 0.6', 'a 0.5']);
  });

  it('does not let a suppressed box suppress', () => {
    // Each overlaps the next by 0.67, the first and last by 0.43.
    expect(
      labels([
        { box: [0, 0, 100, 10], scores: { a: 0.9 } },
        { box: [20, 0, 120, 10], scores: { a: 0.8 } },
        { box: [40, 0, 140, 10], scores: { a: 0.7 } },
      ]),
    ).toEqual(['a 0.9', 'a 0.7']);
  });

  it('decides ties by the first label and the first anchor', () => {
    expect(
      one([
        { box: [50, 0, 60, 10], scores: { b: 0.5, c: 0.5 } },
        { box: [0, 0, 10, 10], scores: { a: 0.5 } },
        { box: [1, 0, 11, 10], scores: { a: 0.5 } },
      ]),
    ).toEqual([
      { label: 'b', score: 0.5, box: [50, 0, 60, 10] },
      { label: 'a', score: 0.5, box: [0, 0, 10, 10] },
    ]);
  });

  it('keeps no more than the most detections, the best ones', () => {
    const anchors = Array.from({ length: 10 }, (_, index): Anchor => ({
      box: [index * 20, 0, index * 20 + 10, 10],
      scores: { a: 0.3 + index / 20 },
    }));
    expect(labels(anchors, { thresholds: { maxDetections: 3 } })).toEqual(['a 0.75', 'a 0.7', 'a 0.65']);
  });

  it('takes no memory for more detections than there are boxes', () => {
    const anchor: Anchor = { box: [0, 0, 10, 10], scores: { a: 0.5 } };
    expect(labels([anchor], { thresholds: { maxDetections: Number.MAX_SAFE_INTEGER } })).toEqual(['a 0.5']);
  });

  it.each([
    [1.0005, 'a 1'],
    [
      30,
      'inference: expected scores of at most 1, got 30.0: its outputs are not those of the layout sightline',
    ],
    [Infinity, 'expected scores of at most 1, got Infinity'],
  ])('gives no score above 1, of which no event may tell: %d', (score, expected) => {
    const anchors: readonly Anchor[] = [
      { box: [0, 0, 10, 10], scores: { a: 0.5 } },
      { box: [50, 0, 60, 10], scores: { a: score } },
    ];
    let told: string;
    try {
      told = labels(anchors).join();
    } catch (error) {
      told = toPipelineError(error).message;
    }
    expect(told).toContain(expected);
  });

  it('clips to the source and leaves out boxes that lie in the padding alone, or are none', () => {
    expect(
      one(
        [
          { box: [-5, -5, 20, 20], scores: { a: 0.9 } },
          { box: [330, 100, 360, 120], scores: { b: 0.8 } },
          { box: [350, 0, 400, 50], scores: { a: 0.7 } },
          { box: [0, Number.NaN, 20, 20], scores: { c: 0.6 } },
        ],
        // Fitted as 340 x 256.
        { source: { width: 340, height: 256 } },
      ),
    ).toEqual([
      { label: 'a', score: 0.9, box: [0, 0, 20, 20] },
      { label: 'b', score: 0.8, box: [330, 100, 340, 120] },
    ]);
  });

  it.each<[string, Size, Anchor['box'], Anchor['box']]>([
    // 416 x 256 holds 1080 x 1920 as 144 x 256.
    ['portrait', { width: 1080, height: 1920 }, [14.4, 25.6, 72, 256], [108, 192, 540, 1920]],
    // 1920 x 1080 becomes 416 x 234.
    ['landscape', { width: 1920, height: 1080 }, [0, 117, 208, 234], [0, 540, 960, 1080]],
    ['smaller', { width: 208, height: 128 }, [10, 20, 30, 40], [5, 10, 15, 20]],
  ])('undoes the letterbox of a %s source', (_what, source, inInput, inSource) => {
    const [found] = one([{ box: inInput, scores: { a: 0.9 } }], { source });
    for (const [corner, value] of inSource.entries()) expect(found!.box[corner]).toBeCloseTo(value, 3);
  });

  it('forgets one frame when it does the next', () => {
    const busy: Anchor[] = [
      { box: [0, 0, 10, 10], scores: { a: 0.9 } },
      { box: [20, 0, 30, 10], scores: { b: 0.8 } },
    ];
    const quiet: Anchor[] = [{ box: [0, 0, 10, 10], scores: { c: 0.5 } }];
    expect(detect([busy, quiet, busy]).map((frame) => frame.map(({ label }) => label).join(''))).toEqual([
      'ab',
      'c',
      'ab',
    ]);
  });
});
