import { join } from 'node:path';
import { Registry } from 'prom-client';
import { defineConfig } from '../../config/define-config';
import { cameraId } from '../../models/domain/frame';
import { openSnapshots, cameraSnapshots, watchSnapshots } from '../../pipeline/snapshots';
import { infoOf, tracked } from '../support/views';
import { stripedBox } from '../support/pictures';
import { tempFolder } from '../support/temp-folder';

const SIZE = { width: 64, height: 104 };
const BOX = [12, 12, 52, 92] as const;

describe('the snapshots of a process', () => {
  const folder = tempFolder();

  const open = (snapshots: object | undefined) =>
    openSnapshots(
      defineConfig({
        cameras: { yard: { url: 'a.mp4' } },
        ...(snapshots && { snapshots: snapshots as never }),
      }).config,
      { onTrouble: () => undefined, onNotice: () => undefined },
    );

  it('are none where the configuration has none', async () => {
    expect(await open(undefined)).toBeUndefined();
  });

  it('are counted, stored or not, by reason', async () => {
    const snapshots = (await open({ store: { type: 'directory', path: join(folder, 'a') } }))!;
    const registry = new Registry();
    watchSnapshots(registry, snapshots);
    const { keep } = cameraSnapshots(snapshots, {
      ...{ cameraId: cameraId('yard'), mode: 'live', source: 'camera/yard', runKey: 'k' },
    });
    expect(keep).toMatchObject({ isCropped: true, maxWidth: 640 });
    const track = tracked(infoOf(SIZE, 0), BOX).tracks[0]!;
    const picture = { ptsMs: 0, score: 0.9, size: SIZE, box: BOX, pixels: stripedBox(SIZE, BOX) };
    await keep.onEnded(track, picture, 'no_picture');
    expect(keep.onEnded(track, undefined, 'no_room')).toBeUndefined();
    const text = await registry.metrics();
    const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    expect(value('sightline_snapshots_stored_total')).toBe(1);
    expect(value('sightline_snapshots_bytes_total')).toBeGreaterThan(300);
    expect(value('sightline_snapshots_failed_total\\{reason="no_room"\\}')).toBe(1);
    expect(value('sightline_snapshots_failed_total\\{reason="full"\\}')).toBe(0);
    await snapshots.writer.close();
  });

  it('refuse a folder that is none before anything runs', async () => {
    const settings = { store: { type: 'directory', path: join(__filename, 'a') } };
    await expect(open(settings)).rejects.toMatchObject({
      code: 'sink',
      message: expect.stringContaining('ENOTDIR'),
    });
  });
});
