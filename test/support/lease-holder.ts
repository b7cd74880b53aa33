import { createInterface } from 'node:readline';
import { systemClock } from '../../models/domain/clock';
import { createKeys } from '../../models/domain/keys';
import { createRedis } from '../../models/support/redis';
import { createRedisSink } from '../../operators/sinks/redis-events';
import { createLeaseManager } from '../../pipeline/leases/lease-manager';
import { startedEvent } from './events';

/**
 * A process that runs the camera `front` while it has its lease, and then goes on: `lease-holder.ts <redis url> <id> <first event>`.
 * Writes an event every 10 ms under the last fence it had, also when it may not: what of it is refused is Redis' doing. Says on
 * stdout `acquired <fence>`, `lost`, and `silent` each time it finds that it may no longer emit. Ends with its stdin.
 */
async function main(): Promise<void> {
  const [url = '', ingestId = '', first = '0'] = process.argv.slice(2);
  let fence: number | undefined;
  let next = Number(first);
  let mayEmit = false;
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const client = createRedis({ url, role: 'producer', purpose: 'leases' });
  const sink = await createRedisSink({ url, namespace: 'test', maxLen: 100_000, fenceOf: () => fence });
  const manager = createLeaseManager({
    ...{ client, ingestId, keys: createKeys('test'), cameras: ['front'], capacity: 1 },
    ...{ ttlMs: 1500, renewEveryMs: 250, clock: systemClock, redisNowMs: () => Date.now() },
    onAcquired(_camera, acquired) {
      fence = acquired;
      say(`acquired ${acquired}`);
    },
    onLost: () => say('lost'),
    stop: () => Promise.resolve(),
    onError: (error) => say(error.message),
  });
  const timer = setInterval(() => {
    if (fence === undefined) return;
    if (mayEmit && !manager.mayEmit('front')) say('silent');
    mayEmit = manager.mayEmit('front');
    void sink.write(startedEvent(next++));
  }, 10);
  manager.start();
  createInterface({ input: process.stdin }).on('close', () => {
    clearInterval(timer);
    void Promise.all([manager.close(), sink.close()]).then(() => client.disconnect());
  });
}

void main();
