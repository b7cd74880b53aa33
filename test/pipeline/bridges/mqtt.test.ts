import type { SightlineEvent } from '../../../models/domain/event';
import { createMqtt } from '../../../pipeline/bridges/mqtt';
import type { MqttOptions } from '../../../pipeline/bridges/mqtt';
import type { BridgeTarget } from '../../../pipeline/bridges/target';
import { bridged, notices, started } from '../../support/bridged';
import { startedEvent } from '../../support/events';
import { listen, startMqttBroker } from '../../support/mqtt-broker';
import type { MqttBroker } from '../../support/mqtt-broker';
import { startTcpProxy } from '../../support/tcp-proxy';
import { waitFor } from '../../support/wait-for';

type Started = ReturnType<typeof startedEvent>;

/** An event of another type, with these data. */
function event(type: string, data: Readonly<Record<string, unknown>>): SightlineEvent {
  const { data: all, ...envelope } = startedEvent(1);
  return { ...envelope, type, data: { camera: all.camera, epoch: 0, ...data } } as unknown as SightlineEvent;
}

const online = event('camera.online', { source: { width: 640, height: 360 } });
const offline = event('camera.offline', { cause: 'timeout', detail: 'no answer' });
const occupancy = (count: number) => event('occupancy.changed', { zone: 'door', count, ptsMs: 0 });

