import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createJsonl } from '../../../pipeline/bridges/jsonl';
import type { BridgeTarget } from '../../../pipeline/bridges/target';
import { notices, started } from '../../support/bridged';
import { startedEvent } from '../../support/events';
import { mountSmallDisk } from '../../support/small-disk';
import { waitFor } from '../../support/wait-for';

const LINE_BYTES = JSON.stringify(startedEvent(1)).length + 1;

describe('the file of lines', () => {
  let folder: string;
  const open: BridgeTarget[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sightline-jsonl-'));
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((target) => target.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  function file(options: { path?: string; maxBytes?: number; maxFiles?: number } = {}) {
    const { told, ...listeners } = notices();
    const target = createJsonl({
      path: join(folder, 'e.jsonl'),
      maxBytes: 1e6,
      maxFiles: 3,
      ...listeners,
      ...options,
    });
    open.push(target);
    return { ...target, told };
  }

  const deliverAll = (target: BridgeTarget, from: number, to: number) =>
    Promise.all(Array.from({ length: to - from }, (_, n) => target.deliver(started(from + n))));

  /** Numbers of the tracks in a file. */
  function tracksIn(name = 'e.jsonl'): number[] {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n');
    expect(lines.pop()).toBe('');
    return lines.map((line) => (JSON.parse(line) as ReturnType<typeof startedEvent>).data.ptsMs);
  }

  it('holds a line for each event, in order, when it is delivered, and goes on after a restart', async () => {
    const first = file();
    await deliverAll(first, 0, 50);
    expect(tracksIn()).toEqual(Array.from({ length: 50 }, (_, n) => n));
    await first.close();
    await file().deliver(started(50));
    expect(tracksIn()).toHaveLength(51);
  });

  it('is put aside before it grows too large, and the oldest is deleted', async () => {
    const target = file({ maxBytes: 4 * LINE_BYTES, maxFiles: 3 });
    await deliverAll(target, 1, 10);
    for (let n = 10; n < 13; n++) await target.deliver(started(n));
    expect(readdirSync(folder).sort()).toEqual(['e.jsonl', 'e.jsonl.1', 'e.jsonl.2']);
    const lines = ['e.jsonl.2', 'e.jsonl.1', 'e.jsonl'].map((name) => tracksIn(name));
    expect(lines.flat()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].slice(-lines.flat().length));
    for (const name of readdirSync(folder))
      expect(readFileSync(join(folder, name)).length).toBeLessThanOrEqual(4 * LINE_BYTES);
  });

  it('is begun anew where only one is kept, and has room for a line that is longer than it may be', async () => {
    const target = file({ maxBytes: 10, maxFiles: 1 });
    await deliverAll(target, 0, 3);
    expect(tracksIn()).toEqual([2]);
    expect(readdirSync(folder)).toEqual(['e.jsonl']);
  });

  it('leaves out half a line that a killed process left, and only ends what is none of its own', async () => {
    const line = JSON.stringify(startedEvent(7));
    writeFileSync(join(folder, 'e.jsonl'), `${line}\n${line.slice(0, 40)}`);
    await file().deliver(started(8));
    expect(tracksIn()).toEqual([7, 8]);
    writeFileSync(join(folder, 'other.txt'), 'a note');
    await file({ path: join(folder, 'other.txt') }).deliver(started(9));
    expect(readFileSync(join(folder, 'other.txt'), 'utf8').split('\n')[0]).toBe('a note');
  });

  it('goes on in a new file when somebody moved or deleted it', async () => {
    const target = file();
    await target.deliver(started(1));
    renameSync(join(folder, 'e.jsonl'), join(folder, 'moved'));
    await target.deliver(started(2));
    expect([tracksIn('moved'), tracksIn()]).toEqual([[1], [2]]);
    rmSync(join(folder, 'e.jsonl'));
    await target.deliver(started(3));
    expect(tracksIn()).toEqual([3]);
  });

  it('waits for a folder that is not there, tells of it once, and ends while it waits', async () => {
    const target = file({ path: join(folder, 'not-yet/e.jsonl') });
    const delivering = target.deliver(started(1));
    await waitFor(() => target.told.length > 0, { what: 'trouble' });
    mkdirSync(join(folder, 'not-yet'));
    expect(await delivering).toEqual({ kind: 'delivered' });
    expect(target.told).toEqual([
      expect.stringContaining('expected to append, got ENOENT; trying again'),
      'recovered',
    ]);
    const never = file({ path: join(folder, 'never/e.jsonl') });
    const giving = never.deliver(started(1));
    await waitFor(() => never.told.length > 0, { what: 'trouble' });
    await never.close();
    await expect(giving).rejects.toThrow('got closed before');
  });

  it('writes to no pipe, which would block, and ends all the same', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const target = file({ path: pipe });
    const delivering = Promise.allSettled([deliverAll(target, 0, 1000)]);
    await waitFor(() => target.told.length > 0, { what: 'trouble' });
    await target.close();
    await delivering;
    expect(target.told).toEqual([`${pipe}: expected to append, got what is no regular file; trying again`]);
  });

  it('outlives a full disk: what is there is whole lines, each once', async () => {
    const path = join(folder, 'disk');
    const disk = mountSmallDisk(path, 64);
    if (disk === undefined) return;
    try {
      appendFileSync(join(path, 'ballast'), Buffer.alloc(40 * 1024));
      const target = file({ path: join(path, 'e.jsonl') });
      const delivering = deliverAll(target, 0, 200);
      await waitFor(() => target.told.some((one) => one.includes('ENOSPC')), { what: 'a full disk' });
      disk.resize(1024);
      await delivering;
      expect(tracksIn('disk/e.jsonl')).toEqual(Array.from({ length: 200 }, (_, n) => n));
    } finally {
      await Promise.all(open.splice(0).map((target) => target.close()));
      disk.remove();
    }
  });
});
