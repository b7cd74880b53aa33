import fc from 'fast-check';
import type { Detection } from '../../../models/domain/detection';
import type { RawOutputs } from '../../../models/efficientvit/layouts/layout';
import { manifestSchema } from '../../../models/efficientvit/manifest';
import { createPostprocess, hasScores } from '../../../models/efficientvit/postprocess';
import { foreignDraft } from './foreign';

const LABELS = ['a', 'b', 'c'];
const INPUT = { width: 416, height: 256 };
const RGB = {
  ...{ name: 'images', type: 'float32', shape: ['batch', 3, 256, 416], ...INPUT },
  pixelFormat: 'rgb-float',
};
const OUTPUT = { name: 'out', type: 'float32', format: '' };

interface Anchor {
  /** Corners, of which centre and size are exact in floats. */
  readonly box: readonly [number, number, number, number];
  readonly scores: readonly number[];
}

type Frame = readonly Anchor[];

const centre = ([x1, y1, x2, y2]: Anchor['box']) => [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1];

/** How the same frames look in each layout. */
const ENCODERS: Readonly<Record<string, (frames: readonly Frame[], anchors: number) => RawOutputs>> = {
  sightline: (frames) => ({
    boxes: new Float32Array(frames.flatMap((frame) => frame.flatMap(({ box }) => box))),
    scores: new Float32Array(frames.flatMap((frame) => frame.flatMap(({ scores }) => scores))),
  }),
  // Halves and doubles are exact: the product is the score.
  yolov5: (frames) => ({
    detections: new Float32Array(
      frames.flatMap((frame) =>
        frame.flatMap(({ box, scores }, at) => {
          const objectness = at % 2 === 0 ? 1 : 0.5;
          return [...centre(box), objectness, ...scores.map((score) => score / objectness)];
        }),
      ),
    ),
  }),
  yolov8: (frames) => ({
    detections: new Float32Array(
      frames.flatMap((frame) =>
        Array.from({ length: 4 + LABELS.length }, (_, row) =>
          frame.map(({ box, scores }) => (row < 4 ? centre(box)[row]! : scores[row - 4]!)),
        ).flat(),
      ),
    ),
  }),
  end2end: (frames) => ({
    detections: new Float32Array(
      frames.flatMap((frame) =>
        frame.flatMap(({ box, scores }) => {
          const best = Math.max(...scores);
          return [...box, best, scores.indexOf(best)];
        }),
      ),
    ),
  }),
};

function shapesOf(layout: string, anchors: number): object {
  const detections = (...shape: readonly number[]) => ({
    detections: { ...OUTPUT, shape: ['batch', ...shape] },
  });
  switch (layout) {
    case 'sightline':
      return {
        boxes: { ...OUTPUT, shape: ['batch', anchors, 4] },
        scores: { ...OUTPUT, name: 'scores', shape: ['batch', anchors, LABELS.length] },
      };
    case 'yolov5':
      return detections(anchors, 5 + LABELS.length);
    case 'yolov8':
      return detections(4 + LABELS.length, anchors);
    default:
      return detections(anchors, 6);
  }
}

function manifestOf(layout: string, anchors: number, thresholds: object = {}) {
  const { nmsIou, ...others } = {
    ...{ score: 0.4, floor: 0.1, nmsIou: 0.6, maxDetections: 100 },
    ...thresholds,
  };
  return manifestSchema.parse(
    foreignDraft('yolov8', {
      ...{ layout, input: RGB, outputs: shapesOf(layout, anchors), labels: LABELS },
      thresholds: layout === 'end2end' ? others : { ...others, nmsIou },
    }),
  );
}

const postprocessOf = (...args: Parameters<typeof manifestOf>) => createPostprocess(manifestOf(...args));

/** The detections of each frame, in a layout. */
function detect(layout: string, frames: readonly Frame[], source = INPUT, thresholds = {}): Detection[][] {
  const anchors = frames[0]!.length;
  const postprocess = postprocessOf(layout, anchors, thresholds);
  const outputs = ENCODERS[layout]!(frames, anchors);
  return frames.map((_frame, index) => postprocess(outputs, index, source));
}

const anchor = fc
  .record({
    x: fc.integer({ min: -20, max: 420 }),
    y: fc.integer({ min: -20, max: 260 }),
    width: fc.integer({ min: 0, max: 200 }),
    height: fc.integer({ min: 0, max: 200 }),
    // Of 512: exact, and half of them can be doubled without passing 1.
    scores: fc.tuple(...LABELS.map(() => fc.integer({ min: 0, max: 256 }))),
  })
  .map(({ x, y, width, height, scores }): Anchor => ({
    box: [x, y, x + width, y + height],
    scores: scores.map((score) => score / 512),
  }));

const frames = fc
  .integer({ min: 1, max: 30 })
  .chain((anchors) =>
    fc.array(fc.array(anchor, { minLength: anchors, maxLength: anchors }), { minLength: 1, maxLength: 3 }),
  );

const sources = fc.constantFrom(INPUT, { width: 1920, height: 1080 }, { width: 1080, height: 1920 });

