import { subscribeEvents } from '../../pipeline';
import type { EventSubscription, SubscribeOptions } from '../../pipeline';
import { openEventLog } from './event-log';
import type { EventLog } from './event-log';
import { startRedisServer } from './redis-server';
import type { RedisServer } from './redis-server';

/** An event log for the tests of one `describe`, empty before each; its subscriptions are closed after each. */
export function useEventLog() {
  const open: EventSubscription[] = [];
  let server: RedisServer;
  let log: EventLog;
  beforeAll(async () => {
    server = await startRedisServer();
    log = openEventLog(server.url);
  });
  afterAll(async () => {
    log.close();
    await server.close();
  });
  beforeEach(() => log.client.flushall());
  afterEach(async () => {
    await Promise.all(open.splice(0).map((subscription) => subscription.close()));
  });
  return {
    get url() {
      return server.url;
    },
    get client() {
      return log.client;
    },
    append: (...args: Parameters<EventLog['append']>) => log.append(...args),
    appendRaw: (...args: Parameters<EventLog['appendRaw']>) => log.appendRaw(...args),
    subscribe: (options: Partial<SubscribeOptions> = {}): EventSubscription => {
      const subscription = subscribeEvents({ url: server.url, ...options });
      open.push(subscription);
      return subscription;
    },
  };
}
