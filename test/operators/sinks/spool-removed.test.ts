import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createSpool } from '../../../operators/sinks/spool';
import type { Entry } from '../../../operators/sinks/append-script';
import { mountSmallDisk } from '../../support/small-disk';
import { tempFolder } from '../../support/temp-folder';

const entriesOf = (first: number, count: number): Entry[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{
      type: 't',
      camera: 'front',
      id: String(first + n),
      fence: undefined,
      open: { drop: [] },
      data: '{}',
    },
  }));

describe('a spool that somebody removes', () => {
  const folder = tempFolder();
  const placeAt = (path: string) => ({ folder: path, target: 'redis://h:1 test' });

  it('keeps what comes after its file is gone in another', async () => {
    const spool = await createSpool(placeAt(join(folder, 'file')), 0, { maxBytes: 1e6, usedBytes: 0 });
    await spool.append(entriesOf(0, 10), 0);
    for (const name of readdirSync(spool.path)) {
      if (name.endsWith('.log')) rmSync(join(spool.path, name));
    }
    await spool.append(entriesOf(10, 5), 0);
    const ids: string[] = [];
    let damaged = 0;
    const limits = { maxEntries: 100, maxLength: Infinity };
    for (let chunk = await spool.read(limits); chunk !== undefined; chunk = await spool.read(limits)) {
      ids.push(...chunk.records.map(({ entry }) => entry.id));
      damaged += chunk.damaged;
      await spool.confirm(chunk.to, chunk.records.length);
    }
    expect([ids, damaged]).toEqual([['10', '11', '12', '13', '14'], 1]);
    await spool.remove();
    expect(readdirSync(join(folder, 'file'))).toEqual([]);
  });

  it('takes nothing more when all of it is gone, and says so when it is to be left', async () => {
    const place = placeAt(join(folder, 'all'));
    const spool = await createSpool(place, 0, { maxBytes: 1e6, usedBytes: 0 });
    await spool.append(entriesOf(0, 10), 0);
    rmSync(place.folder, { recursive: true });
    await expect(spool.append(entriesOf(10, 5), 0)).rejects.toThrow(/^ENOENT/);
    expect(spool.stats().entries).toBe(10);
    await expect(spool.leave()).rejects.toThrow(/^ENOENT/);
  });

  it('leaves nothing on a disk on which it cannot be made', async () => {
    const disk = mountSmallDisk(join(folder, 'small'), 200, 2);
    if (disk === undefined) return;
    try {
      const made = createSpool(placeAt(disk.path), 0, { maxBytes: 1e6, usedBytes: 0 });
      await expect(made).rejects.toThrow(/^ENOSPC/);
      expect(readdirSync(disk.path)).toEqual([]);
    } finally {
      disk.remove();
    }
  });
});
