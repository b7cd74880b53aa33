import { createBridge } from '../../../pipeline/bridges/bridge';
import type { Bridge, BridgeOptions } from '../../../pipeline/bridges/bridge';
import { ClosedError, DELIVERED } from '../../../pipeline/bridges/target';
import type { BridgeTarget, BridgedDelivery, Outcome } from '../../../pipeline/bridges/target';
import { LOG_KEYS } from '../../support/event-log';
import { useEventLog } from '../../support/event-log-fixture';
import { waitFor } from '../../support/wait-for';

const KEY = LOG_KEYS.events();
const GROUP = 'bridge-hook';

/** A target in the hands of a test. */
function createProbe(handle: (delivery: BridgedDelivery) => Outcome | Promise<Outcome> = () => DELIVERED) {
  const delivered: string[] = [];
  const restored: string[] = [];
  let opened = 0;
  let closed = 0;
  const open = (): BridgeTarget => {
    opened++;
    const waiting = new Set<(error: Error) => void>();
    return {
      ...{ name: 'probe', maxInFlight: 10, stateTypes: ['track.started'] },
      restore: (event) => void restored.push(event.id),
      deliver(delivery) {
        delivered.push(
          `${delivery.kind === 'event' ? delivery.event.data.camera : delivery.camera} ${String(delivery.seq)}`,
        );
        return new Promise((resolve, reject) => {
          waiting.add(reject);
          Promise.resolve(handle(delivery)).then(resolve, reject);
        });
      },
      close() {
        closed++;
        for (const reject of waiting) reject(new ClosedError('probe'));
        return Promise.resolve();
      },
    };
  };
  return { open, delivered, restored, opened: () => opened, closed: () => closed };
}

