import type { Detection } from '../../../models/domain/detection';
import { createDetectionSet, withoutDuplicates } from '../../../operators/tracking/detection-set';
import { detectionAt } from '../../support/frames';

const options = { highScore: 0.5, lowScore: 0.2, duplicateIou: 0.8, maxDetections: 3 };

describe('createDetectionSet', () => {
  it('sorts by score and counts the high ones', () => {
    const set = createDetectionSet(
      [0.3, 0.9, 0.1, 0.5].map((score, i) => detectionAt(i * 90, 50, { score })),
      options,
    );
    expect(set.detections.map(({ score }) => score)).toEqual([0.9, 0.5, 0.3]);
    expect(set.highCount).toBe(2);
    expect([...set.corners.slice(0, 4)]).toEqual(set.detections[0]!.box);
  });

  it.each<[string, Partial<Detection>]>([
    ['an empty box', { box: [10, 10, 10, 20] }],
    ['a box of next to no size', { box: [0, -5e-324, 5e-324, 0] }],
    ['an inverted box', { box: [20, 10, 10, 20] }],
    ['a box that is not a number', { box: [NaN, 0, 10, 20] }],
    ['an endless box', { box: [0, 0, Infinity, 20] }],
    ['a box beyond any picture', { box: [0, 0, 1e300, 1e300] }],
    ['a score that is not a number', { score: NaN }],
    ['an endless score', { score: Infinity }],
    ['a score below the low one', { score: 0.19 }],
  ])('leaves out %s', (_name, fault) => {
    expect(createDetectionSet([{ ...detectionAt(50, 50), ...fault }], options).detections).toEqual([]);
  });

  it('keeps the better of two classes for one object, but two objects of one class', () => {
    const car = detectionAt(50, 50, { label: 'car', score: 0.6 });
    const truck = detectionAt(51, 50, { label: 'truck', score: 0.7 });
    expect(createDetectionSet([car, truck], options).detections).toEqual([truck]);
    expect(createDetectionSet([car, { ...truck, label: 'car' }], options).detections).toHaveLength(2);
  });

  it('gives a frame without duplicates however low they score, and every object of it', () => {
    const car = detectionAt(50, 50, { label: 'car', score: 0.01 });
    const truck = detectionAt(51, 50, { label: 'truck', score: 0.02 });
    const far = Array.from({ length: 300 }, (_, i) => detectionAt(500 + i * 100, 50, { score: 0.5 }));
    expect(withoutDuplicates([car, ...far, truck])).toEqual([...far, truck]);
    expect(withoutDuplicates([])).toEqual([]);
  });

  it('keeps no more than the best maxDetections', () => {
    const many = Array.from({ length: 10 }, (_, i) => detectionAt(i * 100, 50, { score: 0.5 + i / 100 }));
    expect(createDetectionSet(many, options).detections).toEqual([many[9], many[8], many[7]]);
  });
});
