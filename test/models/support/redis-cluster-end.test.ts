import type { Cluster } from 'ioredis';
import { createRedis } from '../../../models/support/redis';
import { startRedisCluster } from '../../support/redis-cluster';
import { waitFor } from '../../support/wait-for';

/** What a command calls that hears that its slot has moved. */
interface WithPool {
  readonly connectionPool: { findOrCreate(node: { readonly host: string; readonly port: number }): unknown };
}

describe('a client of a cluster', () => {
  it.each(['itself', 'duplicated'])('connects anew, also when a slot moves meanwhile: %s', async (which) => {
    const cluster = await startRedisCluster();
    const made = createRedis({ url: cluster.url, role: 'consumer', purpose: 'test' }) as Cluster;
    const client = which === 'itself' ? made : made.duplicate();
    client.on('error', () => undefined);
    await client.set('{a}', '1');
    client.disconnect(true);
    (client as unknown as WithPool).connectionPool.findOrCreate({
      host: '127.0.0.1',
      port: cluster.nodes[0]!.port,
    });
    await waitFor(() => client.status === 'ready', { what: 'the client to be connected again' });
    expect(await client.get('{a}')).toBe('1');
    for (const one of [made, client]) one.disconnect();
    await waitFor(() => client.status === 'end', { what: 'the client to end' });
    await cluster.close();
  });
});
