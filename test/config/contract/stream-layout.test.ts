import { BOXES, LOG_INFO, STREAMS } from '../../../config/contract/stream-layout';
import type { KeyLayout, StreamName } from '../../../config/contract/stream-layout';
import { createKeys } from '../../../models/domain/keys';
import { createRedisSink } from '../../../operators/sinks/redis-events';
import { subscribeEvents } from '../../../pipeline';
import { LOG_KEYS, openEventLog } from '../../support/event-log';
import type { EventLog } from '../../support/event-log';
import { startedEvent } from '../../support/events';
import { startRedisServer } from '../../support/redis-server';
import type { RedisServer } from '../../support/redis-server';

describe('the keys of the contract', () => {
  it('are those of the code', () => {
    const keys = createKeys('lobby');
    const filled = ({ key }: KeyLayout) =>
      key.replaceAll('<namespace>', 'lobby').replaceAll('<shard>', '3').replaceAll('<group>', 'alarm');
    expect(filled(LOG_INFO)).toBe(keys.eventsInfo);
    expect(filled(BOXES)).toBe(keys.boxes('<camera>'));
    expect(filled(STREAMS.events)).toBe(keys.events(3));
    expect(filled(STREAMS.late)).toBe(keys.late(3));
    expect(filled(STREAMS.dead)).toBe(keys.deadEvents('alarm', 3));
  });
});

describe('the fields of the contract', () => {
  let server: RedisServer;
  let log: EventLog;

  beforeAll(async () => {
    server = await startRedisServer();
    log = openEventLog(server.url);
  });
  beforeEach(() => log.client.flushall());
  afterAll(async () => {
    log.close();
    await server.close();
  });

  /** The single entry of a stream holds what the contract says of it, and nothing else. */
  async function expectLayout(stream: StreamName, key: string): Promise<void> {
    const [entry, ...others] = await log.client.xrange(key, '-', '+');
    expect(others).toEqual([]);
    const [, flat] = entry!;
    const names = flat.filter((_field, at) => at % 2 === 0);
    const { fields }: KeyLayout = STREAMS[stream];
    expect(names.sort()).toEqual(fields.map(({ name }) => name).sort());
    for (const { name, pattern = '' } of fields)
      expect(flat[flat.indexOf(name) + 1]).toMatch(new RegExp(pattern));
  }

  it('are those of an event, and of one that comes with an older fence', async () => {
    let fence = 2;
    const sink = await createRedisSink({
      url: server.url,
      namespace: 'sightline',
      maxLen: 100,
      fenceOf: () => fence,
    });
    await sink.write(startedEvent(1));
    await sink.flush();
    fence = 1;
    await sink.write(startedEvent(2));
    await sink.close();
    await expectLayout('events', LOG_KEYS.events());
    await expectLayout('late', LOG_KEYS.late());
  });

  it('are those of a dead letter', async () => {
    await log.append(0, 1);
    const key = LOG_KEYS.events();
    await log.client.xgroup('CREATE', key, 'alarm', '0');
    await log.client.xreadgroup('GROUP', 'alarm', 'one', 'STREAMS', key, '>');
    const again = subscribeEvents({
      url: server.url,
      group: 'alarm',
      consumer: 'one',
      maxDeliveries: 1,
      to: 'now',
    });
    for await (const delivery of again) expect(delivery).toBeUndefined();
    await again.close();
    await expectLayout('dead', LOG_KEYS.deadEvents('alarm'));
  });
});
