import { asyncScheduler } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { PAIR_TIMEOUT_MS, takeUntilStop } from '../../../operators/sources/take-until-stop';

const items = { f: { kind: 'frame' }, v: { kind: 'view' }, s: { kind: 'status' } };

function expectStop(cases: { source: string; stop: string; expected: string; hasView?: boolean }): void {
  const { source, stop, expected, hasView = true } = cases;
  new TestScheduler((got, wanted) => expect(got).toEqual(wanted)).run(({ hot, expectObservable }) => {
    const taken = hot(source, items).pipe(
      takeUntilStop({
        stop: hot(stop),
        hasView,
        onStop: () => undefined,
        scheduler: asyncScheduler,
      }),
    );
    expectObservable(taken).toBe(expected, items);
  });
}

describe('takeUntilStop', () => {
  it('ends at once between two pairs', () => {
    expectStop({ source: 's-fv-fv', stop: '----x', expected: 's-fv|' });
  });

  it('lets the view of the last frame come first', () => {
    expectStop({ source: 'fv-f--v-f', stop: '----x', expected: 'fv-f--(v|)' });
  });

  it('takes what comes instead of the view for the last item', () => {
    expectStop({ source: 'f--s-fv', stop: '-x', expected: 'f--(s|)' });
    expectStop({ source: 'f--f-fv', stop: '-x', expected: 'f--(f|)' });
  });

  it('ends at once when the source went offline after a frame without its view', () => {
    expectStop({ source: 'f-s---f', stop: '----x', expected: 'f-s-|' });
  });

  it('ends at once where there are no views', () => {
    expectStop({ source: 'f--f', stop: '-x', expected: 'f|', hasView: false });
  });

  it('waits for a view no longer than the limit', () => {
    new TestScheduler((got, wanted) => expect(got).toEqual(wanted)).run(({ hot, expectObservable }) => {
      const taken = hot('f', items).pipe(
        takeUntilStop({ stop: hot('-x'), hasView: true, onStop: () => undefined, scheduler: asyncScheduler }),
      );
      expectObservable(taken).toBe(`f ${PAIR_TIMEOUT_MS}ms |`, items);
    });
  });

  it('passes on an end that comes first', () => {
    expectStop({ source: 'f|', stop: '--x', expected: 'f|' });
  });
});
