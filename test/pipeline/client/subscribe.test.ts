import { firstValueFrom, take, toArray } from 'rxjs';
import { subscribeEvents } from '../../../pipeline';
import type { SubscribeOptions } from '../../../pipeline';
import { LOG_KEYS, collect, inWords, numbered } from '../../support/event-log';
import { useEventLog } from '../../support/event-log-fixture';
import { startRedisServer } from '../../support/redis-server';
import { waitFor } from '../../support/wait-for';

const key = LOG_KEYS.events();

describe('subscribeEvents', () => {
  const log = useEventLog();
  const { subscribe } = log;

  const trim = (length: number) => log.client.xtrim(key, 'MAXLEN', length);

  describe('without a group', () => {
    it('delivers what comes from now on, in order, until it is closed', async () => {
      await log.append(0, 3);
      const subscription = subscribe();
      await subscription.ready;
      await log.append(3, 6);
      const got = collect(subscription);
      await got.until(3);
      expect(got.words()).toEqual(numbered(3, 6));
      await subscription.close();
      await got.done;
      expect(subscription.stats()).toMatchObject({ delivered: 3, inFlight: 0 });
    });

    it('begins with the oldest, at a time, and behind a token', async () => {
      const [, , third] = await log.append(0, 3);
      await waitFor(() => Date.now() > Number(third!.split('-')[0]), { what: 'the next millisecond' });
      const since = Date.now();
      await log.append(3, 6);
      const oldest = collect(subscribe({ from: 'oldest' }));
      const timed = collect(subscribe({ from: { since } }));
      await oldest.until(6);
      await timed.until(3);
      expect(oldest.words()).toEqual(numbered(0, 6));
      expect(timed.words()).toEqual(numbered(3, 6));
      const fourth = oldest.deliveries[3]!;
      const resumed = collect(subscribe({ from: { after: fourth.kind === 'event' ? fourth.token : '' } }));
      await resumed.until(2);
      expect(resumed.words()).toEqual(numbered(4, 6));
    });

    it('ends with what was there where that is asked for, and closes its connections', async () => {
      await log.append(0, 5);
      const got = collect(subscribe({ from: 'oldest', to: 'now' }));
      await got.done;
      expect(got.words()).toEqual(numbered(0, 5));
      await waitFor(async () => !String(await log.client.client('LIST')).includes('sightline-subscriber'), {
        what: 'connections to close',
      });
      await collect(subscribe({ group: 'empty', from: 'now', to: 'now' })).done;
    });

    it('ends with what was there also when its last entries are gone by then, or all of them', async () => {
      const ids = await log.append(0, 3);
      await log.client.xdel(key, ids.at(-1)!);
      const some = collect(subscribe({ from: 'oldest', to: 'now' }));
      await some.done;
      expect(some.words()).toEqual(numbered(0, 2));
      await trim(0);
      const none = collect(subscribe({ from: 'oldest', to: 'now' }));
      await none.done;
      expect(none.words()).toEqual([]);
    });

    it('serves who asks for several at once in turn, all of them when it is closed', async () => {
      const subscription = subscribe({ maxInFlight: 2 });
      await subscription.ready;
      const events = subscription[Symbol.asyncIterator]();
      const asked = Array.from({ length: 6 }, () => events.next());
      await log.append(0, 4);
      const got = await Promise.all(asked.slice(0, 4));
      expect(got.map((one) => (one.done === true ? 'end' : inWords(one.value)))).toEqual(numbered(0, 4));
      await subscription.close();
      expect(await Promise.all(asked.slice(4))).toEqual(Array(2).fill({ done: true, value: undefined }));
    });

    it('waits for the consumer: no more than asked for is in flight', async () => {
      await log.append(0, 300);
      const subscription = subscribe({ from: 'oldest', maxInFlight: 10 });
      const iterator = subscription[Symbol.asyncIterator]();
      for (let n = 0; n < 300; n++) {
        const { value } = await iterator.next();
        expect(value).toMatchObject({ kind: 'event', seq: n + 1 });
        expect(subscription.stats().inFlight).toBeLessThanOrEqual(10);
      }
      expect(subscription.stats().delivered).toBe(300);
    });

    it('tells a consumer that is slower than retention what it missed', async () => {
      await log.append(0, 100);
      const subscription = subscribe({ from: 'oldest', maxInFlight: 10 });
      const iterator = subscription[Symbol.asyncIterator]();
      for (let n = 0; n < 5; n++) await iterator.next();
      await waitFor(() => subscription.stats().inFlight === 10, { what: 'the reader to be full' });
      await trim(20);
      const rest: string[] = [];
      for (
        let value;
        rest.length < 30;
        rest.push(value.kind === 'gap' ? `gap ${String(value.missing)}` : `${value.seq}`)
      ) {
        ({ value } = await iterator.next());
      }
      const read = rest.indexOf('gap 66') + 5;
      expect(rest[read - 5]).toBe(`gap ${String(80 - read)}`);
      expect(rest.slice(-20)).toEqual(Array.from({ length: 20 }, (_, n) => String(81 + n)));
    });

    it('tells one that comes back with a token after retention took what followed', async () => {
      await log.append(0, 50);
      const first = collect(subscribe({ from: 'oldest' }));
      await first.until(50);
      const [, , third] = first.deliveries;
      await trim(10);
      const resumed = collect(subscribe({ from: { after: third!.kind === 'event' ? third!.token : '' } }));
      await resumed.until(11);
      expect(resumed.words()).toEqual(['gap trimmed 37', ...numbered(40, 50)]);
    });

    it('knows of no gap where nothing was missed although all of it was trimmed', async () => {
      await log.append(0, 5);
      const subscription = subscribe({ from: 'oldest' });
      const got = collect(subscription);
      await got.until(5);
      await trim(0);
      await log.append(5, 8);
      await got.until(8);
      expect(got.words()).toEqual(numbered(0, 8));
    });

    it('goes on with a log that was begun anew, and says so', async () => {
      await log.append(0, 5);
      const got = collect(subscribe({ from: 'oldest' }));
      await got.until(5);
      await log.client.flushall();
      await got.until(6);
      // What was delivered is not delivered again, whoever writes it into the new log.
      await log.append(3, 8);
      await got.until(9);
      expect(got.words()).toEqual([...numbered(0, 5), 'gap reset ?', ...numbered(5, 8)]);
    });

    it('delivers an event that was written twice once', async () => {
      await log.append(0, 3);
      await log.append(1, 5);
      const subscription = subscribe({ from: 'oldest' });
      const got = collect(subscription);
      await got.until(5);
      expect(got.words()).toEqual(numbered(0, 5));
      expect(subscription.stats().duplicates).toBe(2);
    });

    it('filters by type and camera', async () => {
      await log.append(0, 2);
      await log.append(0, 2, { camera: 'back' });
      await log.appendRaw({ type: 'zone.other', camera: 'back', data: '{"type":"zone.other","data":{}}' });
      const cameras = collect(subscribe({ from: 'oldest', cameras: ['back'], types: ['track.*'] }));
      await cameras.until(2);
      expect(cameras.words()).toEqual(numbered(0, 2, 'back'));
      const types = collect(subscribe({ from: 'oldest', types: ['zone.other'] }));
      await types.until(1);
      expect(types.words()).toEqual(['unknown zone.other']);
    });

    it('hands on what it does not know, as such', async () => {
      await log.append(0, 1);
      const { data } =
        (collect(subscribe({ from: 'oldest' })), { data: await log.client.xrange(key, '-', '+') });
      const newer = data[0]![1][9]!.replace('event:1', 'event:2');
      await log.appendRaw({ type: 'track.started', camera: 'front', id: 'x', seq: '2', data: newer });
      await log.appendRaw({ type: 'track.started', camera: 'front', id: 'y', seq: '3', data: '{' });
      await log.appendRaw({ hello: 'world' });
      await log.append(3, 4);
      const got = collect(subscribe({ from: 'oldest' }));
      await got.until(5);
      expect(got.words()).toEqual(['front 1', 'unknown track.started', 'malformed', 'malformed', 'front 4']);
      expect(got.deliveries[3]).toMatchObject({ fields: { hello: 'world' } });
    });

    it('reads all shards, in order within each camera, also of a token of fewer', async () => {
      const cameras = ['a', 'b', 'c'];
      await log.client.hset(LOG_KEYS.eventsInfo, 'shards', 3);
      for (const [shard, camera] of cameras.entries()) await log.append(0, 20, { camera, shard });
      const got = collect(subscribe({ from: 'oldest' }));
      await got.until(60);
      for (const camera of cameras)
        expect(got.words().filter((word) => word.startsWith(camera))).toEqual(numbered(0, 20, camera));
      const middle = got.deliveries[30]!;
      const token = middle.kind === 'event' ? middle.token : '';
      const resumed = collect(subscribe({ from: { after: token } }));
      await resumed.until(29);
      expect([...got.words().slice(0, 31), ...resumed.words()].sort()).toEqual(got.words().sort());
      expect(token.split('.')).toHaveLength(4);
    });

    it('is an observable, whose deliveries are in flight until they are acknowledged', async () => {
      await log.append(0, 30);
      const subscription = subscribe({ from: 'oldest', maxInFlight: 5 });
      const seen: number[] = [];
      const acks: (() => Promise<void>)[] = [];
      const watching = subscription.observable.subscribe((delivery) => {
        if (delivery.kind !== 'event') return;
        seen.push(delivery.seq);
        acks.push(() => delivery.ack());
      });
      await waitFor(() => seen.length === 5, { what: 'five' });
      for (const ack of acks.splice(0, 2)) await ack();
      await waitFor(() => seen.length === 7, { what: 'two more' });
      expect(subscription.stats().inFlight).toBe(5);
      watching.unsubscribe();
      await subscription.close();
      const all = await firstValueFrom(subscribe({ from: 'oldest' }).observable.pipe(take(30), toArray()));
      expect(all).toHaveLength(30);
    });
  });

  it.each<[string, Partial<SubscribeOptions>, RegExp]>([
    ['a group that is no name', { group: 'a b' }, /group: expected 1 to 128 letters/],
    ['a consumer alone', { consumer: 'a' }, /consumer: expected a group as well/],
    ['no room', { maxInFlight: 0 }, /maxInFlight: expected a whole number from 1 to 100000, got "0"/],
    ['a token that is none', { from: { after: 'p1.x' } }, /from\.after: expected the token of a delivery/],
    ['a token of no log', { from: { after: `p1.1-${'9'.repeat(20)}` } }, /from\.after: expected the token/],
    ['a time that is none', { from: { since: new Date('x') } }, /from: expected 'now', 'oldest'/],
    ['a start that is none', { from: 'yesterday' as 'now' }, /from: expected 'now', .*, got "yesterday"$/],
    [
      'an option that is none',
      { groups: 'a' } as object,
      /options: expected some of url, .*onTrouble, got "groups"$/,
    ],
    ['no types', { types: [] }, /types: expected a list of names that is not empty/],
    ['a namespace that is none', { namespace: 'A' }, /namespace: expected/],
  ])('refuses %s', (_what, options, message) => {
    expect(() => subscribeEvents({ url: log.url, ...options })).toThrow(message);
  });

  it('fails when Redis refuses the password, without telling it', async () => {
    const secured = await startRedisServer(['--requirepass', 'right']);
    const subscription = subscribe({ url: secured.url.replace('//', '//:wr0ng-secret@') });
    await expect(subscription.ready).rejects.toMatchObject({ code: 'auth' });
    const { done } = collect(subscription);
    await expect(done).rejects.toThrow(/expected to be let in/);
    await expect(done).rejects.not.toThrow(/wr0ng-secret/);
    await secured.close();
  });

  it('fails where other keys are in the place of the log', async () => {
    await log.client.set(LOG_KEYS.eventsInfo, 'x');
    await expect(collect(subscribe()).done).rejects.toMatchObject({ code: 'sink' });
  });

  it('gives itself to one consumer', () => {
    const subscription = subscribe();
    collect(subscription);
    expect(() => subscription[Symbol.asyncIterator]()).toThrow(/expected one consumer/);
  });
});
