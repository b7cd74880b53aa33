import fc from 'fast-check';
import { planOf, preferenceOf, sharesOf } from '../../../pipeline/leases/lease-share';
import type { Member } from '../../../pipeline/leases/lease-share';

const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, number) => total + number, 0);
const camerasOf = (count: number) => Array.from({ length: count }, (_, n) => `camera-${n}`);

const members = (capacity: fc.Arbitrary<number>) =>
  fc
    .array(fc.record({ sinceMs: fc.integer({ min: 0, max: 5 }), capacity }), { minLength: 1, maxLength: 12 })
    .map((all) => all.map((member, n) => ({ id: `ingest-${n}`, ...member })));
const anyCapacity = fc.integer({ min: 0, max: 30 });
const cameraCount = fc.integer({ min: 0, max: 100 });

/** Lets processes act on shared leases as they do, one after the other, until nobody has anything to do. */
function settle(all: readonly Member[], cameras: readonly string[], owners: Map<string, string>): number {
  const shares = sharesOf(all, cameras.length);
  let moves = 0;
  for (let isChanging = true; isChanging;) {
    isChanging = false;
    for (const { id, capacity } of all) {
      const plan = planOf({
        preference: preferenceOf(id, cameras),
        share: shares.get(id)!,
        capacity,
        active: new Set(cameras.filter((camera) => owners.get(camera) === id)),
        extra: new Set(),
        leaving: new Set(),
        free: new Set(cameras.filter((camera) => !owners.has(camera))),
        overdue: new Set(),
      });
      for (const camera of plan.giveBack) owners.delete(camera);
      for (const camera of plan.take) owners.set(camera, id);
      moves += plan.take.length;
      isChanging ||= plan.giveBack.length + plan.take.length > 0;
    }
  }
  return moves;
}

describe('sharesOf', () => {
  it('gives three and two of five cameras to two processes, the older one first', () => {
    const shares = sharesOf(
      [
        { id: 'a', sinceMs: 2, capacity: 9 },
        { id: 'b', sinceMs: 1, capacity: 9 },
      ],
      5,
    );
    expect(Object.fromEntries(shares)).toEqual({ a: 2, b: 3 });
  });

  it('gives away every camera if the capacities suffice, and never more than a capacity', () => {
    fc.assert(
      fc.property(members(anyCapacity), cameraCount, (all, count) => {
        const shares = sharesOf(all, count);
        for (const { id, capacity } of all) expect(shares.get(id)).toBeLessThanOrEqual(capacity);
        expect(sum(shares.values())).toBe(Math.min(count, sum(all.map(({ capacity }) => capacity))));
      }),
    );
  });

  it('gives nobody two more than another who has room', () => {
    fc.assert(
      fc.property(members(anyCapacity), cameraCount, (all, count) => {
        const shares = sharesOf(all, count);
        const largest = Math.max(...shares.values());
        for (const { id, capacity } of all) {
          const share = shares.get(id)!;
          if (share < capacity) expect(largest - share).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('gives nobody more than the cameras divided by the processes, rounded up, when capacities are equal', () => {
    fc.assert(
      fc.property(members(fc.constant(1000)), cameraCount, (all, count) => {
        const fair = Math.ceil(count / all.length);
        for (const share of sharesOf(all, count).values()) expect(share).toBeLessThanOrEqual(fair);
      }),
    );
  });

  it('does not depend on the order in which processes are known', () => {
    fc.assert(
      fc.property(members(anyCapacity), cameraCount, (all, count) => {
        expect(sharesOf([...all].reverse(), count)).toEqual(sharesOf(all, count));
      }),
    );
  });

  it('gives nobody more than before when another joins', () => {
    fc.assert(
      fc.property(members(anyCapacity), cameraCount, anyCapacity, (all, count, capacity) => {
        const before = sharesOf(all, count);
        const after = sharesOf([...all, { id: 'new', sinceMs: 9, capacity }], count);
        for (const { id } of all) expect(after.get(id)).toBeLessThanOrEqual(before.get(id)!);
      }),
    );
  });
});

describe('preferenceOf', () => {
  it('holds each camera once, in an order that is of the process and does not depend on the order given', () => {
    const cameras = camerasOf(20);
    const order = preferenceOf('a', [...cameras, ...cameras].reverse());
    expect([...order].sort()).toEqual([...cameras].sort());
    expect(preferenceOf('a', cameras)).toEqual(order);
    expect(preferenceOf('b', cameras)).not.toEqual(order);
  });
});

describe('planOf', () => {
  it('settles with all cameras assigned, and then changes nothing', () => {
    fc.assert(
      fc.property(members(anyCapacity), fc.integer({ min: 0, max: 40 }), (all, count) => {
        const owners = new Map<string, string>();
        settle(all, camerasOf(count), owners);
        expect(owners.size).toBe(Math.min(count, sum(all.map(({ capacity }) => capacity))));
        expect(settle(all, camerasOf(count), owners)).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('moves only what a process gets that joins, and only what one had that leaves', () => {
    fc.assert(
      fc.property(members(fc.constant(1000)), fc.integer({ min: 0, max: 40 }), (all, count) => {
        const cameras = camerasOf(count);
        const owners = new Map<string, string>();
        settle(all, cameras, owners);
        const joined = [...all, { id: 'new', sinceMs: 9, capacity: 1000 }];
        expect(settle(joined, cameras, owners)).toBe(sharesOf(joined, count).get('new'));
        for (const [camera, owner] of [...owners]) if (owner === 'new') owners.delete(camera);
        expect(settle(all, cameras, owners)).toBe(sharesOf(joined, count).get('new'));
      }),
      { numRuns: 30 },
    );
  });

  const situation = {
    preference: ['a', 'b', 'c', 'd', 'e'],
    share: 2,
    capacity: 4,
    ...{ active: new Set<string>(), extra: new Set<string>(), leaving: new Set<string>() },
    ...{ free: new Set<string>(), overdue: new Set<string>() },
  };

  it('gives back what it wants least', () => {
    const plan = planOf({ ...situation, active: new Set(['d', 'b', 'a']) });
    expect(plan).toEqual({ giveBack: ['d'], take: [], takeExtra: [] });
  });

  it('goes beyond its share, up to its capacity, for cameras that nobody takes, and keeps them', () => {
    const free = new Set(['b', 'c', 'd', 'e']);
    const overdue = new Set(['c', 'd', 'e']);
    expect(planOf({ ...situation, active: new Set(['a']), free, overdue })).toEqual({
      giveBack: [],
      take: ['b'],
      takeExtra: ['c', 'd'],
    });
    const kept = { active: new Set(['a', 'b', 'c', 'd']), extra: new Set(['c', 'd']) };
    expect(planOf({ ...situation, ...kept }).giveBack).toEqual([]);
  });

  it('takes none in the place of cameras that still stop here', () => {
    const free = new Set(['a', 'b', 'c']);
    const leaving = new Set(['c', 'd', 'e']);
    expect(planOf({ ...situation, leaving, free }).take).toEqual(['a']);
  });
});
