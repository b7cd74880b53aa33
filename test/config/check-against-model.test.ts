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

  it('looks at the labels of rules, too, and at whether their camera reports them', () => {
    const rules = `zones: { z: { points: [[0, 0], [1, 0], [1, 1]], labels: [persn] } },
      lines: { l: { points: [[0, 0], [1, 1]], labels: [person, car] } }, stationary: { labels: [zebra] }`;
    const faultsOf = (labels: string) =>
      check(`cameras: { a: { url: a.mp4, ${labels} ${rules} } }`).map(
        ({ path, message }) => `${path}: ${message}`,
      );
    const unknown = [
      'cameras.a.zones.z.labels[0]: expected one of person, bicycle, car, got "persn" (did you mean person?)',
      'cameras.a.stationary.labels[0]: expected one of person, bicycle, car, got "zebra"',
    ];
    expect(faultsOf('')).toEqual(unknown);
    const left =
      'cameras.a.lines.l.labels[1]: expected one of person, bicycle, as the labels of the camera are, got "car"';
    expect(faultsOf('labels: [person, bicycle],')).toEqual([unknown[0], left, unknown[1]]);
  });

  it('tells of each label of a rule, of whatever kind its fault is', () => {
    const zones = '{ z: { points: [[0, 0], [1, 0], [1, 1]], labels: [persn, car] } }';
    const faults = check(`cameras: { a: { url: a.mp4, labels: [person], zones: ${zones} } }`);
    expect(faults.map(({ path }) => path)).toEqual([0, 1].map((n) => `cameras.a.zones.z.labels[${n}]`));
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
