import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../config/load';
import { tempFolder } from '../support/temp-folder';
import { configErrorOf } from '../support/config-error';

const folder = tempFolder();

describe('loadConfig', () => {
  it('reads secrets from files beside the configuration and keeps them for the redactor', () => {
    writeFileSync(join(folder, 'password'), 'p@ss word\n');
    const path = join(folder, 'cameras.yaml');
    writeFileSync(path, 'cameras:\n  a:\n    url: rtsp://u:${file:password}@h/s\n');
    const loaded = loadConfig(path, {});
    expect(loaded.config.cameras.a?.url).toBe('rtsp://u:p%40ss%20word@h/s');
    expect(loaded.secrets).toEqual(expect.arrayContaining(['p@ss word', 'p%40ss%20word']));
    expect(loaded.locate(['cameras', 'a', 'url'])).toEqual({ line: 3, column: 10 });
    expect(loaded.fileName).toBe(path);
  });

  it('keeps credentials that stand in the file for the redactor', () => {
    const path = join(folder, 'inline.yaml');
    const events = 'events: [{ type: redis, url: "redis://:redis-pass@h" }]';
    writeFileSync(path, `cameras: { a: { url: "rtsp://u:inline-pass@h/s" } }\n${events}`);
    expect(loadConfig(path, {}).secrets).toEqual(expect.arrayContaining(['inline-pass', 'redis-pass']));
  });

  it('says what is wrong with a secret file', () => {
    writeFileSync(join(folder, 'empty'), '\n');
    mkdirSync(join(folder, 'dir'), { recursive: true });
    const path = join(folder, 'bad-secrets.yaml');
    writeFileSync(
      path,
      'namespace: ${file:empty}\ncameras:\n  a: { url: "${file:dir}", annotate: "${file:none}" }',
    );
    expect(configErrorOf(() => loadConfig(path, {})).faults.map(({ message }) => message)).toEqual([
      'expected a file with a secret at empty, got an empty file',
      'expected a file with a secret at dir, got a folder',
      'expected a file with a secret at none, got no such file',
    ]);
  });

  it.each<[string, () => string, RegExp]>([
    [
      'is missing',
      () => join(folder, 'missing.yaml'),
      /missing\.yaml: expected a configuration file, got no such file$/,
    ],
    ['is a folder', () => folder, /got a folder$/],
    ['has no end', () => '/dev/zero', /got more than 1024 KiB$/],
    ['is not UTF-8', () => fileWith(Buffer.from([0x61, 0x3a, 0x20, 0xff])), /got text that is not UTF-8$/],
    ['is too large', () => fileWith(Buffer.alloc(1024 * 1024 + 1, ' ')), /got more than 1024 KiB$/],
    ['is empty', () => fileWith(Buffer.alloc(0)), /expected at least one camera, got an empty file$/],
  ])('says so when the file %s', (_what, path, message) => {
    expect(configErrorOf(() => loadConfig(path(), {})).message).toMatch(message);
  });

  it('reads a pipe, and text with a byte order mark and Windows line ends', () => {
    const path = join(folder, 'windows.yaml');
    writeFileSync(path, '\ufeffcameras:\r\n  a:\r\n    url: a.mp4\r\n');
    expect(loadConfig(path, {}).config.cameras).toHaveProperty('a');
    const script = `console.log(Object.keys(require('./config/load').loadConfig('/dev/stdin', {}).config.cameras))`;
    const command = `echo "cameras: { p: { url: a } }" | "$0" --require tsx/cjs -e "$1"`;
    const printed = execFileSync('sh', ['-c', command, process.execPath, script]);
    expect(String(printed)).toContain("'p'");
  });
});

function fileWith(bytes: Buffer): string {
  const path = join(folder, 'some.yaml');
  writeFileSync(path, bytes);
  return path;
}
