import { Subject, from } from 'rxjs';
import type { FrameInfo, ViewFrame } from '../../../models/domain/frame';
import type { Box } from '../../../models/domain/geometry';
import type { Track, TrackedFrame, TracksClosed } from '../../../models/domain/track';
import { keepBestFrames } from '../../../operators/transforms/keep-best-frames';
import type { BestPicture, KeepBestFramesOptions } from '../../../operators/transforms/keep-best-frames';
import { itObeysOperatorLaws } from '../../support/operator-laws';
import { stripedBox } from '../../support/pictures';
import { infoOf, tracked } from '../../support/views';

const SIZE = { width: 320, height: 240 };
const BOX: Box = [100, 80, 140, 160];

type Item = TrackedFrame | TracksClosed;

const infoAt = (ptsMs: number, more: Partial<FrameInfo> = {}) => infoOf(SIZE, ptsMs, more);

/** A tracked frame with tracks of these scores, as numbers from 1, all in the same box. */
function seen(ptsMs: number, scores: readonly number[], choices: Partial<Track> = {}): TrackedFrame {
  const frame = tracked(infoAt(ptsMs), BOX);
  const tracks = scores.map((score, at) => ({ ...frame.tracks[0]!, number: at + 1, score, ...choices }));
  return { ...frame, tracks };
}

function ended(ptsMs: number, ...numbers: readonly number[]): TrackedFrame {
  const frame = tracked(infoAt(ptsMs), BOX);
  const track = frame.tracks[0]!;
  return {
    ...frame,
    tracks: [],
    ended: numbers.map((number) => ({ track: { ...track, number }, reason: 'lost' })),
  };
}

const closed = (...numbers: readonly number[]): TracksClosed => ({
  kind: 'closed',
  ended: ended(0, ...numbers).ended.map(({ track }) => ({ track, reason: 'stopped' })),
});

interface Holds {
  count: number;
}

function view(
  ptsMs: number,
  {
    contrast = 60,
    size = SIZE,
    holds,
    ...more
  }: {
    contrast?: number;
    size?: typeof SIZE;
    holds?: Holds;
    isApart?: boolean;
    info?: FrameInfo;
  } = {},
): ViewFrame {
  const scale = size.width / SIZE.width;
  const pixels = stripedBox(size, BOX.map((at) => at * scale) as unknown as Box, { contrast });
  const hold = (by: number) => {
    if (holds !== undefined) holds.count += by;
  };
  const lease = {
    pixels,
    retain: () => hold(1),
    release: () => hold(-1),
  };
  return { kind: 'view', info: infoOf(size, ptsMs), size, lease, ...more };
}

/** What tracks ended with, by number. */
function bestOf(items: readonly (Item | ViewFrame)[], options: Partial<KeepBestFramesOptions> = {}) {
  const told = new Map<number, { picture: BestPicture | undefined; why: string }>();
  const passed: (Item | ViewFrame)[] = [];
  from(items)
    .pipe(
      keepBestFrames<Item>({
        isCropped: true,
        maxWidth: 640,
        onEnded: ({ number }, picture, why) => void told.set(number, { picture, why }),
        ...options,
      }),
    )
    .subscribe((item) => passed.push(item));
  expect(passed).toEqual(items);
  return told;
}

