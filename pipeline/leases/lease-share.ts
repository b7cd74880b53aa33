import { createHash } from 'node:crypto';

/** A process that takes a share of the cameras. */
export interface Member {
  readonly id: string;
  /** Since when it has been there; who came first gets the cameras that cannot be divided. */
  readonly sinceMs: number;
  /** Most cameras it runs. */
  readonly capacity: number;
}

/**
 * How many cameras are due to each process: as equal as capacities allow, and all of them if they suffice. With equal
 * capacities nobody has more than ⌈cameras ÷ processes⌉, nor two more than another. One that joins takes no more from the
 * others than it gets, and nobody else gets more.
 */
export function sharesOf(members: readonly Member[], cameraCount: number): ReadonlyMap<string, number> {
  const ranked = [...members].sort((a, b) => a.sinceMs - b.sinceMs || (a.id < b.id ? -1 : 1));
  const levelled = (level: number) =>
    ranked.reduce((sum, { capacity }) => sum + Math.min(capacity, level), 0);
  let level = 0;
  const highest = Math.max(0, ...ranked.map(({ capacity }) => capacity));
  while (level < highest && levelled(level + 1) <= cameraCount) level++;
  let left = cameraCount - levelled(level);
  return new Map(
    ranked.map(({ id, capacity }) => {
      const isFull = capacity <= level;
      const share = Math.min(capacity, level) + (!isFull && left > 0 ? 1 : 0);
      if (!isFull) left--;
      return [id, share];
    }),
  );
}

/**
 * The cameras in the order in which a process wants them: its own, so that several that look for cameras at once
 * seldom try the same, and always the same, so that what one gives back is not what it would take first.
 */
export function preferenceOf(id: string, cameras: readonly string[]): readonly string[] {
  const scored = [...new Set(cameras)].map((camera) => ({
    camera,
    score: createHash('sha256').update(`${id}\n${camera}`).digest('hex'),
  }));
  return scored.sort((a, b) => (a.score < b.score ? -1 : 1)).map(({ camera }) => camera);
}

export interface Situation {
  /** All cameras, the most wanted first. */
  readonly preference: readonly string[];
  /** Cameras due to this process. */
  readonly share: number;
  readonly capacity: number;
  /** Cameras it has and keeps. */
  readonly active: ReadonlySet<string>;
  /** Of those, the ones it took beyond its share since nobody else did: it keeps them until the shares change. */
  readonly extra: ReadonlySet<string>;
  /** Cameras that still run here until they have stopped. */
  readonly leaving: ReadonlySet<string>;
  /** Cameras that nobody has. */
  readonly free: ReadonlySet<string>;
  /** Of those, the ones nobody has had for so long that their owner-to-be does not seem to come. */
  readonly overdue: ReadonlySet<string>;
}

export interface Plan {
  readonly giveBack: readonly string[];
  readonly take: readonly string[];
  readonly takeExtra: readonly string[];
}

/** What a process does next to have its share: never both gives back and takes. */
export function planOf(situation: Situation): Plan {
  const { preference, share, capacity, active, extra, leaving, free, overdue } = situation;
  const regular = preference.filter((camera) => active.has(camera) && !extra.has(camera));
  const surplus = Math.max(0, active.size - extra.size - share);
  if (surplus > 0) return { giveBack: regular.slice(-surplus), take: [], takeExtra: [] };

  const room = Math.max(0, capacity - active.size - leaving.size);
  const wanted = preference.filter(
    (camera) => free.has(camera) && !active.has(camera) && !leaving.has(camera),
  );
  const take = wanted.slice(0, Math.min(room, Math.max(0, share - active.size)));
  const takeExtra = wanted
    .slice(take.length)
    .filter((camera) => overdue.has(camera))
    .slice(0, room - take.length);
  return { giveBack: [], take, takeExtra };
}
