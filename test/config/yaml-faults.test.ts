import { inOrder } from '../../config/config-error';
import { readConfigText } from '../../config/config-text';
import { checkConfig } from '../../config/validate';

const faultsOf = (lines: readonly string[], env: Record<string, string> = {}) => {
  const readSecret = () => '';
  const text = readConfigText(lines.join('\n'), { env, readSecret });
  const { faults } = checkConfig(text, { baseFolder: '/srv' });
  return inOrder(faults).map(({ path, line, message }) => `${line} ${path}: ${message}`);
};

describe('a fault of the text', () => {
  it('of a key that stands there twice hides no other, and the last value counts', () => {
    const lines = [
      'namespace: NO',
      'cameras:',
      '  front:',
      '    url: a.mp4',
      '    maxFps: 500',
      '    maxFps: 900',
      '  side: { url: b.mp4, loop: 3 }',
      '  side: { url: c.mp4, minScore: 2 }',
      'modl: {}',
    ];
    expect(faultsOf(lines)).toEqual([
      '1 namespace: expected 1 to 32 of a-z, 0-9 and "-", not starting with "-", got "NO"',
      '6 cameras.front.maxFps: expected each key once, got "maxFps" again',
      '6 cameras.front.maxFps: expected a number above 0 and at most 240, got 900',
      '8 cameras.side: expected each key once, got "side" again',
      '8 cameras.side.minScore: expected a number from 0 to 1, got 2',
      '9 modl: expected a known key (did you mean model?), got "modl"',
    ]);
  });

  it('of a key that is wrong and stands there twice is told with the fault of the key', () => {
    expect(
      faultsOf(['cameras:', '  a:', '    url: a.mp4', '    fps: 1', '    fps: 2', "    '1': x", '    1: y']),
    ).toEqual([
      '5 cameras.a.fps: expected each key once, got "fps" again',
      expect.stringMatching(/^5 cameras\.a\.fps: expected one of the keys/),
      '7 cameras.a.1: expected each key once, got "1" again',
      expect.stringMatching(/^7 cameras\.a\.1: expected one of the keys/),
    ]);
  });

  it.each([
    ['an alias of nothing', '  b: *nope', 'cameras.b: expected the name of an anchor above, got "nope"'],
    [
      'settings of nothing',
      '  b: { <<: *nope }',
      'cameras.b["<<"]: expected the name of an anchor above, got "nope"',
    ],
    [
      'settings that are none',
      '  b: { <<: 5 }',
      'cameras.b["<<"]: expected a map to take over, such as *gate, got "5"',
    ],
    [
      'settings in a list that are none',
      '  b: { <<: [*a, [x]] }',
      'cameras.b["<<"]: expected a map to take over, such as *gate, got "a list"',
    ],
    ['a key that is a list', '  b: { [url]: b.mp4 }', 'cameras.b: expected a plain name as a key, got "[…]"'],
    [
      'a dangerous key',
      '  b: { __proto__: b.mp4 }',
      'cameras.b: expected a plain name as a key, got "__proto__"',
    ],
    [
      'an unknown tag',
      '  b: { url: !x b.mp4, loop: !y z }',
      'cameras.b.url: expected YAML, got a fault: Unresolved tag: !x',
    ],
  ])('of %s hides no other, and what it made unreadable is blamed for nothing', (_what, line, told) => {
    const faults = faultsOf(['cameras:', '  a: &a { url: a.mp4, maxFps: -1 }', line, '  c: {}']);
    expect(faults).toContain(`3 ${told}`);
    expect(faults.filter((fault) => fault.includes('cameras.b') && !fault.startsWith('3 '))).toEqual([]);
    const values = faults.filter((fault) => !fault.startsWith('3 '));
    expect(values).toEqual([
      '2 cameras.a.maxFps: expected a number above 0 and at most 240, got -1',
      expect.stringMatching(/^4 cameras\.c\.url: expected a URL .* got nothing$/),
    ]);
  });

  it('of a variable that is not set does not hide that its key is unknown', () => {
    expect(faultsOf(['cameras:', '  a:', '    url: a.mp4', '    maxFpz: ${UNSET}'])).toEqual([
      '4 cameras.a.maxFpz: expected a known key (did you mean maxFps?), got "maxFpz"',
      '4 cameras.a.maxFpz: expected the environment variable UNSET, got none',
    ]);
  });

  it.each([
    ['a key twice', ['    maxFps: 5', '    maxFps: ${SECRET}']],
    ['two merge keys', ['    <<: { loop: false }', '    <<: { maxFps: "${SECRET}" }']],
    ['a number as a key', ['    1: a', '    maxFps: ${SECRET}']],
  ])('of %s does not show what was filled in', (_what, lines) => {
    const faults = faultsOf(['cameras:', '  a:', '    url: a.mp4', ...lines], { SECRET: 'hunter22' });
    expect(faults.join('\n')).toContain('maxFps: expected a number above 0 and at most 240, got "${SECRET}"');
    expect(faults.join('\n')).not.toContain('hunter22');
  });

  it('after which the parser can only guess stands alone with what is sure, in the order of the file', () => {
    expect(faultsOf(['namespace: a', 'namespace: b', 'cameras: [', 'x: NO'])).toEqual([
      '2 namespace: expected each key once, got "namespace" again',
      expect.stringMatching(/^\d : expected YAML, got a fault: /),
    ]);
  });
});

describe('a camera whose name is wrong', () => {
  it('is one fault, and everything beneath it is checked all the same', () => {
    const lines = [
      'cameras:',
      '  Front Door:',
      '    url: ftp://10.0.0.5/video',
      '    maxFpss: 3',
      '    minScore: 1.5',
      '    labels: [car, car]',
      '    track: { confirmHits: 0 }',
      '  Back: { url: rtsp://h/s, loop: true }',
      '  Side:',
    ];
    const name = 'expected a name of 1 to 63 of a-z, 0-9, "_" and "-", starting with a letter or digit, got';
    expect(faultsOf(lines)).toEqual([
      `2 cameras["Front Door"]: ${name} "Front Door"`,
      '3 cameras["Front Door"].url: expected a URL with rtsp://, rtsps://, http://, https:// or file://, sdp:, v4l2: or test:, or the path of a file or folder, got "ftp://10.0.0.5/video"',
      '4 cameras["Front Door"].maxFpss: expected a known key (did you mean maxFps?), got "maxFpss"',
      '5 cameras["Front Door"].minScore: expected a number from 0 to 1, got 1.5',
      '6 cameras["Front Door"].labels[1]: expected each item once, got "car"',
      '7 cameras["Front Door"].track.confirmHits: expected a whole number from 1 to 1000, got 0',
      `8 cameras.Back: ${name} "Back"`,
      '8 cameras.Back.loop: expected no value for an RTSP camera (files only), got true',
      `9 cameras.Side: ${name} "Side"`,
      '9 cameras.Side: expected a map, got nothing',
    ]);
  });
});