describe('keepBestFrames', () => {
  itObeysOperatorLaws<Item | ViewFrame, Item | ViewFrame>(
    () => keepBestFrames<Item>({ isCropped: true, maxWidth: 64, onEnded: () => undefined }),
    [seen(0, [0.9]), view(0), ended(100, 1)],
  );

  it('gives the best picture of a track when it ends, and where the track is in it', () => {
    const all = [
      seen(0, [0.6]),
      view(0),
      seen(100, [0.9]),
      view(100),
      seen(200, [0.7]),
      view(200),
      ended(300, 1),
    ];
    const { picture } = bestOf(all).get(1)!;
    expect(picture).toMatchObject({ ptsMs: 100, score: 0.9, size: { width: 64, height: 104 } });
    expect(picture!.box).toEqual([12, 12, 52, 92]);
  });

  it('prefers what is sharper, and what no edge cuts off', () => {
    const [faint, sharp] = [view(0, { contrast: 4 }), view(100)];
    expect(bestOf([seen(0, [0.9]), faint, seen(100, [0.85]), sharp, closed(1)]).get(1)!.picture!.ptsMs).toBe(
      100,
    );

    const atEdge = seen(0, [0.9], { box: [0, 80, 40, 160] });
    const striped = { ...view(0), lease: { ...view(0).lease, pixels: stripedBox(SIZE, [0, 0, 320, 240]) } };
    const inside = [seen(100, [0.8]), view(100)];
    expect(bestOf([atEdge, striped, ...inside, closed(1)]).get(1)!.picture!.ptsMs).toBe(100);
  });

  it('keeps what it has unless another is better by a tenth', () => {
    const with8 = (score: number) =>
      bestOf([seen(0, [0.8]), view(0), seen(100, [score]), view(100), closed(1)]);
    expect(with8(0.83).get(1)!.picture!.ptsMs).toBe(0);
    expect(with8(0.86).get(1)!.picture!.ptsMs).toBe(100);
  });

  it('is a copy: what the buffer is used for afterwards is not in it', () => {
    const first = view(0);
    const source = new Subject<Item | ViewFrame>();
    let picture: BestPicture | undefined;
    source
      .pipe(
        keepBestFrames<Item>({
          isCropped: true,
          maxWidth: 640,
          onEnded: (_track, best) => void (picture = best),
        }),
      )
      .subscribe();
    source.next(seen(0, [0.9]));
    source.next(first);
    first.lease.pixels.fill(0);
    source.next(closed(1));
    expect(Math.min(...picture!.pixels)).toBeGreaterThan(90);
  });

  it('keeps the whole picture where that is asked for, made smaller, once for each track in it', () => {
    const told = bestOf([seen(0, [0.9, 0.5]), view(0), closed(1, 2)], { isCropped: false, maxWidth: 80 });
    const [one, two] = [told.get(1)!.picture!, told.get(2)!.picture!];
    expect(one).toMatchObject({ size: { width: 80, height: 60 }, box: [25, 20, 35, 40], score: 0.9 });
    expect(two).toMatchObject({ score: 0.5 });
    expect(one.pixels).toEqual(two.pixels);
    expect(one.pixels.buffer).not.toBe(two.pixels.buffer);
  });

  it.each<[string, (Item | ViewFrame)[]]>([
    ['comes without a picture', [seen(0, [0.9])]],
    ['is not seen in the frame', [seen(0, [0.9], { isVisible: false }), view(0)]],
    ['was not looked for', [{ ...seen(0, [0.9]), unobserved: 'superseded' }, view(0)]],
    ['is shown by a picture that nobody looked at', [seen(0, [0.9]), view(40)]],
    [
      'is shown by a picture of another segment',
      [seen(0, [0.9]), { ...view(0), info: infoAt(0, { segment: { epoch: 1, isResumed: false } }) }],
    ],
    ['was not found yet', [view(0), seen(0, [0.9])]],
    ['is shown flat', [seen(0, [0.9]), view(0, { contrast: 0 })]],
  ])('has no picture of a track that %s', (_what, items) => {
    expect(bestOf([...items, closed(1)]).get(1)).toEqual({ picture: undefined, why: 'no_picture' });
  });

  it('takes pictures of a stream apart that are near enough in time, and the larger of both', () => {
    const large = { width: 640, height: 480 };
    const apart = (atMs: number) => view(atMs, { size: large, isApart: true });
    const both = bestOf([seen(0, [0.9]), view(0), apart(40), closed(1)]).get(1)!.picture!;
    // With more room: 48 pixels on each side of a box of 80 x 160.
    expect(both).toMatchObject({ ptsMs: 0, size: { width: 176, height: 256 } });
    expect(both.box.map(Math.round)).toEqual([48, 48, 128, 208]);
    const late = bestOf([seen(0, [0.9]), view(0), apart(101), closed(1)]).get(1)!.picture!;
    expect(late.size).toEqual({ width: 64, height: 104 });
  });

  it('prefers pictures of a stream apart that are nearer in time, and moves the box on to them', () => {
    const apart = (atMs: number) => view(atMs, { isApart: true });
    const moving = seen(100, [0.9], { velocity: [100, 0] });
    const { picture } = bestOf([moving, apart(30), apart(60), apart(190), closed(1)]).get(1)!;
    // Taken 40 ms before: the object was 4 pixels to the left of where it was found.
    expect(picture!.size).toEqual({ width: 88, height: 128 });
    const [x1, , x2] = picture!.box;
    expect([x1, x2]).toEqual([24, 64]);
    // The stripes, which are where it was found, are 4 pixels to the right of it.
    const row = picture!.pixels.subarray(64 * 88, 65 * 88);
    expect(row.findIndex((luma) => luma !== 100)).toBe(28);
  });

  it('tells when a live picture was taken, and when the track was so', () => {
    const info = infoAt(0, { capturedAtMs: 1_790_000_000_000, mode: 'live' });
    const { picture } = bestOf([seen(0, [0.9]), { ...view(0), info }, closed(1)]).get(1)!;
    expect(picture).toMatchObject({ ptsMs: 0, capturedAtMs: 1_790_000_000_000 });
  });

  it('keeps pictures of so many tracks, and tells which found no room', () => {
    const items = [seen(0, [0.9, 0.9, 0.9]), view(0)];
    const told = bestOf([...items, closed(1, 2, 3)], { maxTracks: 2 });
    expect([...told.values()].map(({ picture, why }) => picture?.ptsMs ?? why)).toEqual([0, 0, 'no_room']);
    // A track that ended makes room.
    const next = bestOf([...items, ended(100, 1), seen(200, [0, 0.9, 0.9]), view(200), closed(3)], {
      maxTracks: 2,
    });
    expect(next.get(3)!.picture!.ptsMs).toBe(200);
  });

  it('remembers of so many tracks that they found no room', () => {
    const many = Array.from({ length: 4098 }, () => 0.9);
    const told = bestOf([seen(0, many), view(0), closed(4097, 4098)], { maxTracks: 1 });
    expect([...told.values()].map(({ why }) => why)).toEqual(['no_room', 'no_picture']);
  });

  it('counts bytes until a picture is stored', async () => {
    const stored: (() => void)[] = [];
    const told: (BestPicture | undefined)[] = [];
    const source = new Subject<Item | ViewFrame>();
    source
      .pipe(
        keepBestFrames<Item>({
          isCropped: true,
          maxWidth: 640,
          // One crop has 9984 bytes.
          maxBytes: 10_000,
          onEnded(_track, picture) {
            told.push(picture);
            return new Promise<void>((resolve) => stored.push(resolve));
          },
        }),
      )
      .subscribe();
    const show = (ptsMs: number, ...scores: number[]) =>
      [seen(ptsMs, scores), view(ptsMs)].forEach((it) => source.next(it));
    show(0, 0.9);
    source.next(ended(50, 1));
    show(100, 0, 0.9);
    source.next(closed(2));
    stored[0]!();
    await Promise.resolve();
    show(200, 0, 0, 0.9);
    source.next(closed(3));
    expect(told.map((picture) => picture?.ptsMs)).toEqual([0, undefined, 200]);
  });

  it('neither holds nor gives back a picture', () => {
    const holds = { count: 1 };
    bestOf([seen(0, [0.9]), view(0, { holds }), closed(1)]);
    expect(holds.count).toBe(1);
  });

  it.each([{ maxWidth: 0 }, { maxTracks: 0 }, { maxBytes: NaN }])('refuses %j', (wrong) => {
    const options = { isCropped: true, maxWidth: 1, onEnded: () => undefined, ...wrong };
    expect(() => keepBestFrames(options)).toThrow(RangeError);
  });
});
