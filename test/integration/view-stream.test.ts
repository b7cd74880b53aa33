import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Subject, filter, lastValueFrom, map, take, tap, toArray } from 'rxjs';
import { stringify } from 'yaml';
import { systemClock } from '../../models/domain/clock';
import { cameraId } from '../../models/domain/frame';
import type { ViewFrame } from '../../models/domain/frame';
import { createLedger } from '../../models/domain/ledger';
import type { TrackedFrame } from '../../models/domain/track';
import { cameraSource } from '../../operators/sources/camera-source';
import { ffmpegFrames } from '../../operators/sources/ffmpeg-frames';
import { viewSource } from '../../operators/sources/view-source';
import { joinViews } from '../../operators/transforms/join-views';
import { startRtspServer } from '../fixtures/rtsp-server';
import type { RtspServer, RtspServerOptions } from '../fixtures/rtsp-server';
import { drawPattern, lastOf, readPattern } from '../support/numbered-clip';
import { descendantsOf } from '../support/processes';
import { PLAZA, eventsOf, killAll, readEvents, startSightline } from '../support/sightline';
import type { SightlineRun } from '../support/sightline';
import { tempFolder } from '../support/temp-folder';
import { tracked } from '../support/views';
import { waitFor } from '../support/wait-for';

const INPUT = { width: 416, height: 256 };
const BIG = { width: 768, height: 576 };
const VIEW_BYTES = 1.5 * BIG.width * BIG.height;

