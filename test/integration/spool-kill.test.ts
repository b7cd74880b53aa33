import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createKeys } from '../../models/domain/keys';
import { createRedis } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { adoptSpools } from '../../operators/sinks/spool';
import type { Spool } from '../../operators/sinks/spool';
import { startedEvent } from '../support/events';
import { startRedisServer } from '../support/redis-server';
import type { RedisServer } from '../support/redis-server';
import { mountSmallDisk } from '../support/small-disk';
import { startSpoolProcess } from '../support/spool-process';
import type { SpoolProcess } from '../support/spool-process';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

const keys = createKeys('test');

describe('the spool of a process that was killed', () => {
  const root = tempFolder();
  let number = 0;
  let folder: string;
  let server: RedisServer;
  let client: RedisClient;
  let processes: SpoolProcess[];

  beforeEach(async () => {
    folder = join(root, `spool-${number++}`);
    server = await startRedisServer();
    client = createRedis({ url: server.url, role: 'consumer', purpose: 'test' });
    processes = [];
  });
  afterEach(async () => {
    for (const { child } of processes) child.kill('SIGKILL');
    client.disconnect();
    await server.close();
  });

  async function start(more: object = {}, limit?: string): Promise<SpoolProcess> {
    const started = startSpoolProcess({ url: server.url, folder, ...more }, limit);
    processes.push(started);
    await started.opened;
    return started;
  }

  const idsIn = async (key: string) => (await client.xrange(key, '-', '+')).map(([, fields]) => fields[5]);
  const idsOf = (first: number, count: number) =>
    Array.from({ length: count }, (_, n) => startedEvent(first + n).id);
  const spools = () => readdirSync(folder).filter((name) => name.endsWith('.spool'));
  /** Resolves when so many events lie on disk. */
  const untilOnDisk = (count: number) =>
    waitFor(
      () =>
        spools()
          .flatMap((spool) => readdirSync(join(folder, spool)).map((name) => join(folder, spool, name)))
          .filter((path) => path.endsWith('.log'))
          .reduce((sum, path) => sum + readFileSync(path, 'latin1').split('\n').length - 1, 0) === count,
      { what: `${count} events on disk` },
    );

  it('is written by the next process, in order, before what that has to tell', async () => {
    const first = await start();
    await first.write(0, 300);
    await waitFor(async () => (await client.xlen(keys.events())) === 300, { what: 'the first events' });
    await server.kill();
    await first.write(300, 2001);
    await untilOnDisk(2001);
    await first.kill();

    await server.start();
    const second = await start();
    await second.write(2301, 100);
    await second.end();
    expect(await idsIn(keys.events())).toEqual(idsOf(0, 2401));
    expect(readdirSync(folder)).toEqual([]);
  });

  it('repeats nothing of a batch that Redis took and could not confirm', async () => {
    const first = await start();
    await first.write(0, 10);
    await waitFor(async () => (await client.xlen(keys.events())) === 10, { what: 'the first events' });
    server.freeze();
    // They lie in the socket of a server that hangs, and on disk.
    await first.write(10, 50);
    await untilOnDisk(50);
    await first.kill();
    server.thaw();
    await waitFor(async () => (await client.xlen(keys.events())) > 10, { what: 'it to take the batch' });

    const second = await start();
    await second.end();
    expect(await idsIn(keys.events())).toEqual(idsOf(0, 60));
  });

  it('is written once although whoever writes it is killed again and again', async () => {
    const COUNT = 30_000;
    const first = await start();
    await server.kill();
    await first.write(0, COUNT);
    await untilOnDisk(COUNT);
    await server.start();
    let writer = first;
    for (let at = 3000; at < COUNT - 5000; at += 7000) {
      await waitFor(async () => (await client.xlen(keys.events())) >= at, {
        what: `${at} events`,
        timeoutMs: 20_000,
      });
      await writer.kill();
      writer = startSpoolProcess({ url: server.url, folder });
      processes.push(writer);
    }
    await writer.kill();
    expect(await client.xlen(keys.events())).toBeLessThan(COUNT);
    await (await start()).end();
    expect(await idsIn(keys.events())).toEqual(idsOf(0, COUNT));
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is nobody else's while its process lives, also when that is stopped", async () => {
    const first = await start();
    await server.kill();
    await first.write(0, 100);
    await untilOnDisk(100);
    first.child.kill('SIGSTOP');
    await server.start();
    const second = await start();
    await second.write(200, 10);
    await waitFor(async () => (await client.xlen(keys.events())) === 10, { what: 'the second to write' });
    await second.end();
    expect(await idsIn(keys.events())).toEqual(idsOf(200, 10));
    first.child.kill('SIGCONT');
    await first.end();
    expect(await idsIn(keys.events())).toEqual([...idsOf(200, 10), ...idsOf(0, 100)]);
  });

  it('is told apart from that of a living process also across containers', async () => {
    const contained = 'set -- unshare --pid --fork --kill-child --mount-proc "$@"';
    if (spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status !== 0) return;
    const adopt = async () => {
      const place = { folder, target: `redis://127.0.0.1:${server.port} test` };
      const spools: Spool[] = [];
      const budget = { maxBytes: Infinity, usedBytes: 0 };
      for await (const spool of adoptSpools(place, budget, () => undefined)) spools.push(spool);
      return spools;
    };
    const first = await start({}, contained);
    await server.kill();
    await first.write(0, 100);
    await untilOnDisk(100);
    expect(await adopt()).toEqual([]);
    await first.kill();
    const [left] = await adopt();
    await left!.leave();
    await server.start();
    await (await start({}, contained)).end();
    expect(await idsIn(keys.events())).toEqual(idsOf(0, 100));
  });

  it('keeps its order when the process has a limit on the size of files', async () => {
    const first = await start({ drainTimeoutMs: 20_000 }, 'ulimit -f 100');
    await server.kill();
    await first.write(0, 1000);
    await waitFor(() => first.lines.some((line) => line.includes('EFBIG')), { what: 'the limit to be told' });
    await server.start();
    await first.end();
    expect(await idsIn(keys.events())).toEqual(idsOf(0, 1000));
    expect(first.lines.at(-1)).toMatch(/^closed .*"written":1000,"pending":0,"lost":0/);
  });

  it('is written from a disk that is full', async () => {
    const disk = mountSmallDisk(join(root, 'full'), 400);
    if (disk === undefined) return;
    folder = join(disk.path, 'spool');
    try {
      const first = await start();
      await server.kill();
      await first.write(0, 2000);
      await waitFor(() => first.lines.some((line) => line.includes('ENOSPC')), {
        what: 'the disk to be full',
      });
      await first.kill();
      await server.start();
      await (await start()).end();
      const ids = await idsIn(keys.events());
      expect(ids.length).toBeGreaterThan(300);
      // What was in memory alone is gone with its process.
      expect(ids).toEqual(idsOf(0, ids.length));
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      disk.remove();
    }
  });
});
