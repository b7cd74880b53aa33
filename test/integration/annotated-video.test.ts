import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Subject, concat, from, lastValueFrom, of, throwError, toArray } from 'rxjs';
import { annotatedVideo } from '../../operators/sinks/annotated-video';
import { createFramePool } from '../../operators/sources/frame-pool';
import { i420ByteLength } from '../../operators/support/i420-painter';
import { trackColour } from '../../operators/support/palette';
import { processesWith } from '../support/processes';
import { tempFolder } from '../support/temp-folder';
import { GREY, createViews, infoOf, tracked } from '../support/views';
import { waitFor } from '../support/wait-for';
import type { AnnotatedItem, AnnotatedVideoSummary } from '../../operators/sinks/annotated-video';

const folder = tempFolder();

function probe(path: string) {
  const args = ['-v', 'error', '-count_frames', '-show_streams', '-show_frames', '-of', 'json', path];
  const { streams, frames } = JSON.parse(execFileSync('ffprobe', args).toString()) as {
    streams: object[];
    frames: { pts: number }[];
  };
  expect(streams).toHaveLength(1);
  return { stream: streams[0], ptsMs: frames.map(({ pts }) => pts / 360) };
}

function decode(path: string): Buffer {
  const args = [
    '-v',
    'error',
    '-i',
    path,
    '-fps_mode',
    'passthrough',
    '-f',
    'rawvideo',
    '-pix_fmt',
    'yuv420p',
    '-',
  ];
  return execFileSync('ffmpeg', args, { maxBuffer: 1e9 });
}

