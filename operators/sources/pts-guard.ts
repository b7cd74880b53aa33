/** A time to go on with. */
export interface GuardedPts {
  readonly ptsMs: number;
  /** The clock behind these times has changed: from the stream's to that of arrival, or back. */
  readonly isOtherClock: boolean;
}

/** Gives frames usable times where a live stream's own stand still. */
export interface PtsGuard {
  /** `arrivedMs` is monotonic. */
  next(ptsMs: number, arrivedMs: number): GuardedPts;
  /** True while times are those of arrival. */
  readonly isStanding: boolean;
  /** A decoder starts. */
  reset(): void;
}

/** A step below this is none: FFmpeg steps by 20 µs where pts would have to go back. */
const STEP_MS = 1;
/** Pts stand still when they did for so long, and for so many pictures. */
const STANDING_MS = 500;
const STANDING_FRAMES = 3;
/**
 * FFmpeg 5 gives the first picture of an RTSP stream with B-frames the time of a later one: so many pictures may be passed by the
 * first, by less than this.
 */
const FIRST_FRAMES = 4;
const FIRST_BACK_MS = 1000;
/** What a lone picture with the time of the one before it is moved by, so that times grow. */
const NUDGE_MS = 0.001;

/**
 * Pts that do not grow while pictures arrive are of no use to a tracker: after half a second the time of arrival takes their
 * place, going on from the last one, until they grow (or jump) again. A lone repeated time is only nudged on, and so are the
 * pictures that a first one with too late a time has passed.
 */
export function createPtsGuard(): PtsGuard {
  let last: { readonly ptsMs: number; readonly arrivedMs: number } | undefined;
  let givenMs = 0;
  let standing = { frames: 0, sinceMs: 0 };
  let isStanding = false;
  let frames = 0;
  let isAhead = false;

  function follow(ptsMs: number, arrivedMs: number): GuardedPts {
    const wasStanding = isStanding;
    isStanding = false;
    standing = { frames: 0, sinceMs: arrivedMs };
    givenMs = ptsMs;
    return { ptsMs, isOtherClock: wasStanding };
  }

  function stand(arrivedMs: number, sinceLastMs: number): GuardedPts {
    standing.frames++;
    if (isStanding) {
      givenMs += Math.max(NUDGE_MS, sinceLastMs);
      return { ptsMs: givenMs, isOtherClock: false };
    }
    givenMs += NUDGE_MS;
    isStanding = standing.frames >= STANDING_FRAMES && arrivedMs - standing.sinceMs >= STANDING_MS;
    return { ptsMs: givenMs, isOtherClock: isStanding };
  }

  return {
    next(ptsMs, arrivedMs) {
      frames++;
      const before = last;
      last = { ptsMs, arrivedMs };
      const stepMs = before === undefined ? Infinity : ptsMs - before.ptsMs;
      const backMs = givenMs - ptsMs;
      isAhead =
        before !== undefined &&
        backMs >= 0 &&
        backMs < FIRST_BACK_MS &&
        (isAhead || (stepMs < 0 && frames <= FIRST_FRAMES));
      if (isAhead) {
        givenMs += NUDGE_MS;
        return { ptsMs: givenMs, isOtherClock: false };
      }
      if (before === undefined || stepMs < 0 || stepMs >= STEP_MS) return follow(ptsMs, arrivedMs);
      return stand(arrivedMs, arrivedMs - before.arrivedMs);
    },
    get isStanding() {
      return isStanding;
    },
    reset() {
      last = undefined;
      isStanding = false;
      frames = 0;
      isAhead = false;
    },
  };
}
