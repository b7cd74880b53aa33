import type { ConfigFault } from '../../config/config-error';
import { parseConfig } from '../../config/load';
import { PipelineError } from '../../models/domain/errors';
import { configErrorOf } from '../support/config-error';

const faultsOf = (text: string, env: Record<string, string> = {}): readonly ConfigFault[] =>
  configErrorOf(() => parseConfig(text, { path: '/srv/cameras.yaml', env })).faults;

const parse = (text: string, env: Record<string, string> = {}) =>
  parseConfig(text, { path: '/srv/site/cameras.yaml', env });

describe('parseConfig', () => {
  it('fills in every default and makes paths absolute', () => {
    const { config } = parse('cameras: { front: { url: clips/a.mp4, annotate: out.mp4 } }');
    expect(config).toEqual({
      namespace: 'sightline',
      model: {
        name: 'efficientvit-b0-416x256',
        providers: ['cpu'],
        processes: 'auto',
        maxBatch: 4,
        intraOpThreads: 1,
        inferenceTimeoutMs: 10_000,
        startTimeoutMs: 120_000,
      },
      cameras: {
        front: {
          url: '/srv/site/clips/a.mp4',
          annotate: '/srv/site/out.mp4',
          rtspTransport: 'tcp',
          folderFps: 10,
          maxFps: 10,
          priority: 5,
          snapshots: true,
          maxLatencyMs: 500,
          resumeWindowMs: 20_000,
          startTime: '1970-01-01T00:00:00Z',
          loop: false,
          track: { confirmHits: 3, forgetAfterMs: 1500 },
          updateIntervalMs: 1000,
        },
      },
      saturation: {
        enabled: true,
        leftOutPercent: 20,
        lowerAfterMs: 15_000,
        raiseAfterMs: 60_000,
        minFps: 1,
        pause: true,
      },
      events: [],
      bridges: {},
    });
  });

  it('resolves the paths of event files and manifests, and leaves "-" and model names alone', () => {
    const text = `
model: { name: ./own.manifest.json }
cameras: { front: { url: 'file:///clips/a%20b.mp4' } }
events: [{ type: jsonl, path: '-' }, { type: jsonl, path: e.jsonl }]`;
    const { config } = parse(text);
    expect(config.model.name).toBe('/srv/site/own.manifest.json');
    expect(config.cameras.front?.url).toBe('/clips/a b.mp4');
    expect(config.events.map((sink) => sink.type === 'jsonl' && sink.path)).toEqual([
      '-',
      '/srv/site/e.jsonl',
    ]);
  });

  it('cannot be changed once loaded', () => {
    const { config } = parse('cameras: { front: { url: a.mp4 } }');
    expect(() => Object.assign(config.cameras.front!.track, { confirmHits: 9 })).toThrow(TypeError);
  });

  it('lists every fault at once, in the order of the file, with path, line and column', () => {
    const text = `namespace: Lobby
modl: {}
cameras:
  front:
    url: ftp://10.0.0.5/video
    maxFps: -3
    max_latency_ms: 5
  Back: { url: a.mp4 }
  side: {}
events:
  - { type: redi, url: redis://h }
  - { type: jsonl, path: a.jsonl, maxLen: 5 }
`;
    expect(
      faultsOf(text).map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`),
    ).toEqual([
      '1:12 namespace: expected 1 to 32 of a-z, 0-9 and "-", not starting with "-", got "Lobby"',
      '2:1 modl: expected a known key (did you mean model?), got "modl"',
      '5:10 cameras.front.url: expected a URL with rtsp://, rtsps://, http://, https:// or file://, sdp:, v4l2: or test:, or the path of a file or folder, got "ftp://10.0.0.5/video"',
      '6:13 cameras.front.maxFps: expected a number above 0 and at most 240, got -3',
      '7:5 cameras.front.max_latency_ms: expected a known key (did you mean maxLatencyMs?), got "max_latency_ms"',
      '8:3 cameras.Back: expected a name of 1 to 63 of a-z, 0-9, "_" and "-", starting with a letter or digit, got "Back"',
      '9:3 cameras.side.url: expected a URL with rtsp://, rtsps://, http://, https:// or file://, sdp:, v4l2: or test:, or the path of a file or folder, got nothing',
      '11:13 events[0].type: expected one of jsonl, redis, got "redi" (did you mean redis?)',
      '12:35 events[1].maxLen: expected one of the keys type, path, append, got "maxLen"',
    ]);
  });

  it('is a PipelineError that begins with "config" and names the file in every line', () => {
    const error = configErrorOf(() => parseConfig('cameras: {}\nx: 1', { path: 'c.yaml', env: {} }));
    expect(error).toBeInstanceOf(PipelineError);
    expect(error.message).toBe(
      'config: 2 faults\nc.yaml:1:10: cameras: expected at least one camera, got an empty map\n' +
        'c.yaml:2:1: x: expected one of the keys namespace, model, cameras, saturation, queue, events, bridges, snapshots, got "x"',
    );
  });

  it.each([
    ['a text for a number', 'maxFps: fast', 'expected a number above 0 and at most 240, got "fast"'],
    ['a list for a path', 'annotate: [a]', 'expected the path of a file that ends in .mp4, got a list of 1'],
    [
      'a video of another kind',
      'annotate: out.mkv',
      'expected the path of a file that ends in .mp4, got "out.mkv"',
    ],
    ['nothing for a truth value', 'loop:', 'expected true or false, got nothing'],
    ['a fraction for a whole number', 'inFlight: 1.5', 'expected a whole number from 1 to 256, got 1.5'],
    ['an empty list', 'labels: []', 'expected a list of at least 1, got an empty list'],
    ['no time', 'startTime: yesterday', 'expected a time such as 2026-05-01T12:00:00Z, got "yesterday"'],
    ['not a number', 'maxFps: .nan', 'expected a number above 0 and at most 240, got NaN'],
    ['a label twice', 'labels: [car, car]', 'expected each item once, got "car"'],
    [
      'an output that is the input',
      'annotate: ./a.mp4',
      'expected another file than an input, got "./a.mp4"',
    ],
  ])('says what was expected instead of %s', (_what, line, message) => {
    expect(faultsOf(`cameras:\n  a:\n    url: a.mp4\n    ${line}`)).toMatchObject([{ line: 4, message }]);
  });

  it.each([
    [
      'loop on an RTSP camera',
      'url: rtsp://h/s',
      'loop: true',
      'expected no value for an RTSP camera (files only), got true',
    ],
    [
      'realTime on an RTSP camera',
      'url: rtsp://h/s',
      'realTime: true',
      'expected no value for an RTSP camera (files only), got true',
    ],
    [
      'a start time of a live camera',
      'url: rtsp://h/s',
      'startTime: 2026-05-01T12:00:00Z',
      'expected no value for an RTSP camera (files only), got "2026-05-01T12:00:00Z"',
    ],
    [
      'a loop of a stream',
      'url: http://h/s',
      'loop: true',
      'expected no value for a stream over HTTP (files only), got true',
    ],
    [
      'a loop of a pattern',
      'url: test:noise?seconds=3',
      'loop: true',
      'expected no value for a test pattern (files only), got true',
    ],
    [
      'a start time of a pattern without an end',
      'url: test:noise',
      'startTime: 2026-05-01T12:00:00Z',
      'expected no value for a test pattern (files only), got "2026-05-01T12:00:00Z"',
    ],
    [
      'a rate of pictures for a file',
      'url: a.mp4',
      'folderFps: 5',
      'expected no value for a file (folders of pictures only), got 5',
    ],
    [
      'a loop that is not in real time',
      'url: a.mp4\n    loop: true',
      'realTime: false',
      'expected true or no value beside "loop: true", got false',
    ],
    [
      'a start time of a loop',
      'url: a.mp4\n    loop: true',
      'startTime: 2026-05-01T12:00:00Z',
      'expected no value beside "loop: true", got "2026-05-01T12:00:00Z"',
    ],
  ])('refuses %s', (_what, url, line, message) => {
    expect(faultsOf(`cameras:\n  a:\n    ${url}\n    ${line}`)).toMatchObject([{ message }]);
  });

  it('refuses two writers of one file', () => {
    const text =
      'cameras: { a: { url: a.mp4 } }\nevents:\n- { type: jsonl, path: e }\n- { type: jsonl, path: ./e }';
    expect(faultsOf(text)).toMatchObject([{ path: 'events[1].path', line: 4 }]);
  });

  it.each([
    ['a list left open', 'cameras: [', /^expected YAML, got a fault: Flow sequence/],
    ['a key twice', 'cameras: {}\ncameras: {}', /^expected each key once, got "cameras" again$/],
    ['two documents', 'cameras: {}\n---\nx: 1', /^expected one document, got several$/],
    ['an alias of nothing', 'cameras: *base', /^expected the name of an anchor above, got "base"$/],
    ['an unknown tag', 'cameras: !secret x', /^expected YAML, got a fault: Unresolved tag/],
    ['a key of no text', 'cameras: { [a]: 1 }', /^expected a plain name as a key/],
    [
      'a dangerous key',
      'cameras: { __proto__: { url: a.mp4 } }',
      /^expected a plain name as a key, got "__proto__"$/,
    ],
    ['a bare template in braces', 'cameras: { a: { url: ${X} } }', /has to be quoted$/],
  ])('tells the line of %s', (_what, text, message) => {
    const [fault] = faultsOf(text);
    expect(fault?.message).toMatch(message);
    expect(fault?.line).toBeGreaterThan(0);
  });

  it.each([
    ['text of nothing but space', ' \n\n', 'expected at least one camera, got an empty file'],
    ['text of nothing but comments', '# none yet\n', 'expected a map, got nothing'],
    ['a list', '- a', 'expected a map, got a list of 1'],
    [
      'deep nesting in brackets',
      `cameras: ${'['.repeat(50_000)}`,
      'expected YAML, got something nested too deeply to read',
    ],
    [
      'deep nesting in blocks',
      `${'- '.repeat(50_000)}a`,
      'expected YAML, got something nested too deeply to read',
    ],
    ['a bomb of aliases', bomb(), 'expected at most 1000 repetitions by YAML aliases, got more'],
  ])('survives %s', (_what, text, message) => {
    expect(faultsOf(text)).toMatchObject([{ path: '', message }]);
  });

  it('takes settings over from another camera, and finds their lines', () => {
    const text = 'cameras:\n  a: &a\n    url: a.mp4\n    maxFps: 5\n  b:\n    <<: *a\n    url: b.mp4';
    expect(parse(text).config.cameras.b).toMatchObject({ url: '/srv/site/b.mp4', maxFps: 5 });
    expect(faultsOf(text.replace('5', '0'))).toMatchObject([
      { path: 'cameras.a.maxFps', line: 4 },
      { path: 'cameras.b.maxFps', line: 4 },
    ]);
  });

  it('reads numbers and truth values from the environment where the schema wants them', () => {
    const text = 'namespace: ${NS}\ncameras:\n  a:\n    url: a.mp4\n    maxFps: ${FPS}\n    loop: ${LOOP}';
    const { config } = parse(text, { NS: '2026', FPS: '7.5', LOOP: 'true' });
    expect(config).toMatchObject({ namespace: '2026', cameras: { a: { maxFps: 7.5, loop: true } } });
  });

  it('names the variable and the place of one that is not set, and blames the value for nothing else', () => {
    const text = 'cameras:\n  a:\n    url: rtsp://u:${FRONT_PASSWORD}@h/s\n    maxFps: ${FPS}';
    expect(faultsOf(text, { FPS: '' })).toEqual([
      {
        path: 'cameras.a.url',
        line: 3,
        column: 10,
        message: 'expected the environment variable FRONT_PASSWORD, got none',
      },
      {
        path: 'cameras.a.maxFps',
        line: 4,
        column: 13,
        message: 'expected the environment variable FPS, got an empty one (write ${FPS:-} to allow that)',
      },
    ]);
  });
});

function bomb(): string {
  const levels = Array.from(
    { length: 8 },
    (_, i) =>
      `a${i}: &a${i} [${Array(9)
        .fill(i === 0 ? 'x' : `*a${i - 1}`)
        .join()}]`,
  );
  return levels.join('\n');
}