describe('the MQTT bridge', () => {
  let broker: MqttBroker;
  const open: { close(): Promise<unknown> }[] = [];
  beforeEach(async () => {
    broker = await startMqttBroker();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
    await broker.close();
  });

  function bridge(options: Partial<MqttOptions> = {}): BridgeTarget & { told: string[] } {
    const { told, ...listeners } = notices();
    const target = createMqtt({
      ...{ url: broker.url, clientId: 'test', prefix: 'home/cams', namespace: 'sightline', version: '1.2.3' },
      ...listeners,
      ...options,
    });
    open.push(target);
    return Object.assign(target, { told });
  }

  async function subscriber() {
    const listening = await listen(broker.url);
    open.push(listening);
    return listening;
  }

  it('publishes each event at its camera and type, and keeps what is so now for who comes later', async () => {
    const target = bridge();
    const early = await subscriber();
    const given = [online, startedEvent(1), occupancy(2), offline].map(bridged);
    expect(await Promise.all(given.map((one) => target.deliver(one)))).toEqual(
      given.map(() => ({ kind: 'delivered' })),
    );
    await early.until('home/cams/front/state', 'offline');
    expect(early.at('home/cams/front/track.started').map((text) => JSON.parse(text) as unknown)).toEqual([
      startedEvent(1),
    ]);
    expect(early.at('home/cams/front/state')).toEqual(['online', 'offline']);
    const late = await subscriber();
    await late.until('home/cams/front/zones/door/occupancy', '2');
    await late.until('home/cams/front/state', 'offline');
    await late.until('home/cams/status', 'online');
    expect(JSON.parse(late.at('home/cams/front/state/detail')[0]!)).toEqual({
      state: 'offline',
      since: startedEvent(1).time,
      ...{ cause: 'timeout', detail: 'no answer' },
    });
    expect(late.at('home/cams/front/track.started')).toEqual([]);
  });

  it('makes of no name a level of its own', async () => {
    const target = bridge();
    const early = await subscriber();
    const odd = { ...startedEvent(1), data: { ...startedEvent(1).data, camera: 'a/b+#' } };
    await target.deliver(bridged(odd));
    await early.until('home/cams/a_b__/track.started', JSON.stringify(odd));
  });

  it('says that it is gone, in good order and when it is killed', async () => {
    const target = bridge();
    const listening = await subscriber();
    await listening.until('home/cams/status', 'online');
    await target.close();
    await listening.until('home/cams/status', 'offline');
    const rival = bridge();
    await rival.deliver(started(1));
    await listening.until('home/cams/status', 'online');
    // Who comes with the same id takes the connection over: the broker publishes the will of the first.
    const { connectAsync } = await import('mqtt');
    const thief = await connectAsync(broker.url, { clientId: 'test', reconnectPeriod: 0 });
    await waitFor(() => listening.at('home/cams/status').filter((text) => text === 'offline').length >= 2, {
      what: 'the last will',
    });
    await thief.endAsync(true);
  });

  it('outlives a broker that restarts with nothing: events come in order, and what was kept is kept again', async () => {
    const proxy = await startTcpProxy(broker.port);
    open.push(proxy);
    const target = bridge({ url: `mqtt://127.0.0.1:${String(proxy.port)}` });
    await target.deliver(bridged(online));
    await target.deliver(bridged(occupancy(3)));
    proxy.refuse();
    await broker.stop();
    await waitFor(() => target.told.length > 0, { what: 'trouble' });
    const waiting = Array.from({ length: 20 }, (_, n) => target.deliver(started(n)));
    await broker.start();
    const listening = await subscriber();
    proxy.restore();
    await Promise.all(waiting);
    await listening.until('home/cams/front/state', 'online');
    await listening.until('home/cams/front/zones/door/occupancy', '3');
    const topic = 'home/cams/front/track.started';
    await waitFor(() => listening.at(topic).length >= 20, { what: 'events' });
    const numbers = listening.at(topic).map((text) => (JSON.parse(text) as Started).data.ptsMs);
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(target.told.at(-1)).toBe('recovered');
  });

  it('waits for a broker that is not there, and ends while it waits', async () => {
    await broker.stop();
    const target = bridge();
    const delivering = target.deliver(started(1));
    await waitFor(() => target.told.length > 0, { what: 'trouble' });
    expect(target.told).toEqual([
      expect.stringMatching(
        /^mqtt:\/\/127\.0\.0\.1:\d+: expected a connection, got .*ECONNREFUSED.*; trying again$/,
      ),
    ]);
    await target.close();
    await expect(delivering).rejects.toThrow('got closed before');
  });

  it('goes on once its password is right, and never prints it', async () => {
    const closed = await startMqttBroker(['allow_anonymous false']);
    open.push(closed);
    const target = bridge({ url: closed.url.replace('//', '//user:secret-word@') });
    await waitFor(() => target.told.length > 0, { what: 'trouble' });
    expect(target.told[0]).toContain('Not authorized');
    expect(target.told.join()).not.toContain('secret-word');
    await closed.stop();
    expect(target.name).toBe(closed.url);
  });

  it('tells Home Assistant of cameras and zones, those it knows and those it hears of', async () => {
    const homeAssistant = { prefix: 'homeassistant', cameras: [{ camera: 'yard', zones: ['gate'] }] };
    const target = bridge({ homeAssistant });
    const listening = await subscriber();
    await target.deliver(bridged(occupancy(1)));
    const topic = 'homeassistant/sensor/sightline_sightline_front/door_count/config';
    await waitFor(() => listening.at(topic).length > 0, { what: 'discovery' });
    const configs = listening.received.filter((one) => one.topic.startsWith('homeassistant/'));
    expect(new Set(configs.map((one) => one.topic))).toEqual(
      new Set([
        'homeassistant/binary_sensor/sightline_sightline_yard/connection/config',
        'homeassistant/sensor/sightline_sightline_yard/gate_count/config',
        'homeassistant/binary_sensor/sightline_sightline_yard/gate_occupancy/config',
        'homeassistant/binary_sensor/sightline_sightline_front/connection/config',
        'homeassistant/binary_sensor/sightline_sightline_front/door_occupancy/config',
        topic,
      ]),
    );
    const sensor = JSON.parse(listening.at(topic)[0]!) as Record<string, unknown>;
    expect(sensor).toMatchObject({
      state_topic: 'home/cams/front/zones/door/occupancy',
      unique_id: 'sightline_sightline_front.door_count',
      default_entity_id: 'sensor.sightline_sightline_front_door_count',
      device: { identifiers: ['sightline_sightline_front'], name: 'front' },
      availability_mode: 'all',
      availability: [{ topic: 'home/cams/status' }, { topic: 'home/cams/front/state' }],
    });
    const ids = configs.map(({ text }) => (JSON.parse(text) as { unique_id: string }).unique_id);
    expect(new Set(ids).size).toBe(6);
    await target.deliver(bridged(occupancy(2)));
    expect(listening.at(topic)).toHaveLength(1);
  });

  it('speaks as Frigate does where it is asked to', async () => {
    const target = bridge({ frigate: { prefix: 'frigate' } });
    const listening = await subscriber();
    await target.deliver(started(1));
    await waitFor(() => listening.at('frigate/events').length > 0, { what: 'an event' });
    expect(JSON.parse(listening.at('frigate/events')[0]!)).toMatchObject({
      type: 'new',
      after: { camera: 'front', label: 'person', end_time: null },
    });
  });

  it('shows what the log said before it began', async () => {
    const target = bridge();
    target.restore!(offline);
    target.restore!(occupancy(4));
    const listening = await subscriber();
    await listening.until('home/cams/front/state', 'offline');
    await listening.until('home/cams/front/zones/door/occupancy', '4');
  });
});
