import { existsSync } from 'node:fs';
import { createKeys } from '../../../models/domain/keys';
import { createRedis, waitForRedis } from '../../../models/support/redis';
import { createRedisSink } from '../../../operators/sinks/redis-events';
import { startedEvent } from '../../support/events';
import { MIB, createSpoolLab, eventIds, writeEvents } from '../../support/spool-lab';
import { waitFor } from '../../support/wait-for';

const keys = createKeys('test');

describe('createRedisSink with a spool', () => {
  const lab = createSpoolLab();

  it('touches no disk while Redis takes events', async () => {
    const sink = await lab.open({
      spool: { folder: lab.folder, maxBytes: MIB, afterMs: 60_000 },
      drainTimeoutMs: 60_000,
    });
    await writeEvents(sink, 0, 3000);
    await sink.close();
    expect(existsSync(lab.folder)).toBe(false);
    expect(sink.stats()).toEqual({
      ...{ written: 3000, pending: 0, lost: 0 },
      spool: { events: 0, bytes: 0, oldestAtMs: undefined, replayed: 0, damaged: 0 },
    });
    expect(lab.notices).toEqual([]);
  });

  it('has events wait on disk while Redis is gone, and writes them in order and once', async () => {
    const sink = await lab.open();
    await writeEvents(sink, 0, 1000);
    await sink.flush();
    await lab.server.kill();
    await writeEvents(sink, 1000, 700);
    await lab.untilSpooled(sink, 700);
    await writeEvents(sink, 1700, 1300);
    await lab.untilSpooled(sink, 2000);
    const { written, pending, spool } = sink.stats();
    expect([written, pending]).toEqual([1000, 2000]);
    expect(spool!.bytes).toBeGreaterThan(2000 * 500);
    expect(Date.now() - spool!.oldestAtMs!).toBeLessThan(60_000);

    await lab.server.start();
    const writing = writeEvents(sink, 3000, 2000);
    await sink.flush();
    await writing;
    await sink.flush();
    await lab.untilRemoved();
    expect(await lab.idsIn(keys.events())).toEqual(eventIds(0, 5000));
    expect((await lab.fieldsIn(keys.events())).map(({ seq }) => Number(seq))).toEqual(
      Array.from({ length: 5000 }, (_, n) => n + 1),
    );
    expect(sink.stats()).toMatchObject({
      written: 5000,
      pending: 0,
      lost: 0,
      spool: { events: 0, damaged: 0 },
    });
    expect(lab.notices).toEqual([
      `warn redis://127.0.0.1:${lab.server.port} takes no events: they wait in ${lab.folder}`,
      expect.stringMatching(/^info redis:\S+ takes events again: \d+ events written from disk$/),
    ]);
  });

  it('gets over a Redis that hangs, which takes afterwards what it did not confirm', async () => {
    const sink = await lab.open();
    await writeEvents(sink, 0, 10);
    await sink.flush();
    lab.server.freeze();
    await writeEvents(sink, 10, 1000);
    await lab.untilSpooled(sink, 1000);
    lab.server.thaw();
    await writeEvents(sink, 1010, 10);
    await sink.flush();
    expect(await lab.idsIn(keys.events())).toEqual(eventIds(0, 1020));
    await lab.untilRemoved();
  });

  it('goes from one outage to the next, in the middle of writing what waited', async () => {
    const sink = await lab.open();
    await lab.server.kill();
    let count = 0;
    for (let round = 0; round < 4; round++) {
      await writeEvents(sink, count, 5000);
      count += 5000;
      await lab.server.start();
      const before = sink.stats().written;
      await waitFor(() => sink.stats().written > before, { what: 'something to be written' });
      await lab.server.kill();
    }
    await lab.server.start();
    await sink.flush();
    expect(await lab.idsIn(keys.events())).toEqual(eventIds(0, count));
  });

  it('flushes into Redis, not onto the disk', async () => {
    const sink = await lab.open();
    await lab.server.stop();
    await writeEvents(sink, 0, 10);
    let isFlushed = false;
    const flushing = sink.flush().then(() => (isFlushed = true));
    await lab.untilSpooled(sink, 10);
    await new Promise(setImmediate);
    expect(isFlushed).toBe(false);
    await lab.server.start();
    await flushing;
    expect(await lab.idsIn(keys.events())).toHaveLength(10);
  });

  it('leaves what Redis did not take to the next start, which writes it before all else', async () => {
    const first = await lab.open();
    await writeEvents(first, 0, 10);
    await first.flush();
    await lab.server.stop();
    await writeEvents(first, 10, 990);
    await first.close();
    expect(first.stats()).toMatchObject({ written: 10, pending: 990, lost: 0 });
    expect(lab.notices.at(-1)).toBe(
      `warn 990 events not written yet: they stay in ${lab.folder} for the next start`,
    );
    await expect(first.ended).resolves.toEqual({ kind: 'closed' });

    await lab.server.start();
    const second = await lab.open();
    await writeEvents(second, 1000, 10);
    await second.close();
    expect(await lab.idsIn(keys.events())).toEqual(eventIds(0, 1010));
    expect(lab.left()).toEqual([]);
    expect(lab.notices.at(-1)).toMatch(
      /^info redis:\S+: 990 events that an earlier process left in \S+ written/,
    );
    expect(second.stats().spool!.replayed).toBe(990);
    const client = createRedis({ url: lab.server.url, role: 'consumer', purpose: 'test' });
    expect(await client.keys(keys.writer('*'))).toEqual([]);
    client.disconnect();
  });

  it('spools at once what it still holds when it is closed', async () => {
    const sink = await lab.open({ drainTimeoutMs: 400 });
    await lab.server.stop();
    await writeEvents(sink, 0, 42);
    await sink.close();
    expect(sink.stats()).toMatchObject({ lost: 0, spool: { events: 42 } });
  });

  it('sends what waited to the late stream when its camera has another owner by then', async () => {
    let superseded = 0;
    const onSuperseded = (_camera: string, count: number) => (superseded += count);
    const owner = await lab.open({
      fenceOf: (camera) => (camera === 'front' ? 10 : undefined),
      onSuperseded,
    });
    await lab.server.stop();
    await writeEvents(owner, 0, 5);
    await owner.write(startedEvent(5, 'back'));
    await lab.untilSpooled(owner, 6);
    await owner.close();
    await lab.server.start();
    const successor = await createRedisSink({
      ...{ url: lab.server.url, namespace: 'test', maxLen: 1000, fenceOf: () => 11 },
    });
    await successor.write(startedEvent(6));
    await successor.close();
    await lab.open({ onSuperseded });
    expect(superseded).toBe(5);
    expect(await lab.idsIn(keys.events())).toEqual([startedEvent(6).id, startedEvent(5, 'back').id]);
    expect((await lab.fieldsIn(keys.late())).map(({ id, fence }) => [id, fence])).toEqual(
      eventIds(0, 5).map((id) => [id, '10']),
    );
  });

  it('takes over what a process of this host left before it says what is open of its camera', async () => {
    const [owner, successor] = [await lab.open({ fenceOf: () => 10 }), await lab.open({ fenceOf: () => 11 })];
    await lab.server.stop();
    await writeEvents(owner, 0, 3);
    await owner.close();
    await lab.server.start();
    await waitFor(async () => (await successor.openCamera!('front', 'camera/front')).tracks.length === 3, {
      what: 'the tracks that were left',
    });
    expect(await lab.idsIn(keys.events())).toEqual(eventIds(0, 3));
    expect(await lab.idsIn(keys.late())).toEqual([]);
  });

  it('has events wait on disk while Redis is out of memory', async () => {
    const client = createRedis({ url: lab.server.url, role: 'producer', purpose: 'test' });
    await waitForRedis(client, 'test', 5000);
    const troubles: string[] = [];
    const sink = await lab.open({ onTrouble: ({ message }) => troubles.push(message) });
    await client.config('SET', 'maxmemory', '1');
    await writeEvents(sink, 0, 100);
    await lab.untilSpooled(sink, 100);
    await client.config('SET', 'maxmemory', '0');
    client.disconnect();
    await sink.flush();
    expect(await lab.idsIn(keys.events())).toEqual(eventIds(0, 100));
    expect(troubles).toEqual([expect.stringMatching(/OOM/)]);
  });
});
