import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { PipelineError } from '../../../models/domain/errors';
import { createJsonlSink } from '../../../operators/sinks/jsonl-events';
import { startedEvent } from '../../support/events';
import { tempFolder } from '../../support/temp-folder';

const folder = tempFolder();
const linesOf = (path: string) => readFileSync(path, 'utf8').split('\n').slice(0, -1);

describe('createJsonlSink', () => {
  it('writes one event a line in the order of the writes', async () => {
    const path = join(folder, 'ordered.jsonl');
    const sink = await createJsonlSink({ path });
    const events = Array.from({ length: 500 }, (_, n) => startedEvent(n));
    for (const event of events) await sink.write(event);
    await sink.close();
    expect(linesOf(path).map((line) => JSON.parse(line) as unknown)).toEqual(events);
    expect(sink.stats()).toEqual({ written: 500, pending: 0, lost: 0 });
    await expect(sink.ended).resolves.toEqual({ kind: 'closed' });
  });

  it('keeps the order of writes that nobody waited for', async () => {
    const path = join(folder, 'unawaited.jsonl');
    const sink = await createJsonlSink({ path });
    const events = Array.from({ length: 5000 }, (_, n) => startedEvent(n));
    await Promise.all(events.map((event) => sink.write(event)));
    await sink.close();
    expect(linesOf(path)).toEqual(events.map((event) => JSON.stringify(event)));
  });

  it('starts a file anew unless it is to append', async () => {
    const path = join(folder, 'again.jsonl');
    for (const isAppending of [false, false, true]) {
      const sink = await createJsonlSink({ path, isAppending });
      await sink.write(startedEvent(1));
      await sink.close();
    }
    expect(linesOf(path)).toHaveLength(2);
  });

  it('ends a line that a killed process left behind before it appends', async () => {
    const path = join(folder, 'torn.jsonl');
    writeFileSync(path, '{"specversion":"1.');
    const sink = await createJsonlSink({ path, isAppending: true });
    await sink.write(startedEvent(1));
    await sink.close();
    expect(linesOf(path)).toEqual(['{"specversion":"1.', JSON.stringify(startedEvent(1))]);
  });

  it('creates the file before the first event', async () => {
    const path = join(folder, 'empty.jsonl');
    const sink = await createJsonlSink({ path });
    expect(existsSync(path)).toBe(true);
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  it('names the path of a file that cannot be opened', async () => {
    const missing = join(folder, 'no', 'such', 'folder.jsonl');
    await expect(createJsonlSink({ path: missing })).rejects.toThrow(PipelineError);
    await expect(createJsonlSink({ path: missing })).rejects.toThrow(`sink: ${missing}: expected a file`);
    mkdirSync(join(folder, 'dir'));
    await expect(createJsonlSink({ path: join(folder, 'dir') })).rejects.toThrow(/EISDIR/);
  });

  it('fails on a full disk, naming the path, and never hangs a writer', async () => {
    const sink = await createJsonlSink({ path: '/dev/full' });
    for (let n = 0; n < 2000; n++) await sink.write(startedEvent(n));
    const end = await sink.ended;
    expect(end.kind).toBe('failed');
    await expect(sink.close()).rejects.toThrow(/^sink: \/dev\/full: .*ENOSPC/);
    const { written, pending, lost } = sink.stats();
    expect([written, pending, lost]).toEqual([0, 0, 2000]);
  });

  it('holds a writer back while a slow reader leaves much pending', async () => {
    const held: (() => void)[] = [];
    const stdout = new Writable({ write: (_chunk, _encoding, done) => void held.push(done) });
    const sink = await createJsonlSink({ path: '-', stdout });
    let accepted = 0;
    const writing = (async () => {
      for (; accepted < 20_000; accepted++) await sink.write(startedEvent(accepted));
    })();
    await new Promise(setImmediate);
    expect(accepted).toBeLessThan(5000);
    expect(sink.stats().pending).toBeLessThan(5000);
    const release = setInterval(() => held.shift()?.(), 0);
    await writing;
    await sink.close();
    clearInterval(release);
    expect(sink.stats()).toEqual({ written: 20_000, pending: 0, lost: 0 });
  });

  it('ends quietly when the reader of stdout goes away', async () => {
    const reader = spawn('head', ['-n', '1'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const sink = await createJsonlSink({ path: '-', stdout: reader.stdin });
    const exited = once(reader, 'exit');
    const first = once(reader.stdout, 'data');
    await sink.write(startedEvent(0));
    expect(String((await first)[0])).toBe(`${JSON.stringify(startedEvent(0))}\n`);
    await exited;
    for (let n = 1; sink.stats().lost === 0; n++) {
      await sink.write(startedEvent(n));
      await new Promise(setImmediate);
    }
    await expect(sink.ended).resolves.toEqual({ kind: 'reader_left' });
    await expect(sink.close()).resolves.toBeUndefined();
  });

  it('writes everything to a stdout that is a file', () => {
    const path = join(folder, 'stdout.jsonl');
    const script = `
      const { createJsonlSink } = require('./operators/sinks/jsonl-events');
      const { startedEvent } = require('./test/support/events');
      (async () => {
        const sink = await createJsonlSink({ path: '-' });
        for (let n = 0; n < 3000; n++) await sink.write(startedEvent(n));
        await sink.close();
      })();`;
    execFileSync('sh', ['-c', `exec "$0" --require tsx/cjs -e "$1" > "$2"`, process.execPath, script, path]);
    expect(linesOf(path)).toHaveLength(3000);
  });
});
