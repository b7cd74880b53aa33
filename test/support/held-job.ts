import { createKeys } from '../../models/domain/keys';
import { createRedis } from '../../models/support/redis';
import { waitFor } from './wait-for';

/** The ids of the workers whose heartbeats a Redis holds. */
export async function workerIds(url: string): Promise<readonly string[]> {
  const client = createRedis({ url, role: 'consumer', purpose: 'test' });
  try {
    return await client.hkeys(createKeys('sightline').workers);
  } finally {
    client.disconnect();
  }
}

/** Stops (SIGSTOP) a worker in a moment in which it has a job, which it then keeps. */
export async function stopWithJob(url: string, workerId: string, pid: number): Promise<void> {
  const client = createRedis({ url, role: 'consumer', purpose: 'test' });

  /** BullMQ notes in a job (5.x: field `pb`) by whom it is processed. */
  async function hasJob(): Promise<boolean> {
    for (const list of await client.keys('*:active')) {
      for (const job of await client.lrange(list, 0, -1)) {
        const by = await client.hget(`${list.slice(0, -':active'.length)}:${job}`, 'pb');
        if (by === workerId) return true;
      }
    }
    return false;
  }

  try {
    await waitFor(
      async () => {
        if (!(await hasJob())) return false;
        process.kill(pid, 'SIGSTOP');
        if (await hasJob()) return true;
        process.kill(pid, 'SIGCONT');
        return false;
      },
      { what: 'a worker that has a job', timeoutMs: 30_000 },
    );
  } finally {
    client.disconnect();
  }
}
