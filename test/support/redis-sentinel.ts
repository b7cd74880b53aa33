import { createRedis, waitForRedis } from '../../models/support/redis';
import { startRedisServer } from './redis-server';
import type { RedisServer } from './redis-server';
import { waitFor } from './wait-for';

const MASTER = 'mymaster';

export interface SentinelGroupOptions {
  /** What the servers demand. */
  readonly password?: string;
  /** True when the sentinels demand it too. */
  readonly isGuarded?: boolean;
  /** Default 3; fewer than two agree on no failover. */
  readonly sentinels?: number;
}

export interface SentinelGroup {
  /** Names the sentinels and their master, without credentials. */
  readonly url: string;
  /** Whichever server is the master by what the sentinels say. */
  master(): Promise<RedisServer>;
  /** Ends the master as a power cut would; the sentinels promote the replica about two seconds later. */
  killMaster(): Promise<void>;
  close(): Promise<void>;
}

/** A master, a replica, and sentinels of which two decide, ready for a failover when this resolves. */
export async function startSentinelGroup(options: SentinelGroupOptions = {}): Promise<SentinelGroup> {
  const { password, isGuarded = false, sentinels: sentinelCount = 3 } = options;
  const guard = password === undefined ? [] : ['--requirepass', password];
  const serverArgs = [
    ...guard,
    ...(password === undefined ? [] : ['--masterauth', password]),
    ...['--repl-diskless-sync-delay', '0'],
  ];
  const servers: RedisServer[] = [];
  const sentinels: RedisServer[] = [];
  const ask = async <T>(server: RedisServer, command: readonly string[]): Promise<T> => {
    const isOpen = password === undefined || (sentinels.includes(server) && !isGuarded);
    const url = isOpen ? server.url : server.url.replace('//', `//:${password}@`);
    const client = createRedis({ url, role: 'producer', purpose: 'sentinel-setup' });
    try {
      await waitForRedis(client, server.url, 10_000);
      return (await client.call(command[0]!, ...command.slice(1))) as T;
    } finally {
      client.disconnect();
    }
  };
  const master = async () => {
    const [, port] = await ask<[string, string]>(sentinels[0]!, [
      'SENTINEL',
      'GET-MASTER-ADDR-BY-NAME',
      MASTER,
    ]);
    return servers.find((server) => String(server.port) === port)!;
  };
  const close = async () => {
    await Promise.all([...sentinels, ...servers].map((server) => server.close()));
  };
  try {
    servers.push(await startRedisServer(serverArgs));
    const masterPort = String(servers[0]!.port);
    servers.push(await startRedisServer([...serverArgs, '--replicaof', '127.0.0.1', masterPort]));
    await waitFor(
      async () => (await ask<string>(servers[1]!, ['INFO', 'replication'])).includes('master_link_status:up'),
      { what: 'the replica to follow its master', timeoutMs: 30_000 },
    );
    for (let count = 0; count < sentinelCount; count++) {
      sentinels.push(
        await startRedisServer(['--sentinel', ...(isGuarded ? guard : [])], {
          config: sentinelConfig(masterPort, options),
          ready: /Sentinel ID is|\+monitor master/,
        }),
      );
    }
    for (const sentinel of sentinels) {
      await waitFor(
        async () =>
          (await ask<string>(sentinel, ['INFO', 'sentinel'])).includes(`slaves=1,sentinels=${sentinelCount}`),
        { what: 'the sentinels to know each other', timeoutMs: 30_000 },
      );
    }
  } catch (error) {
    await close();
    throw error;
  }
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${String(port)}`);
  return {
    url: `redis+sentinel://${hosts.join(',')}/${MASTER}`,
    master,
    killMaster: async () => (await master()).kill(),
    close,
  };
}

function sentinelConfig(masterPort: string, { password, isGuarded }: SentinelGroupOptions): string {
  const lines = [
    `sentinel monitor ${MASTER} 127.0.0.1 ${masterPort} 2`,
    `sentinel down-after-milliseconds ${MASTER} 1000`,
    `sentinel failover-timeout ${MASTER} 3000`,
  ];
  if (password !== undefined) lines.push(`sentinel auth-pass ${MASTER} ${password}`);
  if (password !== undefined && isGuarded === true) lines.push(`sentinel sentinel-pass ${password}`);
  return `${lines.join('\n')}\n`;
}
