import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runConfig } from '../../../pipeline/cli/run-config';
import type { RunFlags } from '../../../pipeline/cli/run-config';
import { tempFolder } from '../../support/temp-folder';

const flags = (given: Partial<RunFlags> = {}): RunFlags => ({ logFormat: 'text', ...given });

describe('runConfig of inputs', () => {
  it('makes a camera of each input, with the flags for all of them', () => {
    const { loaded, refused } = runConfig(
      ['a.mp4', 'rtsp://u:p@h/s'],
      flags({ maxFps: '5', labels: 'person, car' }),
    );
    expect(refused).toEqual([]);
    expect(Object.entries(loaded.config.cameras)).toMatchObject([
      ['a', { url: resolve('a.mp4'), maxFps: 5, labels: ['person', 'car'] }],
      ['h', { url: 'rtsp://u:p@h/s', maxFps: 5 }],
    ]);
    expect(loaded.secrets).toContain('p');
  });

  it('sends events to each place that is named', () => {
    const { loaded } = runConfig(['a.mp4'], flags({ output: 'e.jsonl', events: 'redis://h:1/2' }));
    expect(loaded.config.events).toMatchObject([
      { type: 'jsonl', path: resolve('e.jsonl') },
      { type: 'redis', url: 'redis://h:1/2' },
    ]);
  });

  it('refuses an input that cannot be one and keeps the others', () => {
    const { loaded, refused } = runConfig(['a.mp4', 'ftp://u:secret@h/x'], flags());
    expect(Object.keys(loaded.config.cameras)).toEqual(['a']);
    expect(refused).toEqual([
      'ftp://***@h/x: expected a URL with rtsp://, rtsps://, http://, https:// or file://, sdp:, v4l2: or test:, or the path of a file or folder',
    ]);
  });

  it.each<[string, readonly string[], Partial<RunFlags>, string]>([
    ['no input', [], {}, 'run: expected an input or --config, got neither'],
    ['only bad ones', ['ftp://h/x'], {}, 'ftp://h/x: expected a URL with rtsp://'],
    [
      'a number that is none',
      ['a.mp4'],
      { maxFps: 'ten' },
      '--max-fps: expected a number from 0.01 to 240, got "ten"',
    ],
    ['an empty number', ['a.mp4'], { minScore: ' ' }, '--min-score: expected a number from 0 to 1, got " "'],
    [
      'a list with a hole',
      ['a.mp4'],
      { labels: 'person,,car' },
      '--labels: expected names with commas between',
    ],
    [
      'one video of two inputs',
      ['a.mp4', 'b.mp4'],
      { annotate: 'o.mp4' },
      '--annotate: expected one input, got 2',
    ],
    ['an unknown format', ['a.mp4'], { logFormat: 'xml' }, '--log-format: expected text or json, got "xml"'],
    ['an unknown provider', ['a.mp4'], { providers: 'gpu' }, 'model.providers[0]: expected one of'],
    ['inputs and a file', ['a.mp4'], { config: 'c.yaml' }, 'run: expected inputs or --config, got both'],
  ])('refuses %s', (_name, inputs, given, message) => {
    expect(() => runConfig(inputs, flags(given))).toThrow(message);
  });
});

describe('runConfig of a file', () => {
  const folder = tempFolder();
  const path = join(folder, 'cameras.yaml');
  writeFileSync(
    path,
    [
      'model: { maxBatch: 2 }',
      'cameras:',
      '  live: { url: rtsp://h/s, maxFps: 3 }',
      '  file: { url: a.mp4, startTime: 2026-01-01T00:00:00Z, labels: [car] }',
      'events: [{ type: jsonl, path: from-file.jsonl }]',
    ].join('\n'),
  );

  it('is taken as it is without flags', () => {
    const { config } = runConfig([], flags({ config: path })).loaded;
    expect(config.cameras['file']).toMatchObject({
      url: join(folder, 'a.mp4'),
      startTime: '2026-01-01T00:00:00Z',
    });
    expect(config.events).toMatchObject([{ path: join(folder, 'from-file.jsonl') }]);
  });

  it('has the flags laid over what they name and nothing else', () => {
    const given = flags({
      config: path,
      maxFps: '7',
      startTime: '2027-01-01T00:00:00Z',
      output: '-',
      processes: '1',
    });
    const { config, locate } = runConfig([], given).loaded;
    expect(config.cameras).toMatchObject({
      live: { maxFps: 7, startTime: '1970-01-01T00:00:00Z' },
      file: { maxFps: 7, startTime: '2027-01-01T00:00:00Z', labels: ['car'] },
    });
    expect(config.model).toMatchObject({ maxBatch: 2, processes: 1 });
    expect(config.events).toMatchObject([{ type: 'jsonl', path: '-' }]);
    expect(locate(['cameras', 'live', 'maxFps'])).toMatchObject({ line: 3 });
  });
});
