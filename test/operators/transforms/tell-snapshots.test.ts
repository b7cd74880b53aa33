import { map, of, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { exampleEvent } from '../../../config/contract/examples';
import type { SightlineEvent } from '../../../models/domain/event';
import type { StoredSnapshot } from '../../../models/domain/snapshot';
import { createSavedSnapshots } from '../../../operators/support/saved-snapshots';
import { tellSnapshots } from '../../../operators/transforms/tell-snapshots';
import { itObeysOperatorLaws } from '../../support/operator-laws';

const facts = exampleEvent('track.ended').data.snapshot!;
const stored = (key: string): StoredSnapshot => ({ key, facts });

const update = exampleEvent('track.updated');
function ended(trackId: string): SightlineEvent {
  const event = exampleEvent('track.ended');
  const { bestFrame, snapshot, ...data } = event.data;
  return { ...event, data: { ...data, trackId } };
}

/** `a` to `d` end the tracks of these names; `u` is an update. */
const EVENTS = { a: ended('a'), b: ended('b'), c: ended('c'), d: ended('d'), u: update };

/** The events with the key that they tell, and when: `a:key@12`. Tracks' snapshots are stored after so many milliseconds. */
function told(line: string, storedAfterMs: Readonly<Record<string, number | undefined>>) {
  const seen: string[] = [];
  let late = 0;
  const scheduler = new TestScheduler(() => undefined);
  scheduler.run(({ hot }) => {
    const saved = createSavedSnapshots({ maxWaitMs: 20, onLate: () => late++, scheduler });
    for (const [id, afterMs] of Object.entries(storedAfterMs)) {
      saved.add(
        id,
        afterMs === undefined
          ? of(undefined)
          : timer(afterMs, scheduler).pipe(map(() => stored(`key-${id}`))),
      );
    }
    hot(line, EVENTS)
      .pipe(tellSnapshots({ saved }))
      .subscribe({
        next({ type, data }) {
          const what = type === 'track.ended' && 'trackId' in data ? data.trackId : 'u';
          const key = 'bestFrame' in data ? `:${String(data.bestFrame)}` : '';
          seen.push(`${what}${key}@${scheduler.now()}`);
        },
        complete: () => seen.push(`end@${scheduler.now()}`),
      });
  });
  return { seen, late };
}

describe('tellSnapshots', () => {
  itObeysOperatorLaws<SightlineEvent, SightlineEvent>(
    () => tellSnapshots({ saved: createSavedSnapshots({ maxWaitMs: 2000, onLate: () => undefined }) }),
    Object.values(EVENTS),
  );

  it('adds where a snapshot is, and what it is, once it is stored', () => {
    const saved = createSavedSnapshots({ maxWaitMs: 2000, onLate: () => undefined });
    saved.add('a', of(stored('a.jpg')));
    let event: SightlineEvent | undefined;
    of(EVENTS.a)
      .pipe(tellSnapshots({ saved }))
      .subscribe((one) => (event = one));
    expect(event).toEqual({ ...EVENTS.a, data: { ...EVENTS.a.data, bestFrame: 'a.jpg', snapshot: facts } });
  });

  it('lets events wait for a snapshot in their order, and the end for all', () => {
    const { seen, late } = told('uaubu|', { a: 10, b: 3 });
    expect(seen).toEqual(['u@0', 'a:key-a@10', 'u@10', 'b:key-b@10', 'u@10', 'end@10']);
    expect(late).toBe(0);
  });

  it('tells of none where there is none, or storing failed', () => {
    expect(told('ab|', { a: undefined }).seen).toEqual(['a@0', 'b@1', 'end@2']);
  });

  it('waits for all of them together no longer than for one, and counts who was late', () => {
    const { seen, late } = told('abcd|', { a: 21, b: 500, c: 15, d: 1_000_000 });
    expect(seen).toEqual(['a@20', 'b@20', 'c:key-c@20', 'd@20', 'end@20']);
    expect(late).toBe(3);
  });
});

describe('the outcomes of snapshots', () => {
  it('hold the source back while many are on their way', async () => {
    const scheduler = new TestScheduler(() => undefined);
    const saved = createSavedSnapshots({ maxWaitMs: 20, mostWaiting: 2, onLate: () => undefined, scheduler });
    let isReady = false;
    await saved.ready();
    saved.add('a', timer(5, scheduler).pipe(map(() => undefined)));
    await saved.ready();
    saved.add('b', timer(9, scheduler).pipe(map(() => undefined)));
    const ready = saved.ready().then(() => (isReady = true));
    await Promise.resolve();
    expect(isReady).toBe(false);
    scheduler.flush();
    await ready;
    expect(isReady).toBe(true);
  });

  it('hold nobody once they are closed', async () => {
    const scheduler = new TestScheduler(() => undefined);
    const saved = createSavedSnapshots({ maxWaitMs: 20, mostWaiting: 1, onLate: () => undefined, scheduler });
    saved.add('a', timer(5, scheduler).pipe(map(() => undefined)));
    const ready = saved.ready();
    saved.close();
    await ready;
    await saved.ready();
  });

  it('are kept in a bounded number, also when nobody takes them', () => {
    const saved = createSavedSnapshots({ maxWaitMs: 20, onLate: () => undefined });
    for (let id = 0; id < 1025; id++) saved.add(String(id), of(stored(String(id))));
    expect(saved.take('0')).toBeUndefined();
    expect(saved.take('1')).toBeDefined();
    expect(saved.take('1')).toBeUndefined();
  });
});
