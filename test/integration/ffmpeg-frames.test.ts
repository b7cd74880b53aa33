import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NEVER, filter, take } from 'rxjs';
import { systemClock } from '../../models/domain/clock';
import { cameraId } from '../../models/domain/frame';
import type { Size } from '../../models/domain/geometry';
import { createLedger } from '../../models/domain/ledger';
import { cameraSource } from '../../operators/sources/camera-source';
import type { CameraSignal } from '../../operators/sources/camera-source';
import { ffmpegFrames, isDecodedFrame } from '../../operators/sources/ffmpeg-frames';
import type { DecodedFrame } from '../../operators/sources/ffmpeg-frames';
import { makeVideo } from '../fixtures/make-video';
import { processesWith } from '../support/processes';
import { PLAZA } from '../support/sightline';
import { consumeSlowly } from '../support/slow-consumer';
import type { Holdable } from '../support/slow-consumer';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';
import { scratchOf } from '../workers/support/pool-fixture';

const run = promisify(execFile);
const INPUT = { width: 416, height: 256 };
const DETECT_BUFFERS = 3;
/** The fewest buffers that a view has, which a budget of one byte comes to. */
const VIEW_HELD = 4;

interface DecodeChoices {
  readonly maxFps?: number;
  readonly hasView?: boolean;
  readonly onDamage?: (detail: string) => void;
}

function decode(path: string, { maxFps, hasView = true, onDamage }: DecodeChoices = {}) {
  return ffmpegFrames({
    request: { kind: 'file', location: path, input: INPUT, ...(maxFps !== undefined && { maxFps }) },
    mode: 'recorded',
    detectBuffers: DETECT_BUFFERS,
    ...(hasView && { view: { budgetBytes: 1 } }),
    ...(onDamage && { onDamage }),
  }).pipe(filter(isDecodedFrame));
}

/** Pts in milliseconds of every frame that ffprobe decodes. */
async function truePtsMs(path: string): Promise<readonly number[]> {
  const entries = ['-select_streams', 'v:0', '-show_entries', 'stream=time_base:frame=pts', '-of', 'json'];
  const { stdout } = await run('ffprobe', ['-v', 'error', ...entries, path], { maxBuffer: 1 << 24 });
  const { streams, frames } = JSON.parse(stdout) as {
    streams: { time_base: string }[];
    frames: { pts: number }[];
  };
  const [num, den] = streams[0]!.time_base.split('/').map(Number) as [number, number];
  return frames.map(({ pts }) => (pts * num * 1000) / den);
}

/** The samples that `maxFps` takes of these pts: the first of each 1/maxFps of time, and each that jumps back. */
function sampled(ptsMs: readonly number[], maxFps: number): readonly boolean[] {
  const cellOf = (atMs: number) => Math.floor(((atMs - ptsMs[0]!) * maxFps) / 1000 + 0.3);
  let lastMs: number | undefined;
  return ptsMs.map((atMs) => {
    const isTaken = lastMs === undefined || atMs < lastMs || cellOf(atMs) > cellOf(lastMs);
    if (isTaken) lastMs = atMs;
    return isTaken;
  });
}

interface Place {
  readonly rendition: 'detect' | 'view';
  readonly ptsMs: number | undefined;
}

/** Every source frame is one view frame, right after the detect frame of its own, where there is one. */
function expectedOrder(ptsMs: readonly number[], taken: readonly boolean[]): readonly Place[] {
  return ptsMs.flatMap((atMs, index): Place[] => [
    ...(taken[index] === true ? [{ rendition: 'detect' as const, ptsMs: atMs }] : []),
    { rendition: 'view', ptsMs: atMs },
  ]);
}

const TOLERANCE_MS = 1e-3;

function expectPlaces(actual: readonly Place[], expected: readonly Place[]): void {
  expect(actual.map(({ rendition }) => rendition)).toEqual(expected.map(({ rendition }) => rendition));
  const errorsMs = actual.map(({ ptsMs }, index) => Math.abs((ptsMs ?? NaN) - expected[index]!.ptsMs!));
  expect(errorsMs.filter((errorMs) => !(errorMs < TOLERANCE_MS))).toEqual([]);
}

function holdDecoded({ shown: { rendition }, lease }: DecodedFrame): Holdable {
  if (lease === undefined) throw new Error('a file: expected every frame to have a buffer, got one without');
  return { rendition, lease };
}

const placeOf = ({ shown: { rendition, ptsMs } }: DecodedFrame): Place => ({ rendition, ptsMs });

