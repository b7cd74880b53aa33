import type { EventOf } from './event';
import type { CameraId, FrameInfo, SourceMode } from './frame';
import type { Size } from './geometry';
import { parseTrackId } from './open-tracks';
import type { OpenCamera, OpenTrack } from './open-tracks';
import type { Track } from './track';

/** A track that another process began, as its last events told of it. */
export interface ResumedTrack {
  readonly track: Track;
  /** The frame that showed it. */
  readonly frame: FrameInfo;
  /** Bottom centre of the box, fractions of the picture: where it was confirmed and where it was last. */
  readonly path: readonly (readonly [number, number])[];
  readonly visits: readonly {
    readonly zone: string;
    readonly enteredAtMs: number;
    readonly told: readonly ('zone.dwell' | 'zone.loitering')[];
  }[];
  /** Event time since when it is told to stand still; absent: it is not. */
  readonly stillSinceMs?: number;
}

/** What a camera goes on from that another process ran before. */
export interface ResumedCamera {
  /** First epoch of the present run: what is found from now on of these tracks is counted within it. */
  readonly byEpoch: number;
  /** Where the earlier run's events end. */
  readonly last: FrameInfo;
  /** In order of birth. */
  readonly tracks: readonly ResumedTrack[];
}

/** What a run that begins with `byEpoch` goes on from; undefined when nothing is open. */
export function resumedCamera(
  open: OpenCamera,
  {
    cameraId,
    mode,
    byEpoch,
  }: { readonly cameraId: CameraId; readonly mode: SourceMode; readonly byEpoch: number },
): ResumedCamera | undefined {
  const tracks = open.tracks.map((track) => resumedTrack(track, { cameraId, mode, online: open.online }));
  const last = tracks.map(({ frame }) => frame).sort((a, b) => b.atMs - a.atMs)[0];
  return last === undefined ? undefined : { byEpoch, last, tracks };
}

interface Context {
  readonly cameraId: CameraId;
  readonly mode: SourceMode;
  readonly online: EventOf<'camera.online'> | undefined;
}

function resumedTrack(open: OpenTrack, { cameraId, mode, online }: Context): ResumedTrack {
  const { started, updated, visits, stationary } = open;
  const latest = updated ?? started;
  const { box, boxFraction, ptsMs, label, score, capturedAtMs } = latest.data;
  const source = online?.data.source ?? sizeOf(latest.data);
  const atMs = Date.parse(latest.time);
  const frame: FrameInfo = {
    cameraId,
    mode,
    segment: { epoch: latest.data.epoch, isResumed: false },
    seq: 0,
    ptsMs,
    atMs,
    ...(capturedAtMs !== undefined && { capturedAtMs }),
    source,
  };
  const [vx, vy] = updated?.data.velocity ?? [0, 0];
  const track: Track = {
    ...parseTrackId(started.data.trackId),
    label,
    score,
    maxScore: updated?.data.maxScore ?? Math.max(started.data.score, score),
    box,
    firstSeenPtsMs: started.data.firstSeenPtsMs,
    lastSeenPtsMs: ptsMs,
    firstSeenAtMs: Date.parse(started.time) - Math.max(0, started.data.ptsMs - started.data.firstSeenPtsMs),
    lastSeenAtMs: atMs,
    velocity: [vx * source.width, vy * source.height],
    hits: updated?.data.hits ?? 1,
    isVisible: false,
  };
  return {
    track,
    frame,
    path: [anchorOf(started.data.boxFraction), anchorOf(boxFraction)],
    visits: visits.map(({ entered, told }) => ({
      zone: entered.data.zone,
      enteredAtMs: Date.parse(entered.time),
      told,
    })),
    ...(stationary !== undefined && {
      stillSinceMs: Date.parse(stationary.time) - stationary.data.stillMs,
    }),
  };
}

const anchorOf = ([x1, , x2, y2]: readonly [number, number, number, number]): [number, number] => [
  Math.round(((x1 + x2) / 2) * 1e4) / 1e4,
  Math.round(y2 * 1e4) / 1e4,
];

/** The picture's size, where no `camera.online` told it, from a box that is known in both units. */
function sizeOf({ box, boxFraction }: Pick<EventOf<'track.started'>['data'], 'box' | 'boxFraction'>): Size {
  const side = (pixels: number, fraction: number) =>
    Math.max(1, Math.round(fraction > 0 ? pixels / fraction : pixels));
  return { width: side(box[2], boxFraction[2]), height: side(box[3], boxFraction[3]) };
}
