import { NEVER, map } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { ViewFrame } from '../../../models/domain/frame';
import type { TrackedFrame, TracksClosed } from '../../../models/domain/track';
import { joinViews } from '../../../operators/transforms/join-views';
import { itObeysOperatorLaws } from '../../support/operator-laws';
import { createViews, infoOf, tracked } from '../../support/views';

const SIZE = { width: 8, height: 8 };
const CLOSED = { kind: 'closed', epoch: 0, tracks: [] } as unknown as TracksClosed;

const trackedAt = (atMs: number) => tracked(infoOf(SIZE, atMs), [0, 0, 1, 1]);

type Item = TrackedFrame | TracksClosed | ViewFrame;

/** `t100` for a tracked frame of 100 ms, `v100` for a picture. */
const nameOf = (item: Item) => {
  if (item.kind === 'closed') return 'closed';
  return item.kind === 'view' ? `v${item.info.atMs}` : `t${item.frame.atMs}`;
};

interface Streams {
  readonly tracked: string;
  readonly views: string;
  /** Times of the letters in both, in milliseconds. */
  readonly at: Readonly<Record<string, number>>;
  readonly mostWaiting?: number;
  readonly leaveAt?: string;
}

/** What comes when, and how many holds are left. */
function joined({ tracked: line, views, at, mostWaiting = 10, leaveAt }: Streams) {
  const { held, view } = createViews();
  const seen: [string, number][] = [];
  const scheduler = new TestScheduler(() => undefined);
  scheduler.run(({ cold, hot }) => {
    const others = cold(line).pipe(map((letter) => (letter === 'C' ? CLOSED : trackedAt(at[letter]!))));
    const result = others.pipe(
      joinViews<TrackedFrame | TracksClosed>({
        views: hot(views).pipe(map((letter) => view(infoOf(SIZE, at[letter]!)))),
        maxWaitMs: 500,
        mostWaiting: () => mostWaiting,
      }),
    );
    const subscription = result.subscribe({
      next(item) {
        seen.push([nameOf(item), scheduler.now()]);
        if (item.kind === 'view') item.lease.release();
      },
      complete: () => seen.push(['end', scheduler.now()]),
    });
    if (leaveAt !== undefined) cold(leaveAt).subscribe({ complete: () => subscription.unsubscribe() });
  });
  return { seen, names: seen.map(([name]) => name), held };
}

describe('joinViews', () => {
  itObeysOperatorLaws(
    () => joinViews<TrackedFrame | TracksClosed>({ views: NEVER, maxWaitMs: 500, mostWaiting: () => 10 }),
    [trackedAt(0), trackedAt(100), CLOSED],
  );

  it('lets each picture follow the tracked frame nearest to it in time, in its own order', () => {
    const at = { a: 100, b: 200, p: 90, q: 120, r: 149, s: 151, t: 200, u: 230, z: 300 };
    const { seen, names, held } = joined({
      tracked: '--------a-b---z-|',
      views: '--pqrstu---------',
      at,
    });
    expect(names).toEqual(['v90', 't100', 'v120', 'v149', 't200', 'v151', 'v200', 'v230', 't300', 'end']);
    // Only the next tracked frame shows that the one before is nearer.
    expect(seen.find(([name]) => name === 'v120')![1]).toBe(10);
    expect(held.count).toBe(0);
  });

  it('waits no longer than it is told, with pictures of a stream that nothing is found of', () => {
    const { seen, held } = joined({
      tracked: '1200ms |',
      views: 'p 99ms q',
      at: { p: 0, q: 100 },
    });
    expect(seen).toEqual([
      ['v0', 500],
      ['v100', 600],
      ['end', 1200],
    ]);
    expect(held.count).toBe(0);
  });

  it('keeps no more pictures than it may, and lets the oldest go on', () => {
    const { names } = joined({
      tracked: '-------a|',
      views: '-pqrst---',
      at: { p: 10, q: 20, r: 30, s: 40, t: 50, a: 60 },
      mostWaiting: 2,
    });
    expect(names).toEqual(['v10', 'v20', 'v30', 'v40', 'v50', 't60', 'end']);
    expect(joined({ tracked: '---|', views: '-p-', at: { p: 1 }, mostWaiting: 0 }).seen[0]).toEqual([
      'v1',
      1,
    ]);
  });

  it('lets pictures go on before the tracks are closed, and at the end', () => {
    const { names, held } = joined({
      tracked: 'a---C---|',
      views: '-pq--r---',
      at: { a: 0, p: 40, q: 80, r: 120 },
    });
    expect(names).toEqual(['t0', 'v40', 'v80', 'closed', 'v120', 'end']);
    expect(held.count).toBe(0);
  });

  it('gives back what waits when the consumer leaves, and ends with its timer', () => {
    const { names, held } = joined({
      tracked: 'a',
      views: '-pq',
      at: { a: 0, p: 40, q: 80 },
      leaveAt: '-----|',
    });
    expect(names).toEqual(['t0']);
    expect(held.count).toBe(0);
  });

  it('goes on when times jump back', () => {
    const { names } = joined({
      tracked: 'a-b-c---|',
      views: '-p-q-r---',
      at: { a: 10_000, b: 20_000, c: 1000, p: 10_400, q: 20_400, r: 1000 },
    });
    expect(names).toEqual(['t10000', 'v10400', 't20000', 'v20400', 't1000', 'v1000', 'end']);
  });

  it('must wait for some time', () => {
    expect(() => joinViews({ views: NEVER, maxWaitMs: 0, mostWaiting: () => 1 })).toThrow(
      'joinViews: expected maxWaitMs above 0, got 0',
    );
  });
});
