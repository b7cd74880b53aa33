import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { SightlineEvent } from '../../../models/domain/event';
import { createMqtt } from '../../../pipeline/bridges/mqtt';
import type { MqttOptions } from '../../../pipeline/bridges/mqtt';
import { bridged, notices, started } from '../../support/bridged';
import { startedEvent } from '../../support/events';
import { listen, startMqttBroker } from '../../support/mqtt-broker';
import { waitFor } from '../../support/wait-for';

const DELIVERED = { kind: 'delivered' };

/** A broker that lets in whoever comes, answers pings and confirms nothing. */
async function startDeafBroker(): Promise<{ url: string; connections: () => number; close: () => void }> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.once('data', () => {
      connections++;
      socket.write(Buffer.from([0x20, 2, 0, 0]));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `mqtt://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    connections: () => connections,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

describe('the MQTT bridge, with what a broker does not take', () => {
  function bridge(url: string, options: Partial<MqttOptions> = {}) {
    const { told, ...listeners } = notices();
    const target = createMqtt({
      ...{ url, clientId: 'test', prefix: 'home', namespace: 'sightline', version: '1.2.3' },
      ...{ reconnectMs: 5, ...listeners },
      ...options,
    });
    return { ...target, told };
  }

  const of = (camera: string) => bridged({ ...startedEvent(1), data: { ...startedEvent(1).data, camera } });

  it('makes topics of names that no topic may hold', async () => {
    const broker = await startMqttBroker();
    const listening = await listen(broker.url);
    const target = bridge(broker.url);
    const names = ['bell\u0007', 'no\uFFFE', 'half \ud800', 'del\u007f', '\u{1F3A5}'.repeat(200), '$SYS'];
    expect(await Promise.all(names.map((name) => target.deliver(of(name))))).toEqual(
      names.map(() => DELIVERED),
    );
    await waitFor(() => listening.at('home/bell_/track.started').length === 1, { what: 'the first' });
    await Promise.all([target.close(), listening.close()]);
    await broker.close();
  });

  it('gives up an event that the broker ends the connection over, and goes on with the next', async () => {
    const broker = await startMqttBroker(['allow_anonymous true', 'max_packet_size 5000']);
    const target = bridge(broker.url);
    const large = { ...startedEvent(2), subject: 'x'.repeat(10_000) };
    const all = [started(1), bridged(large), started(3)].map((one) => target.deliver(one));
    expect(await Promise.all(all)).toEqual([
      DELIVERED,
      {
        kind: 'refused',
        reason: expect.stringContaining('got the connection ended over it 20 times') as string,
      },
      DELIVERED,
    ]);
    // Of the 20 breaks it tells but twice: what is confirmed between them is told of as well.
    expect(target.told.length).toBeLessThanOrEqual(4);
    expect(target.told.at(-1)).toBe('recovered');
    await target.close();
    await broker.close();
  });

  it('does not begin each connection with what the broker ends it over', async () => {
    const broker = await startMqttBroker(['allow_anonymous true', 'max_packet_size 5000']);
    const target = bridge(broker.url);
    const { data, ...envelope } = startedEvent(1);
    const offline = { camera: data.camera, epoch: 0, cause: 'timeout', detail: 'x'.repeat(10_000) };
    target.restore!({ ...envelope, type: 'camera.offline', data: offline } as unknown as SightlineEvent);
    expect(await target.deliver(started(2))).toEqual(DELIVERED);
    await target.close();
    await broker.close();
  });

  it('connects anew to a broker that confirms nothing, tells of it once, and gives up no event over it', async () => {
    const broker = await startDeafBroker();
    const target = bridge(broker.url, { stallMs: 20 });
    const delivering = target.deliver(started(1));
    delivering.catch(() => undefined);
    await waitFor(() => broker.connections() > 22, { what: 'attempts' });
    expect(target.told).toEqual([
      expect.stringContaining('expected events to be confirmed within 20 ms, got nothing; trying again'),
    ]);
    broker.close();
    await target.close();
    await expect(delivering).rejects.toThrow('got closed before');
  });

  it('names the file of certificates that cannot be read', () => {
    expect(() => bridge('mqtts://127.0.0.1:1', { caFile: '/nowhere/ca.pem' })).toThrow(
      '/nowhere/ca.pem: expected a certificate in PEM, got no such file',
    );
  });
});
