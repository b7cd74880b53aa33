import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../../../operators/sinks/append-script';
import { adoptSpools, createSpool, placeFault } from '../../../operators/sinks/spool';
import type { LeftSpool, Spool, SpoolPlace } from '../../../operators/sinks/spool';
import { mountSmallDisk } from '../../support/small-disk';
import { tempFolder } from '../../support/temp-folder';

const LIMITS = { maxEntries: 100, maxLength: Infinity };
const MIB = 1024 * 1024;

function entry(n: number, length = 100): Entry {
  const data = JSON.stringify('x'.repeat(length));
  return { type: 't', camera: 'front', id: String(n), fence: n, open: { keep: 'k', drop: ['d'] }, data };
}
const entriesOf = (first: number, count: number, length?: number) =>
  Array.from({ length: count }, (_, n) => entry(first + n, length));

describe('a spool', () => {
  const folder = tempFolder();
  let next = 0;
  const place = (): SpoolPlace => ({ folder: join(folder, `place-${next++}`), target: 'redis://h:1 test' });
  const budgetOf = (maxBytes: number) => ({ maxBytes, usedBytes: 0 });
  const filesIn = (path: string) => readdirSync(path).filter((name) => name.endsWith('.log'));

  /** Reads on, confirming each part, and gives the ids. */
  async function readAll(spool: Spool, upTo = Infinity): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length < upTo) {
      const chunk = await spool.read({ ...LIMITS, maxEntries: Math.min(100, upTo - ids.length) });
      if (chunk === undefined) break;
      ids.push(...chunk.records.map(({ entry: { id } }) => id));
      await spool.confirm(chunk.to, chunk.records.length);
    }
    return ids;
  }

  async function adoptAll(where: SpoolPlace): Promise<{ spools: Spool[]; left: LeftSpool[] }> {
    const spools: Spool[] = [];
    const left: LeftSpool[] = [];
    for await (const spool of adoptSpools(where, budgetOf(Infinity), (one) => left.push(one))) {
      spools.push(spool);
    }
    return { spools, left };
  }

  const idsOf = (first: number, count: number) => entriesOf(first, count).map(({ id }) => id);

  it('gives entries back as they were, in order, while others come in', async () => {
    const where = place();
    const spool = await createSpool(where, 0, budgetOf(100 * MIB));
    await spool.append(entriesOf(0, 150), 5);
    const chunk = await spool.read(LIMITS);
    expect(chunk!.records.map(({ entry: each }) => each)).toEqual(entriesOf(0, 100));
    expect(chunk!.records[0]!.atMs).toBe(5);
    await spool.confirm(chunk!.to, 100);
    await spool.append(entriesOf(150, 50), 6);
    expect(await readAll(spool)).toEqual(idsOf(100, 100));
    expect(spool.isEmpty()).toBe(true);
    await spool.remove();
    expect(readdirSync(where.folder)).toEqual([]);
  });

  it('is for its owner alone', async () => {
    const where = place();
    const spool = await createSpool(where, 0, budgetOf(MIB));
    await spool.append(entriesOf(0, 1), 0);
    await spool.mark({ writer: 'w', batch: 1, from: 0, to: 1 });
    expect([where.folder, spool.path].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700]);
    const modes = readdirSync(spool.path).map((name) => statSync(join(spool.path, name)).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600, 0o600, 0o600]);
    await spool.remove();
  });

  it('takes no more than its room, and has room again for what was confirmed', async () => {
    const budget = budgetOf(MIB);
    const spool = await createSpool(place(), 0, budget);
    let count = 0;
    while ((await spool.append(entriesOf(count, 10, 1000), 0)) !== undefined) count += 10;
    expect(count * 1000).toBeLessThan(MIB);
    expect(count * 1200).toBeGreaterThan(MIB * 0.9);
    expect(budget.usedBytes).toBeLessThanOrEqual(MIB);
    expect(spool.stats()).toMatchObject({ entries: count, bytes: budget.usedBytes });
    const files = filesIn(spool.path).length;
    expect(files).toBeGreaterThan(4);
    await readAll(spool, count / 2);
    expect(filesIn(spool.path).length).toBeLessThan(files);
    expect(await spool.append(entriesOf(count, 10, 1000), 0)).toBeDefined();
    expect(await readAll(spool)).toEqual(idsOf(count / 2, count / 2 + 10));
    await spool.remove();
    expect(budget.usedBytes).toBe(0);
  });

  it('shares its room with others', async () => {
    const where = place();
    const budget = budgetOf(MIB);
    const [one, other] = [await createSpool(where, 0, budget), await createSpool(where, 1, budget)];
    expect(await one.append(entriesOf(0, 6, 100_000), 0)).toBeDefined();
    expect(await other.append(entriesOf(0, 6, 100_000), 0)).toBeUndefined();
    expect(await other.append(entriesOf(0, 3, 100_000), 0)).toBeDefined();
    await one.remove();
    expect(await other.append(entriesOf(3, 6, 100_000), 0)).toBeDefined();
    await other.remove();
  });

  it('reads an entry that is longer than what it reads at once', async () => {
    const spool = await createSpool(place(), 0, budgetOf(100 * MIB));
    await spool.append([entry(0), entry(1, 5 * MIB), entry(2)], 0);
    expect(await readAll(spool)).toEqual(['0', '1', '2']);
    await spool.remove();
  });

  it('belongs to one at a time, and to the next one when it is left', async () => {
    const where = place();
    const spool = await createSpool(where, 3, budgetOf(100 * MIB));
    await spool.append(entriesOf(0, 200), 0);
    await readAll(spool, 120);
    expect(await adoptAll(where)).toEqual({ spools: [], left: [] });
    const path = await spool.leave();
    expect(existsSync(path)).toBe(true);
    const { spools } = await adoptAll(where);
    expect(spools.map(({ shard }) => shard)).toEqual([3]);
    expect((await adoptAll(where)).spools).toEqual([]);
    // Where it was read to was not marked.
    expect(await readAll(spools[0]!)).toEqual(idsOf(0, 200));
    await spools[0]!.remove();
    expect(readdirSync(where.folder)).toEqual([]);
  });

  it('knows the batch that was sent last, with just these entries', async () => {
    const where = place();
    const spool = await createSpool(where, 0, budgetOf(100 * MIB));
    const range = await spool.append(entriesOf(0, 50), 0, { writer: 'direct', batch: 7 });
    await spool.append(entriesOf(50, 250), 0);
    await spool.leave();

    const [second] = (await adoptAll(where)).spools;
    expect(second!.repeat).toEqual({ writer: 'direct', batch: 7, ...range });
    const repeated = await second!.read({ maxEntries: Infinity, maxLength: Infinity }, second!.repeat!.to);
    expect(repeated!.records.map(({ entry: { id } }) => id)).toEqual(idsOf(0, 50));
    await second!.confirm(repeated!.to, 50);
    const chunk = await second!.read(LIMITS);
    await second!.mark({ writer: 'second', batch: 1, from: chunk!.from, to: chunk!.to });
    await second!.leave();

    const [third] = (await adoptAll(where)).spools;
    expect(third!.repeat).toMatchObject({ writer: 'second', batch: 1 });
    expect(await readAll(third!)).toEqual(idsOf(50, 250));
    await third!.remove();
  });

  it('goes on behind the marked batch when the files before it are gone', async () => {
    const where = place();
    const spool = await createSpool(where, 0, budgetOf(MIB));
    for (let n = 0; n < 400; n += 100) await spool.append(entriesOf(n, 100, 1000), 0);
    const chunk = await spool.read(LIMITS);
    await spool.mark({ writer: 'w', batch: 1, from: chunk!.from, to: chunk!.to });
    await spool.confirm(chunk!.to, 100);
    expect(filesIn(spool.path)).toHaveLength(3);
    await spool.leave();
    const [next] = (await adoptAll(where)).spools;
    expect(next!.repeat).toBeUndefined();
    expect(await readAll(next!)).toEqual(idsOf(100, 300));
    await next!.remove();
  });

  it('is read as far as it was written when its process ended in the middle of it', async () => {
    const where = place();
    const spool = await createSpool(where, 0, budgetOf(100 * MIB));
    await spool.append(entriesOf(0, 10), 0);
    await spool.append(entriesOf(10, 10), 0, { writer: 'w', batch: 1 });
    const path = await spool.leave();
    const file = join(path, filesIn(path)[0]!);
    truncateSync(file, statSync(file).size - 20);
    const [next] = (await adoptAll(where)).spools;
    const chunk = await next!.read({ maxEntries: Infinity, maxLength: Infinity }, next!.repeat!.to);
    expect(chunk!.records.map(({ entry: { id } }) => id)).toEqual(idsOf(10, 9));
    expect(chunk!.damaged).toBe(1);
    await next!.remove();
  });

  it('does without a mark that is damaged', async () => {
    const where = place();
    const spool = await createSpool(where, 0, budgetOf(100 * MIB));
    await spool.append(entriesOf(0, 10), 0, { writer: 'w', batch: 1 });
    const path = await spool.leave();
    writeFileSync(join(path, 'mark'), 'something else\n');
    const [next] = (await adoptAll(where)).spools;
    expect(next!.repeat).toBeUndefined();
    expect(await readAll(next!)).toEqual(idsOf(0, 10));
    await next!.remove();
  });

  it('stays where it is when it is for another Redis or of another version, and says so', async () => {
    const where = place();
    const spool = await createSpool({ ...where, target: 'redis://other:1 test' }, 0, budgetOf(MIB));
    const path = await spool.leave();
    const [odd, empty] = ['odd', 'empty'].map((name) => join(where.folder, `released-${name}.spool`));
    for (const [folder, about] of [
      [odd!, '{"version":9}\n'],
      [empty!, ''],
    ] as const) {
      mkdirSync(folder);
      writeFileSync(join(folder, 'lock'), '');
      writeFileSync(join(folder, 'about.json'), about);
    }
    const { spools, left } = await adoptAll(where);
    expect(spools).toEqual([]);
    expect(left.sort((a, b) => b.reason.localeCompare(a.reason))).toEqual([
      { path: empty, reason: 'expected a spool of version 1, got nothing' },
      { path: odd, reason: 'expected a spool of version 1, got {"version":9}' },
      { path, reason: 'events for redis://other:1 test, expected redis://h:1 test' },
    ]);
    expect([path, odd!, empty!].every((one) => existsSync(one))).toBe(true);
  });

  it('touches nothing else in its folder, and follows no link', async () => {
    const where = place();
    const spool = await createSpool(where, 0, budgetOf(MIB));
    await spool.append(entriesOf(0, 1), 0);
    await spool.leave();
    mkdirSync(join(where.folder, 'notes.spool'));
    appendFileSync(join(where.folder, 'a.spool'), 'mine');
    const { spools, left } = await adoptAll(where);
    expect([spools.length, left]).toEqual([1, []]);
    await spools[0]!.remove();
    expect(readdirSync(where.folder).sort()).toEqual(['a.spool', 'notes.spool']);
  });

  it('adds nothing on a disk that is full, and goes on when there is room', async () => {
    const disk = mountSmallDisk(join(folder, 'small'), 200);
    if (disk === undefined) return;
    try {
      const spool = await createSpool({ folder: join(disk.path, 'spool'), target: 't' }, 0, budgetOf(MIB));
      let count = 0;
      const fill = async () => {
        for (;;) {
          await spool.append(entriesOf(count, 10, 1000), 0);
          count += 10;
        }
      };
      await expect(fill()).rejects.toThrow(/^ENOSPC/);
      expect(spool.stats().entries).toBe(count);
      disk.resize(2000);
      await spool.append(entriesOf(count, 10, 1000), 0);
      expect(await readAll(spool)).toEqual(idsOf(0, count + 10));
      await spool.remove();
      expect(readdirSync(join(disk.path, 'spool'))).toEqual([]);
      expect(placeFault({ folder: join(disk.path, 'not', 'yet'), target: '' })).toBeUndefined();
      disk.makeReadOnly();
      expect(placeFault({ folder: join(disk.path, 'not', 'yet'), target: '' })).toBe(
        `${disk.path}: expected a folder that can be written to, got EROFS: read-only file system`,
      );
    } finally {
      disk.remove();
    }
  });

  it('says where it cannot be, before it is needed', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(placeFault({ folder: join(folder, 'not', 'yet'), target: '' })).toBeUndefined();
    expect(placeFault({ folder: file, target: '' })).toBe(`${file}: expected a folder, got a file`);
    expect(placeFault({ folder: join(file, 'in'), target: '' })).toMatch(/ENOTDIR/);
    expect(readFileSync(file, 'utf8')).toBe('');
  });
});
