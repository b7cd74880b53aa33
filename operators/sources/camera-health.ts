import type { CameraStatus, DegradedCause, OfflineCause } from '../../models/domain/camera-status';
import type { CameraId, SourceMode } from '../../models/domain/frame';
import type { Size } from '../../models/domain/geometry';

export interface CameraHealthOptions {
  readonly cameraId: CameraId;
  /** Of a recorded source only its beginning and its end are told: its events are the same on every machine. */
  readonly mode: SourceMode;
  /** How much less than it sends is looked at, for people (`10 → 5 fps`); undefined: all. Asked with each picture. Default: all. */
  readonly overload?: () => string | undefined;
}

/** Where in the stream, and when, something was noticed. */
export interface HealthPlace {
  readonly epoch: number;
  readonly atMs: number;
}

/** What state a camera is in, and the statuses that tell of its changes. */
export interface CameraHealth {
  readonly state: 'connecting' | 'online' | 'degraded' | 'offline';
  /** A picture came; monotonic time. Tells also of an overload that began, changed or ended. */
  picture(place: HealthPlace, size: Size, monotonicMs: number): CameraStatus[];
  /** The source has answered and sends this codec. */
  opened(codec: string): void;
  /** Data that could not be decoded, at this monotonic time; told once there is much of it. */
  damage(place: HealthPlace, detail: string, monotonicMs: number): CameraStatus[];
  /** Something else that is wrong with a stream that goes on. */
  trouble(place: HealthPlace, cause: DegradedCause, detail: string, monotonicMs: number): CameraStatus[];
  /** A trouble that was told is not over; nothing when it was not told, or is over. */
  lasts(cause: DegradedCause, monotonicMs: number): void;
  /** No more pictures; nothing when that is known. */
  offline(place: HealthPlace, cause: OfflineCause, detail: string | undefined): CameraStatus[];
  /** True when something could not be decoded since the last picture. */
  readonly isDamaged: boolean;
}

/** So many complaints within this time are more than a lost packet now and then. */
const DAMAGES = 3;
const DAMAGE_WINDOW_MS = 10_000;
/** A camera is well again when nothing was wrong for so long. */
const RECOVERY_MS = 30_000;

/**
 * The states of one camera: `connecting` until its first picture, `online`, `degraded` while its stream goes on with a
 * fault, `offline`. Each change gives the status that tells it, each fault once while it lasts. Synchronous, no timers: a
 * camera that is degraded sends pictures, and recovers with one of them.
 */
export function createCameraHealth({ cameraId, mode, overload }: CameraHealthOptions): CameraHealth {
  let state: CameraHealth['state'] = 'connecting';
  let size: Size | undefined;
  let codec: string | undefined;
  let previousCodec: string | undefined;
  let damages: number[] = [];
  let isDamaged = false;
  /** What is wrong, and when it last was. */
  const lasting = new Map<DegradedCause, number>();
  /** The overload last told of; it lasts until it is lifted, whatever the time. */
  let toldOverload: string | undefined;

  const online = (place: HealthPlace): CameraStatus => ({
    ...{ kind: 'status', status: 'online', cameraId, ...place, source: size! },
    ...(codec !== undefined && { codec }),
  });
  const degraded = (place: HealthPlace, cause: DegradedCause, detail: string): CameraStatus => ({
    ...{ kind: 'status', status: 'degraded', cameraId, ...place, cause, detail },
  });

  /** What is another than before, as degraded statuses: the online status that follows tells how it is now. */
  function changes(place: HealthPlace, next: Size): CameraStatus[] {
    if (mode === 'recorded') return [];
    const found: CameraStatus[] = [];
    if (previousCodec !== undefined && codec !== undefined && previousCodec !== codec) {
      found.push(degraded(place, 'codec_changed', `${previousCodec} became ${codec}`));
    }
    if (size !== undefined && !isSameSize(size, next)) {
      const [from, to] = [size, next].map(({ width, height }) => `${width}x${height}`);
      found.push(degraded(place, 'resolution_changed', `${from} became ${to}`));
    }
    previousCodec = codec ?? previousCodec;
    return found;
  }

  function trouble(
    place: HealthPlace,
    cause: DegradedCause,
    detail: string,
    monotonicMs: number,
  ): CameraStatus[] {
    if (mode === 'recorded' || state === 'connecting' || state === 'offline') return [];
    const isKnown = lasting.has(cause);
    lasting.set(cause, monotonicMs);
    if (isKnown) return [];
    state = 'degraded';
    return [degraded(place, cause, detail)];
  }

  return {
    get state() {
      return state;
    },
    get isDamaged() {
      return isDamaged;
    },
    opened(next) {
      codec = next;
    },
    picture(place, next, monotonicMs) {
      isDamaged = false;
      const found = changes(place, next);
      size = next;
      for (const [cause, atMs] of lasting) if (monotonicMs - atMs >= RECOVERY_MS) lasting.delete(cause);
      const overloaded = overload?.();
      const isBack = state === 'connecting' || state === 'offline';
      const isWell = state === 'degraded' && lasting.size === 0 && overloaded === undefined;
      if (isBack || isWell || found.length > 0) {
        lasting.clear();
        toldOverload = undefined;
        state = 'online';
        found.push(online(place));
      }
      if (overloaded !== undefined && overloaded !== toldOverload) {
        state = 'degraded';
        found.push(degraded(place, 'overloaded', overloaded));
      }
      toldOverload = overloaded;
      return found;
    },
    damage(place, detail, monotonicMs) {
      isDamaged = true;
      damages = [...damages.filter((at) => monotonicMs - at < DAMAGE_WINDOW_MS), monotonicMs].slice(-DAMAGES);
      return damages.length < DAMAGES ? [] : trouble(place, 'corrupt', detail, monotonicMs);
    },
    trouble,
    lasts(cause, monotonicMs) {
      if (lasting.has(cause)) lasting.set(cause, monotonicMs);
    },
    offline(place, cause, detail) {
      lasting.clear();
      toldOverload = undefined;
      damages = [];
      isDamaged = false;
      if (state === 'offline') return [];
      state = 'offline';
      return [
        {
          ...{ kind: 'status', status: 'offline', cameraId, ...place, cause },
          ...(detail !== undefined && { detail }),
        },
      ];
    },
  };
}

function isSameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}
