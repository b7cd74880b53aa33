import { LOG_KEYS, collect, numbered } from '../../support/event-log';
import { useEventLog } from '../../support/event-log-fixture';
import { waitFor } from '../../support/wait-for';

const key = LOG_KEYS.events();

describe('subscribeEvents with a group', () => {
  const log = useEventLog();
  const { subscribe } = log;

  const trim = (length: number) => log.client.xtrim(key, 'MAXLEN', length);

  const GROUP = { group: 'alarm', from: 'oldest' } as const;
  const pending = async () => ((await log.client.xpending(key, 'alarm')) as [number])[0];

  it('shares events among its consumers, each to one of them, and acknowledges', async () => {
    await log.append(0, 200);
    const both = [collect(subscribe(GROUP)), collect(subscribe(GROUP))];
    await waitFor(() => both.reduce((sum, { deliveries }) => sum + deliveries.length, 0) === 200, {
      what: 'all',
    });
    await log.append(200, 210);
    await waitFor(() => both.reduce((sum, { deliveries }) => sum + deliveries.length, 0) === 210, {
      what: 'more',
    });
    expect(both.flatMap(({ words }) => words()).sort()).toEqual(numbered(0, 210).sort());
    await waitFor(async () => (await pending()) === 0, { what: 'acknowledgements' });
  });

  it('delivers first what the same consumer had not acknowledged', async () => {
    await log.append(0, 10);
    const first = subscribe({ ...GROUP, consumer: 'one', maxInFlight: 4 });
    const got = collect(first, () => undefined);
    await got.until(4);
    await first.close();
    const again = collect(subscribe({ ...GROUP, consumer: 'one' }));
    await again.until(10);
    expect(again.words()).toEqual(numbered(0, 10));
    expect(again.deliveries.slice(0, 5).map((one) => one.kind === 'event' && one.deliveries)).toEqual([
      2, 2, 2, 2, 1,
    ]);
  });

  it('takes over what another left, but nothing that another is still at work on', async () => {
    await log.append(0, 6);
    const slow = subscribe({ ...GROUP, claimAfterMs: 1000, maxInFlight: 3 });
    const held = collect(slow, () => undefined);
    await held.until(3);
    const other = collect(subscribe({ ...GROUP, claimAfterMs: 1000 }));
    await other.until(3);
    const since = performance.now();
    await waitFor(() => performance.now() - since > 2000, { what: 'twice the claim time' });
    expect(other.words()).toEqual(numbered(3, 6));
    await slow.close();
    await other.until(6);
    expect(other.words().sort()).toEqual(numbered(0, 6));
    expect(held.words()).toEqual(numbered(0, 3));
  });

  it('leaves to others at once what a closed one had not handed over', async () => {
    await log.append(0, 50);
    const first = subscribe({ ...GROUP, maxInFlight: 50 });
    await waitFor(() => first.stats().inFlight === 50, { what: 'the first to have read' });
    await first.close();
    const second = collect(subscribe(GROUP));
    await second.until(50);
    expect(second.deliveries.every((one) => one.kind === 'event' && one.deliveries === 1)).toBe(true);
  });

  it('gives up what was delivered too often', async () => {
    await log.append(0, 2);
    const subscription = subscribe({ ...GROUP, claimAfterMs: 100, maxDeliveries: 2 });
    const got = collect(subscription, (delivery) => {
      if (delivery.kind !== 'event') return;
      if (delivery.seq === 1) delivery.nack();
      else void delivery.ack();
    });
    await waitFor(() => subscription.stats().deadLetters === 1, { what: 'a dead letter' });
    expect(got.words()).toEqual(['front 1', 'front 2', 'front 1']);
    const [[, fields]] = (await log.client.xrange(LOG_KEYS.deadEvents('alarm'), '-', '+')) as [
      [string, string[]],
    ];
    expect(fields.slice(0, 4)).toEqual(['entry', expect.any(String), 'deliveries', '2']);
    expect(fields).toContain('track.started');
    expect(await pending()).toBe(0);
  });

  it('tells of what was trimmed before anybody got it, once, and of what was trimmed while somebody had it', async () => {
    await log.append(0, 100);
    const first = subscribe({ ...GROUP, maxInFlight: 10 });
    const held = collect(first, () => undefined);
    await held.until(10);
    await trim(5);
    await first.close();
    const rest = collect(subscribe({ ...GROUP, claimAfterMs: 100 }));
    await waitFor(() => rest.deliveries.length >= 7, { what: 'the rest' });
    expect(rest.words().sort()).toEqual([...numbered(95, 100), 'gap trimmed 10', 'gap trimmed 85'].sort());
    expect(await pending()).toBe(0);
    await log.append(100, 101);
    await rest.until(8);
    await trim(0);
    await log.append(101, 103);
    await rest.until(10);
    expect(rest.words().slice(7)).toEqual(numbered(100, 103));
  });

  it('makes its group anew when that is gone, and when the log is', async () => {
    await log.append(0, 3);
    const got = collect(subscribe(GROUP));
    await got.until(3);
    await waitFor(async () => (await pending()) === 0, { what: 'acknowledgements' });
    await log.client.xgroup('DESTROY', key, 'alarm');
    await got.until(4);
    await log.append(3, 5);
    await got.until(6);
    await log.client.flushall();
    await got.until(7);
    await log.append(5, 6);
    await got.until(8);
    expect(got.words()).toEqual([
      ...numbered(0, 3),
      'gap reset ?',
      ...numbered(3, 5),
      'gap reset ?',
      'front 6',
    ]);
  });

  it('acknowledges what nobody wants', async () => {
    await log.append(0, 20);
    await log.append(0, 1, { camera: 'back' });
    const got = collect(subscribe({ ...GROUP, cameras: ['back'] }));
    await got.until(1);
    await waitFor(async () => (await pending()) === 0, { what: 'acknowledgements' });
    expect(got.words()).toEqual(['back 1']);
  });

  it('leaves no consumer, connection or timer behind', async () => {
    await log.append(0, 5);
    const subscription = subscribe(GROUP);
    await collect(subscription).until(5);
    await subscription.close();
    expect(await log.client.xinfo('CONSUMERS', key, 'alarm')).toEqual([]);
    await waitFor(async () => !String(await log.client.client('LIST')).includes('sightline-subscriber'), {
      what: 'connections to close',
    });
  });
});