describe('a camera with a small stream to look at and a large one for people', () => {
  const folder = tempFolder();
  const servers: RtspServer[] = [];
  const runs: SightlineRun[] = [];
  let small: string;

  beforeAll(() => {
    small = join(folder, 'small.mp4');
    const scaled = ['-vf', 'scale=384:288', '-preset', 'ultrafast', small];
    execFileSync('ffmpeg', ['-v', 'error', '-i', PLAZA, ...scaled]);
  });

  afterEach(async () => {
    killAll(runs.splice(0));
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function serve(options: RtspServerOptions): Promise<RtspServer> {
    const server = await startRtspServer(options);
    servers.push(server);
    return server;
  }

  it('shows what was found in the picture of the same time', async () => {
    const sent: Record<'small' | 'large', number[]> = { small: [], large: [] };
    const [smallVideo, largeVideo] = await Promise.all([drawPattern(folder, 2), drawPattern(folder)]);
    const [smallServer, largeServer] = await Promise.all([
      serve({ video: smallVideo, onSent: () => sent.small.push(performance.now()) }),
      serve({ video: largeVideo, onSent: () => sent.large.push(performance.now()) }),
    ]);
    const stop = new Subject<void>();
    const base = { cameraId: cameraId('front'), clock: systemClock, stop };
    const request = (server: RtspServer) => ({ kind: 'rtsp', location: server.url(), input: INPUT }) as const;
    /** When the picture that has this number was sent. */
    const sentAt = (stream: 'small' | 'large', number: number) => {
      const times = sent[stream];
      return times[lastOf(times.length, number)]!;
    };

    const frames = cameraSource({
      ...base,
      mode: 'live',
      ledger: createLedger(),
      ...{ startAtMs: 0, firstEpoch: 0, resumeWindowMs: 1000 },
      decode: () => ffmpegFrames({ request: request(smallServer), mode: 'live', detectBuffers: 3 }),
    }).pipe(
      filter((item) => item.kind === 'frame'),
      map(({ info, lease }) => {
        const sentAtMs = sentAt('small', readPattern(lease.pixels, INPUT));
        lease.release();
        return { ...tracked(info, [0, 0, 1, 1]), sentAtMs };
      }),
    );
    const views = viewSource({
      ...base,
      decode: () =>
        ffmpegFrames({
          request: request(largeServer),
          mode: 'live',
          view: { budgetBytes: 20 * VIEW_BYTES },
        }),
    });

    let latest: (TrackedFrame & { readonly sentAtMs: number }) | undefined;
    const apart = frames.pipe(
      joinViews<TrackedFrame & { readonly sentAtMs: number }>({
        views,
        maxWaitMs: 2000,
        mostWaiting: () => 15,
      }),
      tap((item) => item.kind === 'tracked' && (latest = item)),
      filter((item): item is ViewFrame => item.kind === 'view'),
      map(({ size, lease }) => {
        expect(size).toEqual(BIG);
        const sentAtMs = sentAt('large', readPattern(lease.pixels, size));
        lease.release();
        return latest === undefined ? undefined : Math.abs(sentAtMs - latest.sentAtMs);
      }),
      filter((ms) => ms !== undefined),
      // What a server sends first it may have kept for a while.
      filter((_ms, index) => index >= 15),
      take(40),
      toArray(),
    );
    const apartMs = (await lastValueFrom(apart)).sort((a, b) => a - b);
    // Ten pictures a second: the nearest is half an interval away at most, and the clocks are estimates.
    expect(apartMs[20]).toBeLessThan(50 + 25);
    await waitFor(() => decoders() === 0, { what: 'both decoders to be gone' });
  });

  const decoders = () => descendantsOf().filter(({ command }) => /\bffmpeg\b/.test(command)).length;

  it('loses the large one without losing a frame of the small one, and gets it back', async () => {
    const password = 'p@ss:w/rd#1';
    const large = await serve({ video: PLAZA, user: 'guard', password, reencode: false });
    const server = await serve({ video: small });
    const events = join(folder, 'events.jsonl');
    const annotate = join(folder, 'front.mp4');
    const config = join(folder, 'config.yaml');
    const corner = [
      [0, 0],
      [0.2, 0],
      [0.2, 0.2],
      [0, 0.2],
    ];
    const front = {
      url: server.url(),
      viewUrl: large.urlWithCredentials(),
      annotate,
      masks: [{ points: corner }],
    };
    writeFileSync(config, stringify({ cameras: { front }, events: [{ type: 'jsonl', path: events }] }));
    const run = startSightline(folder, ['run', '--config', config, '--verbose']);
    runs.push(run);
    const toldOf = (pattern: RegExp) =>
      run
        .stderr()
        .split('\n')
        .filter((line) => pattern.test(line)).length;
    const updates = () => eventsOf(readEvents(events), 'track.updated').length;

    await waitFor(() => toldOf(/front.*viewUrl: online, 768x576/) === 1 && updates() > 15, {
      what: 'both streams',
      timeoutMs: 20_000,
    });
    await large.kill();
    await waitFor(() => toldOf(/front.*viewUrl: .*trying again in/) > 0, {
      what: 'the loss',
      timeoutMs: 20_000,
    });
    const before = updates();
    await waitFor(() => updates() > before + 5, { what: 'events without it', timeoutMs: 20_000 });
    await large.restart();
    await waitFor(() => toldOf(/front.*viewUrl: online, 768x576/) === 2, {
      what: 'its return',
      timeoutMs: 40_000,
    });
    const after = updates();
    await waitFor(() => updates() > after + 15, { what: 'events with it', timeoutMs: 20_000 });

    // The other way round: pictures for people go on while nothing is looked at.
    await server.kill();
    await waitFor(() => eventsOf(readEvents(events), 'camera.offline').length === 1, {
      what: 'the outage of the small one',
      timeoutMs: 20_000,
    });
    expect(large.playing).toBe(1);

    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    expect(run.processes()).toEqual([]);
    const online = eventsOf(readEvents(events), 'camera.online');
    expect(online.map(({ data }) => data.source)).toEqual([{ width: 384, height: 288 }]);
    for (const text of [run.stderr(), JSON.stringify(readEvents(events))]) {
      for (const secret of ['p@ss', 'w/rd', 'p%40ss', 'w%2Frd']) expect(text).not.toContain(secret);
    }

    const plain = decode(PLAZA);
    const video = decode(annotate);
    expect(video.length).toBeGreaterThan(30);
    // Inside the mask all is black, whatever stands there in the scene.
    for (const { y } of video) expect(y[50 * BIG.width + 60]).toBeLessThan(16 + 12);
    const mostOfScene = Math.max(...plain.map(colourful));
    expect(video.filter((picture) => colourful(picture) > mostOfScene + 20).length).toBeGreaterThan(10);
  });
});

interface Planes {
  readonly y: Uint8Array;
  readonly uv: Uint8Array;
}

/** Every picture of a video of the large size. */
function decode(path: string): readonly Planes[] {
  const raw = ['-fps_mode', 'passthrough', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-'];
  const all = execFileSync('ffmpeg', ['-v', 'error', '-i', path, ...raw], { maxBuffer: 1e9 });
  expect(all.length % VIEW_BYTES).toBe(0);
  return Array.from({ length: all.length / VIEW_BYTES }, (_, index) => {
    const picture = all.subarray(index * VIEW_BYTES, (index + 1) * VIEW_BYTES);
    return { y: picture.subarray(0, BIG.width * BIG.height), uv: picture.subarray(BIG.width * BIG.height) };
  });
}

/** Samples as colourful as boxes are. */
const colourful = ({ uv }: Planes) =>
  uv.reduce((count, sample) => count + (Math.abs(sample - 128) > 45 ? 1 : 0), 0);
