import { Subject, defer, of, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { createStartGate, startInTurn } from '../../../operators/sources/start-in-turn';

describe('startInTurn', () => {
  const gate = createStartGate(2);
  let started: string[];

  beforeEach(() => {
    started = [];
  });

  function start(name: string, scheduler?: TestScheduler) {
    const items = new Subject<string>();
    const source = defer(() => {
      started.push(name);
      return items;
    });
    const subscription = source
      .pipe(startInTurn(gate, scheduler))
      .subscribe({ error: () => undefined, next: () => undefined });
    return { items, leave: () => subscription.unsubscribe() };
  }

  it('starts as many as there are places, and the next with the first item, end, failure or leaving of one', () => {
    const [a, b, c, d, e, f] = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => start(name));
    expect(started).toEqual(['a', 'b']);
    a!.items.next('item');
    a!.items.next('another');
    expect(started).toEqual(['a', 'b', 'c']);
    b!.items.complete();
    c!.items.error(new Error('no'));
    expect(started).toEqual(['a', 'b', 'c', 'd', 'e']);
    d!.leave();
    expect(started.at(-1)).toBe('f');
    for (const one of [a, e, f]) one!.leave();
    expect(gate.waiting).toBe(0);
  });

  it('does not start who has left while it waited', () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => start(name));
    c!.leave();
    a!.leave();
    expect(started).toEqual(['a', 'b', 'd']);
    for (const one of [b, d]) one!.leave();
  });

  it('does not wait for those who do not start', () => {
    const scheduler = new TestScheduler(() => undefined);
    const all: { leave: () => void }[] = [];
    const seen: string[] = [];
    scheduler.run(({ cold }) => {
      for (const name of ['a', 'b', 'c', 'd']) all.push(start(name, scheduler));
      cold('499ms x 1ms x').subscribe(() => seen.push(started.join('')));
    });
    expect(seen).toEqual(['ab', 'abcd']);
    for (const { leave } of all) leave();
  });

  it('gives places back that are needed no longer than a moment', () => {
    for (let count = 0; count < 10; count++) {
      of('item').pipe(startInTurn(gate)).subscribe();
      throwError(() => new Error('no'))
        .pipe(startInTurn(gate))
        .subscribe({ error: () => undefined });
    }
    const [a, b] = ['a', 'b'].map((name) => start(name));
    expect(started).toEqual(['a', 'b']);
    for (const one of [a, b]) one!.leave();
  });

  it('refuses a gate without places', () => {
    expect(() => createStartGate(0)).toThrow(RangeError);
  });
});
