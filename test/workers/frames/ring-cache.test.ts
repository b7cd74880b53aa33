import { mkdtempSync, readdirSync, readlinkSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { createShmRing } from '../../../workers/frames/shm-ring';
import { createRingCache } from '../../../workers/frames/ring-cache';
import { tempFolder } from '../../support/temp-folder';

const FRAME_BYTES = 96;

describe('createRingCache', () => {
  const parent = tempFolder();

  function start() {
    const folder = mkdtempSync(join(parent, 'rings-'));
    let nowMs = 0;
    const clock = { nowMs: () => 0, monotonicMs: () => nowMs };
    const cache = createRingCache({ frameBytes: FRAME_BYTES, clock, folders: [folder] });
    const makeRing = () => createShmRing({ slots: 1, frameBytes: FRAME_BYTES, folders: [folder] });
    /** Files below the folder that this process has open for the cache. */
    const opened = () =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
        } catch {
          return false;
        }
      }).length;
    return { folder, cache, makeRing, opened, pass: (ms: number) => (nowMs += ms) };
  }

  it('opens a ring once, and closes it when it was not used for long', () => {
    const { cache, makeRing, opened, pass } = start();
    const ring = makeRing();
    const reader = cache.get(ring.id);
    expect(reader?.slots).toBe(1);
    expect(cache.get(ring.id)).toBe(reader);
    pass(29_000);
    cache.sweep();
    expect(cache.get(ring.id)).toBe(reader);
    pass(30_000);
    cache.sweep();
    expect(opened()).toBe(1);
    expect(cache.get(ring.id)).not.toBe(reader);
    cache.close();
    expect(opened()).toBe(1);
    ring.close();
  });

  it('keeps at most 32 rings open, those used last', () => {
    const { cache, makeRing, opened } = start();
    const rings = Array.from({ length: 40 }, makeRing);
    for (const { id } of rings) {
      cache.get(rings[0]!.id);
      expect(cache.get(id)).toBeDefined();
    }
    expect(opened()).toBe(40 + 32);
    const first = cache.get(rings[0]!.id);
    expect(cache.get(rings[0]!.id)).toBe(first);
    cache.close();
    expect(opened()).toBe(40);
    for (const ring of rings) ring.close();
  });

  it('does not try again at once for a ring it could not open', () => {
    const { folder, cache, makeRing, pass } = start();
    const ring = makeRing();
    renameSync(ring.path, join(folder, 'elsewhere'));
    expect(cache.get(ring.id)).toBeUndefined();
    renameSync(join(folder, 'elsewhere'), ring.path);
    expect(cache.get(ring.id)).toBeUndefined();
    pass(2000);
    expect(cache.get(ring.id)).toBeDefined();
    cache.close();
    ring.close();
  });

  it('refuses an id of which a path could be made', () => {
    const { cache } = start();
    expect(cache.get('../../etc/passwd')).toBeUndefined();
    cache.close();
  });
});
