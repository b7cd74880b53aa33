import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { stringify } from 'yaml';
import type { EventOf } from '../../models/domain/event';
import { boxIou } from '../../models/domain/geometry';
import type { Box, Size } from '../../models/domain/geometry';
import type { Polygon } from '../../models/domain/polygon';
import { startRtspServer } from '../fixtures/rtsp-server';
import { PLAZA, eventsOf, killAll, readEvents, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

const SIZE = { width: 768, height: 576 };
const FPS = 10;
const CORNER: Polygon = [
  [0, 0.4],
  [0.6, 0.4],
  [0.6, 1],
  [0, 1],
];

interface Picture extends Size {
  /** Luma, about: the green of each pixel. */
  readonly green: Uint8Array;
}

describe('sightline run with snapshots', () => {
  const folder = tempFolder();
  const runs: SightlineRun[] = [];
  const clip = join(folder, 'clip.mp4');

  beforeAll(() => {
    execFileSync('ffmpeg', ['-v', 'error', '-i', PLAZA, '-t', '3', '-c', 'copy', clip]);
  });
  afterEach(() => killAll(runs.splice(0)));

  function start(name: string, camera: object, snapshots: object) {
    const [events, path] = [join(folder, `${name}.jsonl`), join(folder, name)];
    const config = join(folder, `${name}.yaml`);
    const settings = { store: { type: 'directory', path: name }, ...snapshots };
    writeFileSync(
      config,
      stringify({
        cameras: { plaza: { url: clip, ...camera } },
        snapshots: settings,
        events: [{ type: 'jsonl', path: events }],
      }),
    );
    const run = startSightline(folder, ['run', '--config', config]);
    runs.push(run);
    return { run, events, path };
  }

  async function finished(name: string, camera: object, snapshots: object) {
    const { run, events, path } = start(name, camera, snapshots);
    expect([await run.ended, run.stderr().match(/warn|error/i)]).toEqual([0, null]);
    return { events, path };
  }

  const endsIn = (events: string) => eventsOf(readEvents(events), 'track.ended');

  async function pictureOf(path: string, { data }: EventOf<'track.ended'>): Promise<Picture> {
    const { data: rgb, info } = await sharp(join(path, data.bestFrame!))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    expect({ width, height, channels }).toEqual({
      width: data.snapshot!.width,
      height: data.snapshot!.height,
      channels: 3,
    });
    return { width, height, green: rgb.filter((_value, at) => at % 3 === 1) };
  }

  it('stores the crop of each track that is in its event, the same on every run', async () => {
    const { events, path } = await finished('crops', {}, {});
    const ends = endsIn(events);
    expect(ends.length).toBeGreaterThan(5);
    expect(readdirSync(path).sort()).toEqual(ends.map(({ data }) => data.bestFrame).sort());
    const frames = framesOf(clip);
    for (const end of ends) {
      const { ptsMs, box } = end.data.snapshot!;
      const picture = await pictureOf(path, end);
      // Where the track was told to be about then.
      const told = readEvents(events).flatMap(({ data }) =>
        'trackId' in data && data.trackId === end.data.trackId && Math.abs(data.ptsMs - ptsMs) <= 1000
          ? [data.box]
          : [],
      );
      const [left, top] = placeOf(picture, frames[Math.round((ptsMs * FPS) / 1000)]!, told[0]!);
      const shown: Box = [left + box[0], top + box[1], left + box[2], top + box[3]];
      expect(Math.max(...told.map((one) => boxIou(one, shown)))).toBeGreaterThan(0.3);
      expect(box[0] >= 0 && box[1] >= 0 && box[2] <= picture.width + 1 && box[3] <= picture.height + 1).toBe(
        true,
      );
    }

    const again = await finished('again', {}, {});
    expect(readFileSync(again.events).equals(readFileSync(events))).toBe(true);
    for (const name of readdirSync(path)) {
      expect(readFileSync(join(again.path, name)).equals(readFileSync(join(path, name)))).toBe(true);
    }
  });

  it('leaves what is masked black, in whole pictures too', async () => {
    const masks = [{ points: CORNER }];
    const { events, path } = await finished('masked', { masks }, { crop: false, maxWidth: 384, quality: 95 });
    const ends = endsIn(events);
    expect(ends.length).toBeGreaterThan(1);
    for (const end of ends) {
      const { width, height, green } = await pictureOf(path, end);
      expect([width, height]).toEqual([384, 288]);
      let most = 0;
      // A coding block of JPEG away from the edge of the mask.
      for (let y = Math.ceil(0.4 * height) + 16; y < height; y++) {
        for (let x = 0; x < 0.6 * width - 16; x++) most = Math.max(most, green[y * width + x]!);
      }
      expect(most).toBeLessThan(4);
      expect(Math.max(...green)).toBeGreaterThan(200);
    }
  });

  it('takes them of the larger stream where a camera has two', async () => {
    const small = join(folder, 'small.mp4');
    const scaled = ['-vf', 'scale=384:288', '-preset', 'ultrafast', small];
    execFileSync('ffmpeg', ['-v', 'error', '-i', PLAZA, ...scaled]);
    const servers = await Promise.all([
      startRtspServer({ video: small }),
      startRtspServer({ video: PLAZA, reencode: false }),
    ]);
    try {
      const [url, viewUrl] = servers.map((server) => server.url());
      const { run, events, path } = start('apart', { url, viewUrl }, {});
      await waitFor(() => run.stderr().includes('viewUrl: online'), {
        what: 'the large one',
        timeoutMs: 30_000,
      });
      const updates = () => eventsOf(readEvents(events), 'track.updated').length;
      const before = updates();
      await waitFor(() => updates() > before + 15, { what: 'tracks', timeoutMs: 30_000 });
      run.child.kill('SIGINT');
      expect(await run.ended).toBe(0);
      const stored = endsIn(events).filter(({ data }) => data.bestFrame !== undefined);
      for (const end of stored) await pictureOf(path, end);
      // How much larger tracks are in their snapshots than in the stream that was looked at.
      const scales = stored.map(
        ({ data: { snapshot, box } }) => (snapshot!.box[3] - snapshot!.box[1]) / (box[3] - box[1]),
      );
      expect(Math.max(...scales)).toBeGreaterThan(1.5);
    } finally {
      await Promise.all(servers.map((server) => server.close()));
    }
  });

  it('stores what it has when it is stopped', async () => {
    const { run, events, path } = start('stopped', { url: PLAZA, loop: true }, { box: true });
    await waitFor(() => eventsOf(readEvents(events), 'track.updated').length > 3, {
      what: 'tracks',
      timeoutMs: 30_000,
    });
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    const stopped = endsIn(events).filter(({ data }) => data.reason === 'stopped');
    const stored = stopped.filter(({ data }) => data.bestFrame !== undefined);
    expect(stored.length).toBeGreaterThan(0);
    for (const end of stored) {
      await pictureOf(path, end);
      expect(end.data.snapshot!.capturedAtMs).toBeGreaterThan(1_700_000_000_000);
    }
  });
});

/** Every picture of a video, in grey. */
function framesOf(path: string): readonly Uint8Array[] {
  const raw = ['-pix_fmt', 'yuvj420p', '-f', 'rawvideo', 'pipe:1'];
  const bytes = execFileSync('ffmpeg', ['-v', 'error', '-i', path, ...raw], { maxBuffer: 1 << 28 });
  const [luma, all] = [SIZE.width * SIZE.height, (SIZE.width * SIZE.height * 3) / 2];
  return Array.from({ length: bytes.length / all }, (_, at) => bytes.subarray(at * all, at * all + luma));
}

/** The top left of a crop in its frame, by least difference, not far from a box. */
function placeOf({ width, height, green }: Picture, frame: Uint8Array, near: Box): readonly [number, number] {
  let least = Infinity;
  let place: readonly [number, number] = [0, 0];
  const even = (at: number) => Math.max(0, 2 * Math.floor(at / 2));
  for (let top = even(near[1] - 120); top <= Math.min(SIZE.height - height, near[1] + 120); top += 2) {
    for (let left = even(near[0] - 120); left <= Math.min(SIZE.width - width, near[0] + 120); left += 2) {
      let sum = 0;
      for (let y = 2; y < height && sum < least; y += 7) {
        for (let x = 2; x < width; x += 7)
          sum += Math.abs(green[y * width + x]! - frame[(top + y) * SIZE.width + left + x]!);
      }
      if (sum >= least) continue;
      least = sum;
      place = [left, top];
    }
  }
  return place;
}
