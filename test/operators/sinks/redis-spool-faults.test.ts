import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeys } from '../../../models/domain/keys';
import { createRedis } from '../../../models/support/redis';
import { createSpool } from '../../../operators/sinks/spool';
import { mountSmallDisk } from '../../support/small-disk';
import { MIB, createSpoolLab, eventIds, writeEvents } from '../../support/spool-lab';
import { waitFor } from '../../support/wait-for';

const keys = createKeys('test');

describe('createRedisSink with a spool that is full, or that the disk does not take', () => {
  const lab = createSpoolLab();

  it('holds writers back when its room is used up, and goes on when Redis is back', async () => {
    const sink = await lab.open({ spool: { folder: lab.folder, maxBytes: MIB }, maxPending: 1000 });
    await lab.server.stop();
    const writing = writeEvents(sink, 0, 4000);
    await waitFor(() => lab.notices.some((notice) => notice.includes('it is full')), {
      what: 'it to be full',
    });
    await waitFor(() => sink.stats().pending - sink.stats().spool!.events >= 1000, {
      what: 'writers to wait',
    });
    const { spool, pending, lost } = sink.stats();
    expect(spool!.bytes).toBeLessThanOrEqual(MIB);
    expect(spool!.bytes).toBeGreaterThan(MIB / 2);
    expect(pending).toBeLessThan(4000);
    expect(lost).toBe(0);
    await lab.server.start();
    await writing;
    await sink.flush();
    expect(await lab.idsIn(keys.events())).toEqual(eventIds(0, 4000));
    expect(lab.notices.filter((notice) => notice.includes('it is full'))).toEqual([
      `warn spool ${lab.folder}: it is full; events wait in memory, and then cameras do`,
    ]);
  });

  it('has events wait in memory while the disk is full, and uses it when there is room', async () => {
    const disk = mountSmallDisk(join(lab.root, 'small'), 300);
    if (disk === undefined) return;
    try {
      lab.folder = join(disk.path, 'spool');
      const sink = await lab.open({ maxPending: 2000 });
      await lab.server.stop();
      await writeEvents(sink, 0, 1500);
      await waitFor(() => lab.notices.some((notice) => notice.includes('ENOSPC')), {
        what: 'the disk to be full',
      });
      expect(lab.notices.at(-1)).toBe(
        `warn spool ${lab.folder}: ENOSPC: no space left on device; events wait in memory`,
      );
      disk.resize(10_000);
      await lab.untilSpooled(sink, 1500);
      await lab.server.start();
      await sink.flush();
      expect(await lab.idsIn(keys.events())).toEqual(eventIds(0, 1500));
      await lab.untilRemoved();
    } finally {
      await lab.closeAll();
      disk.remove();
    }
  });

  it('has events wait in memory where there can be no folder, and said so when it was opened', async () => {
    writeFileSync(lab.folder, 'a file');
    const sink = await lab.open();
    expect(lab.notices).toEqual([
      `warn spool ${lab.folder}: expected a folder, got a file; ` +
        `while redis://127.0.0.1:${lab.server.port} is away events will wait in memory`,
    ]);
    await lab.server.stop();
    await writeEvents(sink, 0, 100);
    await waitFor(() => lab.notices.length > 1, { what: 'the fault to be told' });
    expect(lab.notices[1]).toBe(`warn spool ${lab.folder}: ENOTDIR: not a directory; events wait in memory`);
    await lab.server.start();
    await sink.flush();
    expect(await lab.idsIn(keys.events())).toEqual(eventIds(0, 100));
  });

  it('goes on without what somebody removed from the disk, and counts it', async () => {
    const sink = await lab.open();
    await lab.server.stop();
    await writeEvents(sink, 0, 500);
    await lab.untilSpooled(sink, 500);
    const [spool] = lab.left();
    for (const name of readdirSync(join(lab.folder, spool!))) {
      if (name.endsWith('.log')) rmSync(join(lab.folder, spool!, name));
    }
    await lab.server.start();
    await sink.flush();
    await lab.untilRemoved();
    // The batch that was on its way when Redis went is in memory, too.
    const ids = await lab.idsIn(keys.events());
    expect(ids).toEqual(eventIds(0, ids.length));
    expect(sink.stats()).toMatchObject({ pending: 0, spool: { events: 0, damaged: 500 - ids.length } });
    expect(lab.notices.at(-1)).toMatch(/^warn .*takes events again: .*; \d+ cut off or damaged$/);
    await writeEvents(sink, 500, 100);
    await sink.flush();
    expect((await lab.idsIn(keys.events())).slice(ids.length)).toEqual(eventIds(500, 100));
  });

  it('has in memory what comes after somebody removed its folder, and does not say that it is there', async () => {
    const sink = await lab.open();
    await lab.server.stop();
    await writeEvents(sink, 0, 100);
    await lab.untilSpooled(sink, 100);
    rmSync(lab.folder, { recursive: true });
    await writeEvents(sink, 100, 100);
    await waitFor(() => lab.notices.length > 1, { what: 'the fault to be told' });
    expect(lab.notices[1]).toMatch(/ENOENT: no such file or directory; events wait in memory$/);
    await lab.server.start();
    await sink.flush();
    expect((await lab.idsIn(keys.events())).slice(-100)).toEqual(eventIds(100, 100));
    await lab.server.stop();
    await writeEvents(sink, 200, 100);
    await lab.untilSpooled(sink, 100);
    rmSync(lab.folder, { recursive: true });
    await expect(sink.close()).rejects.toThrow(
      /^sink: spool .* expected 100 events that are not written yet, got ENOENT: no such file or directory$/,
    );
    expect(lab.notices.join()).not.toContain('they stay in');
  });

  it('loses what it holds in memory alone when Redis does not come back in time, and says so', async () => {
    writeFileSync(lab.folder, 'a file');
    const sink = await lab.open({ drainTimeoutMs: 500 });
    await lab.server.stop();
    await writeEvents(sink, 0, 42);
    await expect(sink.close()).rejects.toThrow(/42 not written after 500 ms/);
    expect(sink.stats()).toMatchObject({ written: 0, pending: 0, lost: 42 });
  });

  it('keeps what is on disk when Redis refuses it for good', async () => {
    const sink = await lab.open();
    await lab.server.stop();
    await writeEvents(sink, 0, 10);
    await lab.untilSpooled(sink, 10);
    await lab.server.startEmpty();
    const client = createRedis({ url: lab.server.url, role: 'consumer', purpose: 'test' });
    await client.set(keys.events(), 'something else');
    await expect(sink.ended).resolves.toMatchObject({ kind: 'failed' });
    await expect(sink.close()).rejects.toThrow(/WRONGTYPE/);
    expect(sink.stats()).toMatchObject({ lost: 0, spool: { events: 10 } });
    await client.del(keys.events());
    client.disconnect();
    await lab.open();
    expect(await lab.idsIn(keys.events())).toEqual(eventIds(0, 10));
  });

  it('keeps on disk what it had in memory when Redis lets it in no more', async () => {
    const sink = await lab.open();
    const client = createRedis({ url: lab.server.url, role: 'consumer', purpose: 'test' });
    await writeEvents(sink, 0, 10);
    await sink.flush();
    await client.config('SET', 'requirepass', 'secret');
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await writeEvents(sink, 10, 1000);
    await expect(sink.ended).resolves.toMatchObject({ kind: 'failed' });
    await expect(sink.close()).rejects.toThrow(/NOAUTH/);
    expect(sink.stats()).toMatchObject({ lost: 0, spool: { events: 1000 } });
    await client.config('SET', 'requirepass', '');
    client.disconnect();
    await lab.open();
    expect(await lab.idsIn(keys.events())).toEqual(eventIds(0, 1010));
  });

  it.each(['0000000000000000.log', 'mark'])('says where a spool is whose %s cannot be read', async (name) => {
    await lab.server.stop();
    const place = { folder: lab.folder, target: `redis://127.0.0.1:${lab.server.port} test` };
    const spool = await createSpool(place, 0, { maxBytes: MIB, usedBytes: 0 });
    await spool.append(
      [{ type: 't', camera: 'c', id: '1', fence: undefined, open: { drop: [] }, data: '{}' }],
      0,
    );
    const path = await spool.leave();
    rmSync(join(path, name), { force: true });
    mkdirSync(join(path, name));
    await lab.server.start();
    await lab.open();
    const [, told, reason] = /^warn spool (\S+): it stays where it is \((.*)\)$/.exec(lab.notices[0]!) ?? [];
    expect(reason).toMatch(/^EISDIR/);
    expect(readdirSync(told!)).toContain(name);
  });
});