/** Bytes of an I420 picture; chroma planes of an odd side are rounded up. */
const i420Bytes = ({ width, height }: Size) =>
  width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);

describe('ffmpegFrames of a file', () => {
  const folder = tempFolder();
  const small = { width: 160, height: 120 };
  const upright = { width: 120, height: 160 };

  /** The first three seconds of a real clip, whose pictures are stored in another order than they are shown in. */
  async function withBFrames(): Promise<string> {
    const path = join(folder, 'b-frames.mp4');
    await run('ffmpeg', ['-v', 'error', '-i', PLAZA, '-t', '3', '-c', 'copy', '-y', path]);
    return path;
  }

  type Clip = readonly [string, () => Promise<string>, Size, (readonly [number, number])?];
  /** Each with the size, and pixel aspect, that it is shown in. */
  const clips: readonly Clip[] = [
    ['plain', () => makeVideo.plain(folder), small],
    ['jittered', () => makeVideo.jittered(folder), small],
    ['bursty', () => makeVideo.bursty(folder), small],
    ['gapped', () => makeVideo.gapped(folder), small],
    ['backward', () => makeVideo.backward(folder), small],
    ['negative start', () => makeVideo.negativeStart(folder), small],
    ['variable rate', () => makeVideo.variableRate(folder), small],
    ['odd-sized', () => makeVideo.oddSize(folder), { width: 101, height: 75 }],
    ['2x2', () => makeVideo.tiny(folder), { width: 2, height: 2 }],
    ['4096x2160', () => makeVideo.huge(folder), { width: 4096, height: 2160 }],
    ['portrait', () => makeVideo.portrait(folder), upright],
    ['rotated', () => makeVideo.rotated(folder), upright],
    ['anamorphic', () => makeVideo.anamorphic(folder), small, [4, 3]],
    ['B-frame', withBFrames, { width: 768, height: 576 }],
  ];

  describe.each(clips.map((clip) => [clip[0], clip] as const))('that is %s', (_name, clip) => {
    const [, make, size, sampleAspect = [1, 1]] = clip;
    let path: string;
    let ptsMs: readonly number[];

    beforeAll(async () => {
      path = await make();
      ptsMs = await truePtsMs(path);
    });

    it('gives every frame in both renditions, at its own pts and size, to a consumer that holds them', async () => {
      const damage: string[] = [];
      const frames = decode(path, { onDamage: (detail) => damage.push(detail) });
      const limits = { detect: DETECT_BUFFERS, view: VIEW_HELD };
      const { items, mostHeld } = await consumeSlowly(frames, holdDecoded, limits);

      expectPlaces(
        items.map(placeOf),
        expectedOrder(
          ptsMs,
          ptsMs.map(() => true),
        ),
      );
      for (const { shown, lease } of items) {
        expect(shown).toMatchObject({ size, sampleAspect });
        expect(lease?.pixels).toHaveLength(i420Bytes(shown.rendition === 'view' ? size : INPUT));
      }
      expect(mostHeld.detect).toBe(DETECT_BUFFERS);
      expect(mostHeld.view).toBeLessThanOrEqual(VIEW_HELD);
      expect(damage).toEqual([]);
      expect(scratchOf()).toEqual([]);
    });

    it('samples by stream time and still gives every view frame', async () => {
      const maxFps = 4;
      const limits = { detect: DETECT_BUFFERS, view: VIEW_HELD };
      const { items, mostHeld } = await consumeSlowly(decode(path, { maxFps }), holdDecoded, limits);
      expectPlaces(items.map(placeOf), expectedOrder(ptsMs, sampled(ptsMs, maxFps)));
      expect(mostHeld.detect).toBeLessThanOrEqual(DETECT_BUFFERS);
    });

    it('keeps pts, order and size on the way through cameraSource', async () => {
      const ledger = createLedger();
      const source = cameraSource({
        cameraId: cameraId('clip'),
        mode: 'recorded',
        clock: systemClock,
        ledger,
        startAtMs: 5000,
        firstEpoch: 0,
        resumeWindowMs: 5000,
        stop: NEVER,
        decode: () => decode(path),
      });
      const hold = (item: CameraSignal): Holdable | undefined =>
        item.kind === 'status'
          ? undefined
          : { rendition: item.kind === 'view' ? 'view' : 'detect', lease: item.lease };
      const limits = { detect: DETECT_BUFFERS, view: VIEW_HELD };
      const { items } = await consumeSlowly(source, hold, limits);

      const places = items.flatMap((item): Place[] =>
        item.kind === 'status'
          ? []
          : [{ rendition: item.kind === 'view' ? 'view' : 'detect', ptsMs: item.info.ptsMs }],
      );
      const all = ptsMs.map(() => true);
      expectPlaces(places, expectedOrder(ptsMs, all));
      for (const item of items) {
        if (item.kind === 'status') continue;
        expect(item.info.source).toEqual(size);
        expect(item.info.atMs).toBe(5000 + item.info.ptsMs);
      }
      expect(items.at(0)).toMatchObject({ status: 'online', source: size });
      expect(items.at(-1)).toMatchObject({ status: 'offline', cause: 'completed' });
      expect(ledger.total()).toMatchObject({ received: ptsMs.length, dropped: {}, failed: {} });
    });
  });

  it.each([
    ['gapped', () => makeVideo.gapped(folder), true],
    ['backward', () => makeVideo.backward(folder), false],
  ] as const)('begins an epoch in the midst of a %s one', async (_name, make, isResumed) => {
    const path = await make();
    const source = cameraSource({
      cameraId: cameraId('clip'),
      mode: 'recorded',
      clock: systemClock,
      ledger: createLedger(),
      startAtMs: 0,
      firstEpoch: 0,
      resumeWindowMs: 5000,
      stop: NEVER,
      decode: () => decode(path, { hasView: false }),
    });
    const segments: string[] = [];
    await source.forEach((item) => {
      if (item.kind !== 'frame') return;
      segments.push(`${item.info.segment.epoch} ${item.info.segment.isResumed} ${item.info.seq}`);
      item.lease.release();
    });
    expect(segments).toEqual([
      ...Array.from({ length: 10 }, (_, seq) => `0 false ${seq}`),
      ...Array.from({ length: 10 }, (_, seq) => `1 ${isResumed} ${seq}`),
    ]);
  });

  it.each([
    ['odd-sized', () => makeVideo.oddSize(folder)],
    ['rotated', () => makeVideo.rotated(folder)],
    ['B-frame', withBFrames],
  ] as const)('shows the pixels that FFmpeg itself decodes of a clip that is %s', async (_name, make) => {
    const path = await make();
    const { items, digests } = await consumeSlowly(decode(path), holdDecoded, {
      detect: DETECT_BUFFERS,
      view: VIEW_HELD,
    });
    const raw = [
      '-fps_mode',
      'passthrough',
      '-c:v',
      'rawvideo',
      '-pix_fmt',
      'yuv420p',
      '-f',
      'framemd5',
      '-',
    ];
    const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', path, ...raw]);
    const expected = stdout
      .split('\n')
      .filter((line) => /^0,/.test(line))
      .map((line) => line.split(',').at(-1)!.trim());
    expect(expected.length).toBeGreaterThan(0);
    expect(digests.filter((_, index) => items[index]!.shown.rendition === 'view')).toEqual(expected);
  });

  it.each([false, true])(
    'leaves nothing behind when it is unsubscribed half-way (view: %s)',
    async (hasView) => {
      const path = await makeVideo.plain(folder, { size: '640x480', fps: 25, seconds: hasView ? 3 : 4 });
      const held: DecodedFrame[] = [];
      const next = (frame: DecodedFrame) => {
        expect(processesWith(path)).toHaveLength(1);
        held.push(frame);
      };
      await new Promise<void>((resolve, reject) => {
        decode(path, { hasView })
          .pipe(take(DETECT_BUFFERS))
          .subscribe({ next, error: reject, complete: resolve });
      });
      const before = held.map(({ lease }) => createHash('md5').update(lease!.pixels).digest('hex'));

      expect(scratchOf()).toEqual([]);
      await waitFor(() => processesWith(path).length === 0, { what: 'FFmpeg to be gone' });
      expect(held.map(({ lease }) => createHash('md5').update(lease!.pixels).digest('hex'))).toEqual(before);
      for (const { lease } of held) {
        lease!.release();
        expect(() => lease!.release()).toThrow('expected a held frame');
      }
    },
  );

  it('starts nothing for a subscription that ended before it could', async () => {
    const path = await makeVideo.plain(folder, { seconds: 1 });
    decode(path).subscribe().unsubscribe();
    await waitFor(() => scratchOf().length === 0, { what: 'the socket folder to be gone' });
    expect(processesWith(path)).toEqual([]);
  });
});
