import { createRedis, waitForRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { closedPort, isFree } from './closed-port';
import { startRedisServer } from './redis-server';
import type { RedisServer } from './redis-server';
import { waitFor } from './wait-for';

const MASTERS = 3;
const SLOTS = 16_384;
/** A node gossips over the port so much higher. */
const BUS_OFFSET = 10_000;

export interface RedisCluster {
  /** Names all masters. */
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  /** The node that holds the key. */
  nodeOf(key: string): Promise<RedisServer>;
  /** Resolves when each node says that the cluster serves all slots. */
  whenOk(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Three masters without replicas, which serve all slots when this resolves; `args` are further arguments of each. They must
 * let in who has no password.
 */
export async function startRedisCluster(args: readonly string[] = []): Promise<RedisCluster> {
  const nodes: RedisServer[] = [];
  for (let count = 0; count < MASTERS; count++) {
    const cluster = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'];
    nodes.push(await startRedisServer([...cluster, ...args], { port: await clusterPort() }));
  }
  const cluster: RedisCluster = {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${String(port)}`).join(',')}`,
    nodes,
    async nodeOf(key) {
      const slot = await withClient(nodes[0]!, (client) => client.cluster('KEYSLOT', key));
      return nodes.find((_, index) => slot < firstSlot(index + 1))!;
    },
    async whenOk() {
      await Promise.all(nodes.map((node) => withClient(node, untilOk)));
    },
    async close() {
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
  try {
    for (const [index, node] of nodes.entries()) {
      await withClient(node, async (client) => {
        const [from, to] = [firstSlot(index), firstSlot(index + 1)];
        const slots = Array.from({ length: to - from }, (_, slot) => from + slot);
        await client.cluster('ADDSLOTS', ...slots);
        await client.cluster('SET-CONFIG-EPOCH', index + 1);
        if (index > 0) await client.cluster('MEET', '127.0.0.1', nodes[0]!.port);
      });
    }
    await cluster.whenOk();
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

/** Of the slots of a node. */
function firstSlot(node: number): number {
  return Math.floor((node * SLOTS) / MASTERS);
}

async function untilOk(client: RedisClient): Promise<void> {
  await waitFor(
    async () => {
      const info = await client.cluster('INFO');
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${String(MASTERS)}`);
    },
    { what: 'the cluster to serve all slots', timeoutMs: 30_000 },
  );
}

async function withClient<T>(node: RedisServer, use: (client: RedisClient) => Promise<T>): Promise<T> {
  const client = createRedis({ url: node.url, role: 'producer', purpose: 'cluster-setup' });
  try {
    await waitForRedis(client, node.url, 10_000);
    return await use(client);
  } finally {
    client.disconnect();
  }
}

/** A free port whose bus port exists and is free too. */
async function clusterPort(): Promise<number> {
  for (;;) {
    const port = await closedPort();
    if (port + BUS_OFFSET <= 65_535 && (await isFree(port + BUS_OFFSET))) return port;
  }
}
