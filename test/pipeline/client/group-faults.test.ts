import { LOG_KEYS, collect, numbered } from '../../support/event-log';
import { useEventLog } from '../../support/event-log-fixture';
import { startedEvent } from '../../support/events';
import { waitFor } from '../../support/wait-for';

const key = LOG_KEYS.events();
const GROUP = { group: 'alarm', from: 'oldest' } as const;

describe('subscribeEvents with a group, when things go wrong', () => {
  const log = useEventLog();
  const { subscribe } = log;
  const pending = async () => ((await log.client.xpending(key, 'alarm')) as [number])[0];

  afterEach(async () => {
    await log.client.config('SET', 'maxmemory', '0');
  });

  it.each(['oldest', { since: Date.now() - 60_000 }] as const)(
    'tells once of what was trimmed, also where nothing is left and nothing comes: from %o',
    async (from) => {
      await log.append(0, 3);
      await log.client.xtrim(key, 'MAXLEN', 0);
      const got = collect(subscribe({ ...GROUP, from, claimAfterMs: 100 }));
      // A read that finds nothing waits for half of `claimAfterMs`: the gap would be found again by each.
      const reads = await commandCalls('xreadgroup');
      await waitFor(async () => (await commandCalls('xreadgroup')) > reads + 6, { what: 'some reads' });
      expect(got.words()).toEqual([from === 'oldest' ? 'gap trimmed 3' : 'gap trimmed ?']);
      await log.append(3, 5);
      await got.until(3);
      expect(got.words().slice(1)).toEqual(numbered(3, 5));
    },
  );

  it('misses nothing of a log that was begun anew before it had read anything', async () => {
    const subscription = subscribe({ group: 'alarm', from: 'now' });
    const got = collect(subscription);
    await subscription.ready;
    const entry = ['type', 'track.started', 'camera', 'front', 'id', 'x', 'seq', '1'];
    const data = JSON.stringify(startedEvent(0));
    await log.client
      .multi()
      .flushall()
      .xadd(key, '*', ...entry, 'data', data)
      .exec();
    await got.until(2);
    expect(got.words()).toEqual(['gap reset ?', 'front 1']);
  });

  it('begins where it was when its group is destroyed before it had read anything', async () => {
    await log.append(0, 3);
    const subscription = subscribe({ group: 'alarm', from: 'now', claimAfterMs: 100 });
    const got = collect(subscription);
    await subscription.ready;
    const reads = await commandCalls('xreadgroup');
    await waitFor(async () => (await commandCalls('xreadgroup')) > reads + 2, { what: 'some reads' });
    await log.client.xgroup('DESTROY', key, 'alarm');
    await got.until(1);
    await log.append(3, 4);
    await got.until(2);
    expect(got.words()).toEqual(['gap reset ?', 'front 4']);
  });

  it('goes on while Redis is full: a group that is there needs no room, and dead letters wait for it', async () => {
    await log.append(0, 2);
    const first = subscribe({ ...GROUP, consumer: 'one' });
    const held = collect(
      first,
      (delivery) => delivery.kind === 'event' && delivery.seq === 1 && void delivery.ack(),
    );
    await held.until(2);
    await waitFor(async () => (await pending()) === 1, { what: 'the acknowledgement' });
    await first.close();
    await log.append(2, 4);
    await log.client.config('SET', 'maxmemory', '1');
    const second = subscribe({ ...GROUP, consumer: 'one', maxDeliveries: 1, claimAfterMs: 100 });
    const got = collect(second);
    await got.until(2);
    expect(got.words()).toEqual(numbered(2, 4));
    expect([await pending(), second.stats().deadLetters]).toEqual([1, 0]);
    await log.client.config('SET', 'maxmemory', '0');
    await waitFor(() => second.stats().deadLetters === 1, { what: 'the dead letter' });
    expect(await pending()).toBe(0);
  });

  it('fails when Redis lets it read and not acknowledge', async () => {
    await log.append(0, 1);
    await log.client.call('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', '+@all', '-xack');
    const url = log.url.replace('//', '//reader:secret@');
    const subscription = subscribe({ ...GROUP, url });
    let refused: Promise<void> | undefined;
    const got = collect(subscription, (delivery) => {
      if (delivery.kind === 'event') refused = delivery.ack();
    });
    await expect(got.done).rejects.toThrow(/^auth: redis:.* expected to be let in, got NOPERM .*xack/);
    await expect(refused).rejects.toThrow(/NOPERM/);
    await log.client.call('ACL', 'DELUSER', 'reader');
  });

  it('gives up what each of its consumers could not deal with, also when each is closed at once', async () => {
    await log.append(0, 1);
    for (const deliveries of [1, 2]) {
      const subscription = subscribe({ ...GROUP, consumer: 'one', maxDeliveries: 2 });
      const got = collect(subscription, (delivery) => delivery.kind === 'event' && delivery.nack());
      await got.until(1);
      expect(got.deliveries).toMatchObject([{ kind: 'event', deliveries }]);
      await subscription.close();
    }
    const last = subscribe({ ...GROUP, consumer: 'one', maxDeliveries: 2 });
    await waitFor(() => last.stats().deadLetters === 1, { what: 'a dead letter' });
  });

  it('gives up also what has more fields than a script can hand on', async () => {
    const fields = Array.from({ length: 5000 }, (_, n) => [`f${n}`, 'x']);
    await log.appendRaw(Object.fromEntries(fields) as Record<string, string>);
    const subscription = subscribe({ ...GROUP, maxDeliveries: 1, claimAfterMs: 100 });
    collect(subscription, (delivery) => delivery.kind === 'malformed' && delivery.nack());
    await waitFor(() => subscription.stats().deadLetters === 1, { what: 'a dead letter' });
    expect(await pending()).toBe(0);
  });

  it('waits for nothing while it takes over much', async () => {
    await log.append(0, 1000);
    await log.client.xgroup('CREATE', key, 'alarm', '0');
    await log.client.xreadgroup('GROUP', 'alarm', 'dead', 'COUNT', 1000, 'STREAMS', key, '>');
    const reads = await commandCalls('xreadgroup');
    const got = collect(subscribe({ ...GROUP, claimAfterMs: 100, maxInFlight: 20 }));
    await got.until(1000);
    expect(got.words()).toEqual(numbered(0, 1000));
    // Fifty times what is new, and a few waits at the start; each further one would last a tenth of a second.
    expect((await commandCalls('xreadgroup')) - reads).toBeLessThan(75);
  });

  it('says of all that it is at work on, however much, that it is', async () => {
    const subscription = subscribe({ ...GROUP, claimAfterMs: 300, maxInFlight: 2500 });
    await log.client.eval(
      `for n = 1, 2500 do redis.call('XADD', KEYS[1], '*', 'type', 't', 'camera', 'c', 'data', '{}') end`,
      ...[1, key],
    );
    const held = collect(subscription, () => undefined);
    await held.until(2500);
    const idleMs = async (from: string, to: string) => {
      const [one] = (await log.client.call('XPENDING', key, 'alarm', from, to, 1)) as [
        string,
        string,
        number,
      ][];
      return one![2];
    };
    const ids = held.deliveries.map((one) => (one.kind === 'gap' ? '' : one.entryId));
    for (const id of [ids[0]!, ids.at(-1)!]) {
      let lastMs = await idleMs(id, id);
      const isKept = async () => {
        const nowMs = await idleMs(id, id);
        const wasReset = nowMs < lastMs;
        lastMs = nowMs;
        return wasReset;
      };
      await waitFor(isKept, { what: 'a sign of life' });
    }
  });

  it('counts what is acknowledged twice once', async () => {
    await log.append(0, 1);
    const subscription = subscribe(GROUP);
    const got = collect(
      subscription,
      (delivery) => delivery.kind === 'event' && [delivery.ack(), delivery.ack()],
    );
    await got.until(1);
    const [delivery] = got.deliveries;
    if (delivery?.kind !== 'event') throw new Error('expected an event');
    await delivery.ack();
    await subscription.close();
    await delivery.ack();
    expect(subscription.stats().acknowledged).toBe(1);
  });

  async function commandCalls(name: string): Promise<number> {
    const info = await log.client.info('commandstats');
    return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(info)?.[1] ?? 0);
  }
});