describe('annotatedVideo', () => {
  it('writes every view frame in size, rate, pixel aspect and colour, with the boxes where they are', async () => {
    const path = join(folder, 'box: 100%d.mp4');
    const size = { width: 320, height: 240 };
    const { held, view } = createViews();
    const items = Array.from({ length: 30 }, (_, n): AnnotatedItem[] => {
      const info = infoOf(size, 5000 + n * 100);
      return n % 2 === 0 ? [tracked(info, [40 + 4 * n, 80, 100 + 4 * n, 200]), view(info)] : [view(info)];
    }).flat();
    let summary: AnnotatedVideoSummary | undefined;
    const sink = annotatedVideo({
      path,
      sampleAspect: () => [4, 3],
      onFinished: (value) => (summary = value),
    });

    const passed = await lastValueFrom(from(items).pipe(sink, toArray()));

    expect(passed).toEqual(items.filter(({ kind }) => kind === 'tracked'));
    expect(held.count).toBe(0);
    expect(summary).toEqual({ path, frameCount: 30, droppedCount: 0 });
    const { stream, ptsMs } = probe(path);
    expect(stream).toMatchObject({
      codec_name: 'h264',
      pix_fmt: 'yuv420p',
      width: 320,
      height: 240,
      sample_aspect_ratio: '4:3',
      r_frame_rate: '10/1',
      avg_frame_rate: '10/1',
      nb_read_frames: '30',
      color_space: 'smpte170m',
    });
    expect(ptsMs).toEqual(Array.from({ length: 30 }, (_, n) => n * 100));

    const pictures = decode(path);
    const [y, , v] = trackColour(1);
    for (const n of [0, 1, 14, 29]) {
      const picture = pictures.subarray(n * i420ByteLength(size), (n + 1) * i420ByteLength(size));
      const left = 40 + 4 * (n - (n % 2));
      const luma = (x: number) => picture[140 * 320 + x]!;
      expect(Math.abs(luma(left) - y)).toBeLessThan(25);
      expect(Math.abs(luma(left + 59) - y)).toBeLessThan(25);
      for (const x of [left - 3, left + 5, left + 54, left + 62])
        expect(Math.abs(luma(x) - GREY)).toBeLessThan(25);
      expect(Math.abs(picture[320 * 240 + 160 * 120 + 70 * 160 + left / 2]! - v)).toBeLessThan(25);
    }
  });

  it('pads odd sizes to even ones', async () => {
    const path = join(folder, 'odd.mp4');
    const { held, view } = createViews();
    const views = Array.from({ length: 5 }, (_, n) => view(infoOf({ width: 101, height: 75 }, n * 40)));
    await lastValueFrom(from(views).pipe(annotatedVideo({ path })), { defaultValue: undefined });
    expect(probe(path).stream).toMatchObject({
      width: 102,
      height: 76,
      nb_read_frames: '5',
      avg_frame_rate: '25/1',
    });
    expect(held.count).toBe(0);
  });

  it('keeps irregular pts, lets segments follow each other and fits another size into the first', async () => {
    const path = join(folder, 'segments.mp4');
    const size = { width: 64, height: 48 };
    const next = { epoch: 1, isResumed: false };
    const { view } = createViews();
    const views = [
      ...[700, 733.25, 900, 25_900, 25_950].map((ptsMs) => view(infoOf(size, ptsMs))),
      view(infoOf(size, 0, { segment: next })),
      view(infoOf({ width: 128, height: 48 }, 50, { segment: next }), 200),
    ];
    await lastValueFrom(from(views).pipe(annotatedVideo({ path })), { defaultValue: undefined });
    const { stream, ptsMs } = probe(path);
    expect(ptsMs).toEqual([0, 33.25, 200, 25_200, 25_250, 25_300, 25_350]);
    expect(stream).toMatchObject({ width: 64, height: 48 });
    const last = decode(path).subarray(-i420ByteLength(size));
    expect(Math.abs(last[24 * 64 + 32]! - 200)).toBeLessThan(12);
    expect(Math.abs(last[2 * 64 + 32]! - 16)).toBeLessThan(12);
  });

  it('never lets a lent buffer change before its picture was written', async () => {
    const path = join(folder, 'pool.mp4');
    const size = { width: 640, height: 480 };
    const frameCount = 16;
    const items = new Subject<AnnotatedItem>();
    const done = lastValueFrom(items.pipe(annotatedVideo({ path })), { defaultValue: undefined });
    let n = 0;
    const pool = createFramePool({
      count: 2,
      byteLength: i420ByteLength(size),
      onFree: () => queueMicrotask(fill),
    });
    const lumaOf = (index: number) => 30 + ((index * 37) % 190);
    function fill() {
      while (n < frameCount) {
        const lease = pool.acquire();
        if (lease === undefined) return;
        lease.pixels.fill(128).fill(lumaOf(n), 0, size.width * size.height);
        items.next({ kind: 'view', info: infoOf(size, n * 40), size, lease });
        n++;
      }
      items.complete();
    }
    fill();
    await done;
    expect(pool.lentCount).toBe(0);
    const pictures = decode(path);
    expect(pictures).toHaveLength(frameCount * i420ByteLength(size));
    for (let index = 0; index < frameCount; index++) {
      const luma = pictures.subarray(index * i420ByteLength(size)).subarray(0, size.width * size.height);
      expect(luma.every((value) => Math.abs(value - lumaOf(index)) < 6)).toBe(true);
    }
  });

  it('drops the newest live frames while the encoder is behind, and all of them wait when recorded', async () => {
    const path = join(folder, 'live.mp4');
    const { held, view } = createViews();
    const size = { width: 64, height: 48 };
    const views = Array.from({ length: 10 }, (_, n) => view(infoOf(size, n * 100, { mode: 'live' })));
    const droppedPtsMs: number[] = [];
    const sink = annotatedVideo({
      path,
      maxWaitingFrames: 3,
      onDropped: ({ ptsMs }) => droppedPtsMs.push(ptsMs),
    });
    await lastValueFrom(from(views).pipe(sink), { defaultValue: undefined });
    expect(droppedPtsMs).toEqual([300, 400, 500, 600, 700, 800, 900]);
    expect(probe(path).ptsMs).toEqual([0, 100, 200]);
    expect(held.count).toBe(0);
  });

  it('draws neither unseen tracks nor those of another segment', async () => {
    const path = join(folder, 'plain.mp4');
    const size = { width: 64, height: 48 };
    const { view } = createViews();
    const unseen = infoOf(size, 0);
    const later = infoOf(size, 0, { segment: { epoch: 1, isResumed: false } });
    const items = [
      tracked(unseen, [8, 8, 40, 40], false),
      view(unseen),
      tracked(unseen, [8, 8, 40, 40]),
      view(later),
    ];
    await lastValueFrom(from(items).pipe(annotatedVideo({ path })));
    const pictures = decode(path);
    for (const start of [0, i420ByteLength(size)]) {
      const luma = pictures.subarray(start, start + 64 * 48);
      expect(luma.every((value) => Math.abs(value - GREY) < 4)).toBe(true);
    }
  });

  it('writes nothing when no view frame comes', async () => {
    const path = join(folder, 'none.mp4');
    const item = tracked(infoOf({ width: 64, height: 48 }, 0), [0, 0, 9, 9]);
    let summary: AnnotatedVideoSummary | undefined;
    const sink = annotatedVideo({ path, onFinished: (value) => (summary = value) });
    await expect(lastValueFrom(of(item).pipe(sink))).resolves.toBe(item);
    expect(summary).toEqual({ path, frameCount: 0, droppedCount: 0 });
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ['in a missing folder', () => join(folder, 'missing', 'out.mp4'), /got no such folder$/],
    ['that is a folder', () => folder, /got a folder$/],
  ])('refuses a path %s before it asks the source', async (_name, pathOf, told) => {
    const path = pathOf();
    const source = new Subject<AnnotatedItem>();
    const result = lastValueFrom(source.pipe(annotatedVideo({ path })));
    expect(source.observed).toBe(false);
    await expect(result).rejects.toMatchObject({ code: 'sink', message: expect.stringMatching(told) });
    await expect(result).rejects.toThrow(path);
  });

  it('fails with the path and frees all frames when the disk is full', async () => {
    const source = new Subject<AnnotatedItem>();
    const { held, view } = createViews();
    const result = lastValueFrom(source.pipe(annotatedVideo({ path: '/dev/full' })));
    for (let n = 0; n < 20; n++) source.next(view(infoOf({ width: 640, height: 480 }, n * 40)));
    source.complete();
    await expect(result).rejects.toMatchObject({
      code: 'sink',
      message: expect.stringMatching(/\/dev\/full.*No space left/),
    });
    expect(held.count).toBe(0);
  });

  it('completes the file before it passes on the error of its source', async () => {
    const path = join(folder, 'error.mp4');
    const { view } = createViews();
    const views = [0, 40, 80].map((ptsMs) => view(infoOf({ width: 64, height: 48 }, ptsMs)));
    const broken = concat(
      from(views),
      throwError(() => new Error('the camera broke')),
    );
    await expect(lastValueFrom(broken.pipe(annotatedVideo({ path })))).rejects.toThrow('the camera broke');
    expect(probe(path).ptsMs).toEqual([0, 40, 80]);
  });

  it('leaves no FFmpeg, no held frame and no broken file behind when it is unsubscribed', async () => {
    const path = join(folder, 'unsubscribed.mp4');
    const { held, view } = createViews();
    const source = new Subject<AnnotatedItem>();
    const subscription = source.pipe(annotatedVideo({ path })).subscribe();
    for (let n = 0; n < 60; n++) source.next(view(infoOf({ width: 640, height: 480 }, n * 40)));
    await waitFor(() => existsSync(path) && held.count < 60, { what: 'the encoder to take frames' });
    expect(processesWith(path)).toHaveLength(1);

    subscription.unsubscribe();

    expect(held.count).toBe(0);
    await waitFor(() => processesWith(path).length === 0, { what: 'FFmpeg to be gone' });
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('starts no FFmpeg for a subscription that ended before it could', async () => {
    const path = join(folder, 'early.mp4');
    const { held, view } = createViews();
    const source = new Subject<AnnotatedItem>();
    const subscription = source.pipe(annotatedVideo({ path })).subscribe();
    source.next(view(infoOf({ width: 64, height: 48 }, 0)));
    subscription.unsubscribe();
    expect(held.count).toBe(0);
    await waitFor(() => processesWith(path).length === 0, { what: 'FFmpeg to be gone' });
    expect(existsSync(path)).toBe(false);
  });

  it('refuses options that make no sense', () => {
    expect(() => annotatedVideo({ path: '' })).toThrow(
      'annotatedVideo: path: expected the name of a file, got none',
    );
    expect(() => annotatedVideo({ path: 'a.mp4', maxWaitingFrames: 0 })).toThrow('expected 1 or more, got 0');
  });
});