describe('every layout', () => {
  it.each(['yolov5', 'yolov8'])('%s finds in the same numbers what sightline finds', (layout) => {
    let found = 0;
    fc.assert(
      fc.property(frames, sources, (given, source) => {
        const expected = detect('sightline', given, source);
        found += expected.flat().length;
        expect(detect(layout, given, source)).toEqual(expected);
      }),
    );
    expect(found).toBeGreaterThan(100);
  });

  it('end2end gives what the graph left, which is what sightline finds when nothing overlaps', () => {
    fc.assert(
      fc.property(frames, sources, (given, source) => {
        const all = { nmsIou: 1 };
        expect(detect('end2end', given, source)).toEqual(detect('sightline', given, source, all));
      }),
    );
  });

  it.each(Object.keys(ENCODERS))('%s is bounded, sorted, and above what is wanted', (layout) => {
    fc.assert(
      fc.property(frames, fc.integer({ min: 1, max: 5 }), (given, maxDetections) => {
        for (const detections of detect(layout, given, INPUT, { maxDetections })) {
          expect(detections.length).toBeLessThanOrEqual(maxDetections);
          const scores = detections.map(({ score }) => score);
          expect(scores).toEqual([...scores].sort((a, b) => b - a));
          expect(scores.filter((score) => score < 0.1)).toEqual([]);
        }
      }),
    );
  });

  it.each(Object.keys(ENCODERS))('%s lives with numbers that are none, and finds the rest', (layout) => {
    const wild = fc.constantFrom(Number.NaN, Infinity, -Infinity, -1);
    fc.assert(
      fc.property(anchor, fc.array(wild, { minLength: 4, maxLength: 4 }), wild, (sound, corners, bad) => {
        // A box of full size, which no other of its kind suppresses.
        const good: Anchor = { box: [10, 20, 210, 120], scores: [0.5, 0.25, 0] };
        const score = bad === Infinity ? Number.NaN : bad;
        const frame = [
          good,
          { box: corners as unknown as Anchor['box'], scores: [0, 0.5, 0] },
          { box: sound.box, scores: [score, score, score] },
        ];
        const encoded = ENCODERS[layout]!([frame], 3);
        const [found] = [postprocessOf(layout, 3)(encoded, 0, INPUT)];
        expect(found).toContainEqual({ label: 'a', score: 0.5, box: [10, 20, 210, 120] });
        for (const { score: kept, box } of found) {
          expect(kept).toBeLessThanOrEqual(1);
          expect(box.every(Number.isFinite)).toBe(true);
        }
      }),
    );
  });
});

describe('hasScores', () => {
  const frameOf = (...scores: readonly number[]): Frame => [
    { box: [0, 0, 10, 10], scores: [scores[0]!, scores[0]!, scores[0]!] },
    { box: [20, 0, 30, 10], scores: [scores[1]!, scores[1]!, scores[1]!] },
  ];
  const good = frameOf(0.5, 0.25);

  it.each(Object.keys(ENCODERS))(
    '%s: false when the first frame has nothing but NaN, and only then',
    (layout) => {
      const of = (frame: Frame) => hasScores(manifestOf(layout, 2), ENCODERS[layout]!([frame, good], 2));
      expect(of(frameOf(Number.NaN, Number.NaN))).toBe(false);
      // Nothing there, outputs that are no probabilities, and a single one that is broken.
      for (const frame of [frameOf(0, 0), frameOf(-7.5, -3), frameOf(Number.NaN, 0.25)])
        expect(of(frame)).toBe(true);
    },
  );

  it.each(Object.keys(ENCODERS))(
    '%s: a frame without a score that is a number fails, wherever it stands; nothing found does not',
    (layout) => {
      const nothing = frameOf(Number.NaN, Number.NaN);
      const outputs = ENCODERS[layout]!([frameOf(0, 0), nothing, good], 2);
      const postprocess = createPostprocess(manifestOf(layout, 2));
      const source = { width: 416, height: 256 };
      expect(postprocess(outputs, 0, source)).toEqual([]);
      expect(() => postprocess(outputs, 1, source)).toThrow(
        'inference: expected scores, got nothing but NaN',
      );
      expect(postprocess(outputs, 2, source)).toHaveLength(2);
    },
  );

  it('yolov5: an objectness that is NaN leaves no score', () => {
    const { detections } = ENCODERS['yolov5']!([good], 2);
    for (const at of [4, 12]) detections![at] = Number.NaN;
    expect(hasScores(manifestOf('yolov5', 2), { detections: detections! })).toBe(false);
  });
});

describe('end2end', () => {
  const rows = (...values: readonly number[]) => ({ detections: new Float32Array(values) });

  it('does not suppress what overlaps, and takes rows of score 0 for none', () => {
    const outputs = rows(0, 0, 50, 50, 0.5, 1, 0, 0, 50, 50, 0.75, 1, 0, 0, 0, 0, 0, 0);
    expect(postprocessOf('end2end', 3)(outputs, 0, INPUT)).toEqual([
      { label: 'b', score: 0.75, box: [0, 0, 50, 50] },
      { label: 'b', score: 0.5, box: [0, 0, 50, 50] },
    ]);
  });

  it.each([3, -1, 0.5, Number.NaN])('refuses %p as the index of a label', (label) => {
    expect(() => postprocessOf('end2end', 1)(rows(0, 0, 50, 50, 0.5, label), 0, INPUT)).toThrow(
      `inference: detections: expected the index of a label, 0 to 2, got ${label}`,
    );
  });
});
