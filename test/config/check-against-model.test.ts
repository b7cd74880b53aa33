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

  it('works on a configuration that is wrong in other places, and passes over what is no label', () => {
    const config = { cameras: { 'Front Door': { labels: ['zebra', 7, ''] }, b: { labels: 'car' }, c: null } };
    const locate = () => undefined;
    expect(checkAgainstModel({ config, locate }, labels)).toMatchObject([
      { path: 'cameras["Front Door"].labels[0]' },
    ]);
    expect(checkAgainstModel({ config, locate, isUnread: () => true }, labels)).toEqual([]);
    expect(checkAgainstModel({ config: ['no map'], locate }, labels)).toEqual([]);
  });
});
