import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createKeys } from '../../models/domain/keys';
import { createRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { startedEvent } from '../support/events';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { waitFor } from '../support/wait-for';

interface Holder {
  readonly child: ChildProcess;
  readonly lines: string[];
}

const SCRIPT = join(__dirname, '../support/lease-holder.ts');
const keys = createKeys('test');

describe('processes that share a camera by its lease', () => {
  let server: RedisServer;
  let redis: RedisClient;
  let holders: Holder[];

  beforeEach(async () => {
    server = await startRedisServer();
    redis = createRedis({ url: server.url, role: 'consumer', purpose: 'test' });
    holders = [];
  });
  afterEach(async () => {
    for (const { child } of holders) child.kill('SIGKILL');
    redis.disconnect();
    await server.close();
  });

  function start(id: string, firstEvent: number): Holder {
    const args = ['--require', 'tsx/cjs', SCRIPT, server.url, id, String(firstEvent)];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    const holder = { child, lines };
    holders.push(holder);
    return holder;
  }

  async function end({ child }: Holder): Promise<void> {
    const exited = once(child, 'exit');
    child.stdin!.end();
    expect(await exited).toEqual([0, null]);
  }

  const fenceIn = ({ lines }: Holder) => Number(/^acquired (\d+)$/.exec(lines[0] ?? '')?.[1]);
  const idsIn = async (key: string) => (await redis.xrange(key, '-', '+')).map(([, fields]) => fields[5]!);

  /** Ids of events by the number at which a process began to count, and their order. */
  const idsFrom = (first: number, count: number) =>
    Array.from({ length: count }, (_, n) => startedEvent(first + n).id);

  it('writes nothing of one that was stopped beyond its lease after the first event of its successor', async () => {
    const owner = start('owner', 0);
    await waitFor(async () => (await redis.xlen(keys.events())) > 20, { what: 'the owner to write' });
    const successor = start('successor', 100_000);
    await waitFor(async () => (await redis.hlen(keys.ingests)) === 2, { what: 'the successor to wait' });

    owner.child.kill('SIGSTOP');
    await waitFor(() => fenceIn(successor) > fenceIn(owner), { what: 'the successor to take over' });
    const lengthThen = await redis.xlen(keys.events());
    await waitFor(async () => (await redis.xlen(keys.events())) > lengthThen + 20, {
      what: 'the successor to write',
    });
    owner.child.kill('SIGCONT');
    await waitFor(async () => (await redis.xlen(keys.late())) > 20, { what: 'the owner to be refused' });
    await waitFor(() => owner.lines.length >= 3, { what: 'the owner to know it' });
    expect(owner.lines.slice(1).sort()).toEqual(['lost', 'silent']);
    expect(successor.lines).toHaveLength(1);

    await Promise.all([end(owner), end(successor)]);
    const [events, late] = [await idsIn(keys.events()), await idsIn(keys.late())];
    const handover = events.indexOf(startedEvent(100_000).id);
    expect(events.slice(0, handover)).toEqual(idsFrom(0, handover));
    expect(events.slice(handover)).toEqual(idsFrom(100_000, events.length - handover));
    expect(late).toEqual(idsFrom(handover, late.length));
    const seqs = (await redis.xrange(keys.events(), '-', '+')).map(([, fields]) => Number(fields[7]));
    expect(seqs).toEqual(events.map((_, index) => index + 1));
  });

  it('takes over from one that was killed or leaves, and lets the camera be when another joins', async () => {
    const owner = start('owner', 0);
    await waitFor(async () => (await redis.xlen(keys.events())) > 20, { what: 'the owner to write' });
    const successor = start('successor', 100_000);
    await waitFor(async () => (await redis.hlen(keys.ingests)) === 2, { what: 'the successor to wait' });
    owner.child.kill('SIGKILL');
    await waitFor(() => fenceIn(successor) > fenceIn(owner), { what: 'the successor to take over' });
    const third = start('a-third', 200_000);
    await waitFor(async () => (await redis.hexists(keys.ingests, 'a-third')) === 1, { what: 'a third' });
    await waitFor(async () => (await redis.hexists(keys.ingests, 'owner')) === 0, {
      what: 'the first to be forgotten',
      timeoutMs: 20_000,
    });
    expect([successor.lines.length, third.lines.length]).toEqual([1, 0]);
    await end(successor);
    await waitFor(() => fenceIn(third) > fenceIn(successor), { what: 'the third to take over' });
    await end(third);
    expect(await redis.exists(keys.late(), keys.lease('front'), keys.ingests)).toBe(0);
  });
});
