import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { SnapshotError } from '../../../models/domain/snapshot';
import type { SnapshotStore } from '../../../models/domain/snapshot';
import { createSnapshotDirectory } from '../../../operators/sinks/snapshot-directory';
import type { SnapshotDirectoryOptions } from '../../../operators/sinks/snapshot-directory';
import { mountSmallDisk } from '../../support/small-disk';
import { tempFolder } from '../../support/temp-folder';
import { waitFor } from '../../support/wait-for';

const HOUR_MS = 3_600_000;
const BOUNDS = { maxAgeMs: HOUR_MS, maxCount: 3, maxBytes: 1000 };

const jpegOf = (bytes: number) => new Uint8Array(bytes).fill(7);
const nameOf = (number: number) => `front-0-${number}-abcdefgh.jpg`;

describe('snapshots in a folder', () => {
  const root = tempFolder();
  let folders = 0;
  const open: SnapshotStore[] = [];

  function freshFolder(): string {
    return join(root, `${++folders}`, 'snapshots');
  }

  async function openStore(
    path: string,
    options: Partial<SnapshotDirectoryOptions> = {},
  ): Promise<SnapshotStore> {
    const store = await createSnapshotDirectory({ path, retention: BOUNDS, ...options });
    open.push(store);
    return store;
  }

  afterEach(() => Promise.all(open.splice(0).map((store) => store.close())));

  /** Names there, once there are so many. */
  const namesIn = async (path: string, count: number) => {
    await waitFor(() => readdirSync(path).length === count, { what: `${count} files` });
    return readdirSync(path).sort();
  };

  it('are whole files under their names, which others may not read', async () => {
    const path = freshFolder();
    const store = await openStore(path);
    expect([store.kind, store.keyOf(nameOf(1)), store.name]).toEqual([
      'directory',
      nameOf(1),
      `snapshots ${path}`,
    ]);
    await store.put(nameOf(1), jpegOf(100));
    await store.put(nameOf(1), jpegOf(50));
    expect(readdirSync(path)).toEqual([nameOf(1)]);
    expect(readFileSync(join(path, nameOf(1)))).toHaveLength(50);
    expect([statSync(path).mode & 0o777, statSync(join(path, nameOf(1))).mode & 0o777]).toEqual([
      0o750, 0o640,
    ]);
  });

  it('make room for new ones, the oldest first', async () => {
    const path = freshFolder();
    const store = await openStore(path);
    for (let number = 1; number <= 4; number++) await store.put(nameOf(number), jpegOf(100));
    expect(await namesIn(path, 3)).toEqual([2, 3, 4].map(nameOf));
    await store.put(nameOf(5), jpegOf(850));
    expect(await namesIn(path, 2)).toEqual([4, 5].map(nameOf));
  });

  it('are found again by the next process, which touches nothing else', async () => {
    const path = freshFolder();
    const first = await openStore(path, { retention: { ...BOUNDS, maxCount: 10 } });
    for (let number = 1; number <= 4; number++) await first.put(nameOf(number), jpegOf(100));
    await first.close();
    const now = Date.now() / 1000;
    // Written in another order than their numbers.
    [4, 3, 2, 1].forEach((number, at) => utimesSync(join(path, nameOf(number)), now, now - 60 + at));
    const partial = `.${nameOf(9)}.0123456789ab.part`;
    for (const name of ['notes.txt', 'Holiday.jpg', partial]) writeFileSync(join(path, name), 'mine');
    mkdirSync(join(path, 'a-folder.jpg'));
    for (const name of ['notes.txt', partial]) utimesSync(join(path, name), 1, 1);
    await openStore(path);
    expect(await namesIn(path, 6)).toEqual(
      ['Holiday.jpg', 'a-folder.jpg', ...[1, 2, 3].map(nameOf), 'notes.txt'].sort(),
    );
  });

  it('go when they are too old, also while none come', async () => {
    const path = freshFolder();
    let nowMs = Date.now();
    const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
    const store = await openStore(path, { sweepMs: 5, rescanMs: Infinity, clock });
    await store.put(nameOf(1), jpegOf(10));
    nowMs += HOUR_MS - 1000;
    await store.put(nameOf(2), jpegOf(10));
    nowMs += 2000;
    expect(await namesIn(path, 1)).toEqual([nameOf(2)]);
  });

  it('of other processes are found in time', async () => {
    const path = freshFolder();
    const [one, other] = [await openStore(path, { sweepMs: 5, rescanMs: 5 }), await openStore(path)];
    for (const number of [1, 2]) await one.put(nameOf(number), jpegOf(10));
    for (const number of [3, 4]) await other.put(nameOf(number), jpegOf(10));
    expect(await namesIn(path, 3)).not.toContain(nameOf(1));
  });

  it('are stored again when the folder was removed', async () => {
    const path = freshFolder();
    const store = await openStore(path);
    rmSync(path, { recursive: true });
    await store.put(nameOf(1), jpegOf(10));
    expect(readdirSync(path)).toEqual([nameOf(1)]);
  });

  it('that find no folder but a file are lost, with a reason', async () => {
    const path = freshFolder();
    const store = await openStore(path);
    rmSync(path, { recursive: true });
    writeFileSync(path, '');
    await expect(store.put(nameOf(1), jpegOf(10))).rejects.toMatchObject({ reason: 'denied' });
    rmSync(path);
    await store.put(nameOf(1), jpegOf(10));
  });

  it('that find no room are lost, with a reason and without a rest, until there is some', async () => {
    const disk = mountSmallDisk(join(root, 'disk'), 64);
    if (disk === undefined) return;
    try {
      const store = await openStore(disk.path, { retention: { ...BOUNDS, maxBytes: 1 << 20 } });
      await store.put(nameOf(1), jpegOf(40_000));
      const failed = store.put(nameOf(2), jpegOf(40_000));
      await expect(failed).rejects.toThrow(SnapshotError);
      await expect(failed).rejects.toMatchObject({
        reason: 'full',
        message: 'expected a file written, got ENOSPC',
      });
      expect(readdirSync(disk.path)).toEqual([nameOf(1)]);
      disk.resize(256);
      await store.put(nameOf(2), jpegOf(40_000));
      disk.makeReadOnly();
      await expect(store.put(nameOf(3), jpegOf(10))).rejects.toMatchObject({ reason: 'denied' });
    } finally {
      disk.remove();
    }
  });

  it.each(['../front.jpg', 'front.png', '.jpg', 'a/b.jpg', 'A.jpg', `${'a'.repeat(201)}.jpg`])(
    'are not written as %j',
    async (name) => {
      const store = await openStore(freshFolder());
      await expect(store.put(name, jpegOf(1))).rejects.toThrow(RangeError);
    },
  );

  it('refuse at once a place that is none, without a word of a password', async () => {
    const path = join(root, 'file');
    writeFileSync(path, '');
    await expect(openStore(path)).rejects.toMatchObject({
      code: 'sink',
      detail: `snapshots ${path}: expected a folder that can be written, got EEXIST`,
    });
    const locked = freshFolder();
    mkdirSync(locked, { recursive: true });
    chmodSync(locked, 0o500);
    // root may write anywhere.
    if (process.getuid?.() !== 0) await expect(openStore(locked)).rejects.toMatchObject({ code: 'sink' });
    expect(existsSync(locked)).toBe(true);
  });
});