describe('a bridge', () => {
  const log = useEventLog();
  const bridges: Bridge[] = [];
  afterEach(async () => {
    await Promise.all(bridges.splice(0).map((one) => one.close()));
  });

  function bridge(open: BridgeOptions['open'], options: Partial<BridgeOptions> = {}) {
    const told: string[] = [];
    const made = createBridge({
      ...{ name: 'hook', url: log.url, namespace: 'sightline', from: 'oldest', open },
      onTrouble: (detail) => void told.push(detail),
      onRecovered: (detail) => void told.push(detail),
      ...options,
    });
    bridges.push(made);
    return { ...made, told };
  }

  const pending = async () => ((await log.client.xpending(KEY, GROUP)) as [number])[0];
  const dead = () => log.client.xrange(LOG_KEYS.deadEvents(GROUP), '-', '+');
  const never = () => new Promise<Outcome>(() => undefined);

  it('passes on what it is to, in order, and acknowledges what was delivered', async () => {
    await log.append(0, 30);
    await log.append(0, 5, { camera: 'back' });
    const probe = createProbe();
    const made = bridge(probe.open, { cameras: ['front'], types: ['track.*'] });
    await made.drain(10_000);
    expect(probe.delivered).toEqual(Array.from({ length: 30 }, (_, n) => `front ${String(n + 1)}`));
    expect(made.stats()).toEqual({ delivered: 30, refused: 0, missed: 0, inFlight: 0, isActive: true });
    expect(await pending()).toBe(0);
  });

  it('begins with what comes, where it is new and not told otherwise, and is ready by then', async () => {
    await log.append(0, 3);
    const probe = createProbe();
    const made = bridge(probe.open, { from: 'now' });
    await made.ready;
    await log.append(3, 5);
    await made.drain(10_000);
    expect(probe.delivered).toEqual(['front 4', 'front 5']);
  });

  it('tells the target what was so before', async () => {
    await log.append(0, 3);
    const probe = createProbe();
    await bridge(probe.open, { from: 'now' }).ready;
    expect(probe.restored).toHaveLength(1);
  });

  it('does not tell it of what it is not to pass on, nor stumbles over what is no such event', async () => {
    await log.append(0, 3);
    const probe = createProbe();
    await bridge(probe.open, { types: ['track.ended', 'zone.*'] }).ready;
    const strict = { ...probe.open(), restore: () => fail() };
    const made = bridge(() => strict, { name: 'strict' });
    await made.ready;
    expect([probe.restored, made.told]).toEqual([[], []]);
  });

  it('makes a dead letter of what its target stumbles over, and goes on', async () => {
    await log.append(0, 40);
    const probe = createProbe(({ seq }) => (seq <= 20 ? fail() : DELIVERED));
    const made = bridge(probe.open);
    await made.drain(10_000);
    await waitFor(() => made.stats().delivered === 20, { what: 'the others to be counted' });
    expect(made.stats()).toMatchObject({ refused: 20, inFlight: 0 });
    expect(made.told.filter((detail) => detail.includes('dead letter'))).toHaveLength(1);
    expect((await dead())[0]![1]).toContain('expected data of track.started, got others: no such field');
  });

  it('makes dead letters of what is refused and of what is no event', async () => {
    await log.append(0, 2);
    await log.appendRaw({ camera: 'front', data: 'no json' });
    await log.append(2, 3);
    const probe = createProbe(({ seq }) => (seq === 2 ? { kind: 'refused', reason: 'too odd' } : DELIVERED));
    const made = bridge(probe.open);
    await made.drain(10_000);
    expect(probe.delivered).toEqual(['front 1', 'front 2', 'front 3']);
    const letters = (await dead()).map(([, fields]) => Object.fromEntries(pairs(fields)));
    expect(letters).toHaveLength(2);
    expect(letters).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ reason: 'too odd', seq: '2', deliveries: '1', consumer: 'bridge' }),
        expect.objectContaining({ reason: expect.stringContaining('expected a field "data"') as string }),
      ]),
    );
    await waitFor(() => made.stats().refused === 2, { what: 'both to be counted' });
    expect(made.told).toEqual([expect.stringMatching(/^bridge hook: .+; it is a dead letter now$/)]);
  });

  it('leaves to its successor what was not delivered, which gets it at once and in order', async () => {
    await log.append(0, 12);
    const stuck = createProbe(({ seq }) => (seq > 2 ? never() : DELIVERED));
    const first = bridge(stuck.open);
    await waitFor(() => stuck.delivered.length === 12, { what: 'all that fits' });
    await first.close();
    expect(stuck.closed()).toBe(1);
    const probe = createProbe();
    await bridge(probe.open).drain(10_000);
    expect(probe.delivered).toEqual(Array.from({ length: 10 }, (_, n) => `front ${String(n + 3)}`));
  });

  it('is run by one process at a time, the next when that one ends', async () => {
    const [one, two] = [createProbe(), createProbe()];
    const first = bridge(one.open);
    await first.ready;
    const second = bridge(two.open);
    await second.ready;
    await log.append(0, 3);
    await second.drain(10_000);
    expect([one.delivered.length, two.opened(), second.stats().isActive]).toEqual([3, 0, false]);
    await first.close();
    await log.append(3, 5);
    await second.drain(10_000);
    expect(two.delivered).toEqual(['front 4', 'front 5']);
  });

  it('takes the place of one that gives no sign of life, and the other leaves it', async () => {
    const [one, two] = [createProbe(), createProbe()];
    const first = bridge(one.open);
    await first.ready;
    await log.client.set(LOG_KEYS.bridge('hook'), 'somebody');
    await waitFor(() => one.closed() === 1, { what: 'the first to leave' });
    await log.client.del(LOG_KEYS.bridge('hook'));
    await log.append(0, 1);
    await bridge(two.open).drain(10_000);
    expect(one.delivered.length + two.delivered.length).toBe(1);
  });

  it('tells of what was trimmed before it was read', async () => {
    await log.append(0, 1);
    const probe = createProbe();
    const first = bridge(probe.open);
    await first.drain(10_000);
    await first.close();
    await log.append(1, 10);
    await log.client.xtrim(KEY, 'MAXLEN', 4);
    const made = bridge(probe.open);
    await made.drain(10_000);
    expect(made.told).toEqual(['bridge hook: 5 events were trimmed before they were read']);
    expect(made.stats().missed).toBe(5);
  });

  it('ends at once when Redis is not there', async () => {
    const probe = createProbe();
    const made = bridge(probe.open, { url: 'redis://127.0.0.1:1' });
    await made.drain(50);
    expect(made.told.at(-1)).toBe('bridge hook: events are left, for the process that runs it next');
    await made.close();
    expect(probe.opened()).toBe(0);
  });
});

function fail(): never {
  throw new TypeError('no such field');
}

const pairs = (flat: readonly string[]) =>
  flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]!] as const] : []));
