import { from, lastValueFrom, toArray } from 'rxjs';
import type { OperatorFunction } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';

/**
 * Declares the tests of what every operator promises: silent while its source is, complete with an empty source, an error
 * passed on at once, one subscription, the source released when the consumer leaves, state of its own for each subscription.
 *
 * `create` makes the operator under test; `values` are inputs that bring out its state.
 */
export function itObeysOperatorLaws<I, O>(create: () => OperatorFunction<I, O>, values: readonly I[]): void {
  const run: TestScheduler['run'] = (callback) => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    return scheduler.run(callback);
  };

  it('is silent while its source is', () => {
    run(({ hot, expectObservable }) => {
      expectObservable(hot<I>('-----').pipe(create())).toBe('-----');
    });
  });

  it('completes with an empty source', () => {
    run(({ cold, expectObservable }) => {
      expectObservable(cold<I>('---|').pipe(create())).toBe('---|');
    });
  });

  it('passes an error on at once', () => {
    run(({ cold, expectObservable }) => {
      expectObservable(cold<I>('--#', undefined, new Error('broken')).pipe(create())).toBe(
        '--#',
        undefined,
        new Error('broken'),
      );
    });
  });

  it('subscribes to its source once, when it is subscribed itself', () => {
    run(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot<I>('-----|');
      expectObservable(source.pipe(create()), '--^').toBe('-----|');
      expectSubscriptions(source.subscriptions).toBe(['--^--!']);
    });
  });

  it('releases its source when the consumer leaves', () => {
    run(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot<I>('----------');
      expectObservable(source.pipe(create()), '^---!').toBe('-----');
      expectSubscriptions(source.subscriptions).toBe(['^---!']);
    });
  });

  it('keeps its state apart for each subscription', async () => {
    const piped = from(values).pipe(create(), toArray());
    const first = await lastValueFrom(piped);
    expect(first.length).toBeGreaterThan(0);
    expect(await lastValueFrom(piped)).toEqual(first);
  });
}
