import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { packDetections, unpackDetections } from '../../../workers/inference/pack-detections';
import type { InferenceOutcome } from '../../../workers/inference/pack-detections';
import type { PackedDetections } from '../../../workers/inference/protocol';

const LABELS = ['person', 'car', 'dog'];
const indices = new Map(LABELS.map((label, index) => [label, index]));
const number = fc.double({ noNaN: true });
const detection = fc.record({
  label: fc.constantFrom(...LABELS),
  score: number,
  box: fc.tuple(number, number, number, number),
});
const outcome: fc.Arbitrary<InferenceOutcome> = fc.oneof(
  fc.record({ kind: fc.constant('detected' as const), detections: fc.array(detection) }),
  fc
    .constantFrom('overwritten' as const, 'unreachable' as const)
    .map((reason) => ({ kind: 'dropped' as const, reason })),
);

describe('packDetections and unpackDetections', () => {
  it('carry every detection bit-exactly through the serialization of the IPC channel', () => {
    fc.assert(
      fc.property(fc.array(outcome), (outcomes) => {
        const packed = deserialize(serialize(packDetections(outcomes, indices))) as PackedDetections;
        expect(unpackDetections(packed, LABELS)).toEqual(outcomes);
      }),
    );
  });

  it('carry features', () => {
    const features = new Float32Array([0.6, 0.8]);
    const outcomes: InferenceOutcome[] = [
      { kind: 'detected', detections: [{ label: 'dog', score: 0.5, box: [1, 2, 3, 4], features }] },
    ];
    expect(unpackDetections(packDetections(outcomes, indices), LABELS)).toEqual(outcomes);
  });

  it('refuse what does not add up', () => {
    const plain = { label: 'dog', score: 0.5, box: [1, 2, 3, 4] as const };
    const pack = (detections: (typeof plain & { features?: Float32Array })[]) =>
      packDetections([{ kind: 'detected', detections }], indices);
    expect(() => pack([{ ...plain, label: 'cat' }])).toThrow('expected a label of the model, got cat');
    expect(() => pack([{ ...plain, features: new Float32Array(2) }, plain])).toThrow(
      'expected 2 features, got 0',
    );
    const packed = pack([plain]);
    expect(() => unpackDetections({ ...packed, counts: [2] }, LABELS)).toThrow('expected 2 of 6 values');
    expect(() => unpackDetections(packed, ['person'])).toThrow('expected a label index, got 2');
  });
});
