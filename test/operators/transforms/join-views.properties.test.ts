import fc from 'fast-check';
import { Subject, VirtualTimeScheduler } from 'rxjs';
import type { ViewFrame } from '../../../models/domain/frame';
import type { TrackedFrame, TracksClosed } from '../../../models/domain/track';
import { joinViews } from '../../../operators/transforms/join-views';
import { createViews, infoOf, tracked } from '../../support/views';

type Item = TrackedFrame | TracksClosed | ViewFrame;

const SIZE = { width: 8, height: 8 };
const CLOSED = { kind: 'closed', epoch: 0, tracks: [] } as unknown as TracksClosed;
const MAX_WAIT_MS = 500;
const MOST_WAITING = 5;

/** What comes `afterMs` after the last, with a time of its own that lies as far from now as clocks and delays may put it. */
const step = fc.record({
  what: fc.constantFrom('view', 'view', 'view', 'tracked', 'tracked', 'closed'),
  afterMs: fc.nat({ max: 300 }),
  offMs: fc.oneof(fc.integer({ min: -1000, max: 300 }), fc.constantFrom(-1e9, 1e9)),
});

describe('for all that two streams may do joinViews', () => {
  it('gives each picture once, in order and in time, holds few, and loses none when it is left', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat({ max: 80 }), (steps, leaveAfter) => {
        const scheduler = new VirtualTimeScheduler(undefined, Infinity);
        const { held, view } = createViews();
        const views = new Subject<ViewFrame>();
        const others = new Subject<TrackedFrame | TracksClosed>();
        const cameAtMs: number[] = [];
        const seen: number[] = [];
        const waited: number[] = [];
        let passed = 0;
        const subscription = others
          .pipe(
            joinViews<TrackedFrame | TracksClosed>({
              ...{ views, scheduler, maxWaitMs: MAX_WAIT_MS },
              mostWaiting: () => MOST_WAITING,
            }),
          )
          .subscribe((item: Item) => {
            if (item.kind === 'view') {
              item.lease.release();
              waited.push(scheduler.now() - cameAtMs[item.info.seq]!);
              seen.push(item.info.seq);
            }
            if (++passed > leaveAfter) subscription.unsubscribe();
          });
        let atMs = 0;
        let most = 0;
        for (const { what, afterMs, offMs } of steps) {
          atMs += afterMs;
          scheduler.schedule(() => {
            if (subscription.closed) return;
            const info = infoOf(SIZE, scheduler.now() + offMs, { seq: cameAtMs.length });
            if (what === 'view') cameAtMs.push(scheduler.now());
            if (what === 'view') views.next(view(info));
            else others.next(what === 'closed' ? CLOSED : tracked(info, [0, 0, 1, 1]));
            most = Math.max(most, held.count);
          }, atMs);
        }
        scheduler.flush();
        expect(held.count).toBe(0);
        expect(most).toBeLessThanOrEqual(MOST_WAITING);
        expect(Math.max(0, ...waited)).toBeLessThanOrEqual(MAX_WAIT_MS);
        expect(seen).toEqual([...seen.keys()]);
        if (!subscription.closed) expect(seen).toHaveLength(cameAtMs.length);
      }),
      { numRuns: 500 },
    );
  });
});
