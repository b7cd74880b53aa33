import { checkAgainstModel } from '../../config/check-against-model';
import { parseConfig } from '../../config/load';

const labels = ['person', 'bicycle', 'car'];
const check = (text: string) => checkAgainstModel(parseConfig(text, { path: 'c.yaml', env: {} }), labels);

describe('checkAgainstModel', () => {
  it('finds nothing wrong with labels that the model knows', () => {
    expect(check('cameras: { a: { url: a.mp4, labels: [car] }, b: { url: b.mp4 } }')).toEqual([]);
  });

  it('tells line and likely meaning of a label that it does not know', () => {
    expect(
      check('cameras:\n  a:\n    url: a.mp4\n    labels:\n      - car\n      - preson\n      - zebra'),
    ).toEqual([
      {
        path: 'cameras.a.labels[1]',
        line: 6,
        column: 9,
        message: 'expected one of person, bicycle, car, got "preson" (did you mean person?)',
      },
      {
        path: 'cameras.a.labels[2]',
        line: 7,
        column: 9,
        message: 'expected one of person, bicycle, car, got "zebra"',
      },
    ]);
  });
});
