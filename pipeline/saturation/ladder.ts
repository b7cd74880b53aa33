import type { CameraId } from '../../models/domain/frame';

/** What is left of one live camera. */
export interface ThrottledCamera {
  readonly id: CameraId;
  /** The lowest give way first. */
  readonly priority: number;
  /** Frames a second when nothing is lowered. */
  readonly fullFps: number;
  /** How often the rate of its priority was halved, 0 to `MAX_LEVEL`. */
  readonly level: number;
  readonly isPaused: boolean;
}

export interface LadderOptions {
  /** No rate is lowered below this; one that is below it anyway stays. */
  readonly minFps: number;
  readonly mayPause: boolean;
}

export const MAX_LEVEL = 3;

/** Frames a second of a camera that are to be looked at; 0 when it is paused. */
export function fpsOf({ fullFps, level, isPaused }: ThrottledCamera, minFps: number): number {
  if (isPaused) return 0;
  return level === 0 ? fullFps : Math.min(fullFps, Math.max(minFps, fullFps / 2 ** level));
}

/**
 * The cameras one step lower, or undefined when nothing more can give way. First rates are halved, of the lowest priority first
 * and of each once before any a second time; then cameras are paused one by one, the lowest priority first (among equals, the
 * last by name), but never the last one.
 */
export function lowered(
  cameras: readonly ThrottledCamera[],
  options: LadderOptions,
): readonly ThrottledCamera[] | undefined {
  let now = cameras;
  for (;;) {
    const next = best(now, (a, b) => a.level - b.level || a.priority - b.priority);
    if (next === undefined || next.level >= MAX_LEVEL) break;
    now = withLevel(now, next.priority, next.level + 1);
    if (isChanged(cameras, now, options)) return now;
  }
  const active = cameras.filter(({ isPaused }) => !isPaused);
  if (!options.mayPause || active.length < 2) return undefined;
  const first = best(active, (a, b) => a.priority - b.priority || (a.id > b.id ? -1 : 1))!;
  return withPaused(cameras, first.id, true);
}

/** The cameras one step higher, in the reverse order of `lowered`; undefined when nothing is lowered or paused. */
export function raised(
  cameras: readonly ThrottledCamera[],
  options: LadderOptions,
): readonly ThrottledCamera[] | undefined {
  const resumed = resumeBest(cameras);
  if (resumed !== undefined) return resumed;
  let now = cameras;
  for (;;) {
    const next = best(now, (a, b) => b.level - a.level || b.priority - a.priority);
    if (next === undefined || next.level === 0) return now === cameras ? undefined : now;
    now = withLevel(now, next.priority, next.level - 1);
    if (isChanged(cameras, now, options)) return now;
  }
}

/**
 * The cameras with one more. It begins where it would stand had it been there from the start: with the rate of its priority, not
 * above that of a more important one, and paused where a more important one is.
 */
export function joined(
  cameras: readonly ThrottledCamera[],
  { id, priority, fullFps }: Pick<ThrottledCamera, 'id' | 'priority' | 'fullFps'>,
): readonly ThrottledCamera[] {
  const level = Math.max(
    0,
    ...cameras.filter((other) => other.priority >= priority).map((other) => other.level),
  );
  const isPaused = cameras.some((other) => other.isPaused && other.priority > priority);
  return [...cameras, { id, priority, fullFps, level, isPaused }];
}

/** The cameras with one fewer; when only paused ones are left, the most important of them goes on. */
export function parted(cameras: readonly ThrottledCamera[], id: CameraId): readonly ThrottledCamera[] {
  const rest = cameras.filter((camera) => camera.id !== id);
  return rest.every(({ isPaused }) => isPaused) ? (resumeBest(rest) ?? rest) : rest;
}

/** 0: all is as configured; 1 to `MAX_LEVEL`: so often some rate was halved; and 1 more for each camera that is paused. */
export function depthOf(cameras: readonly ThrottledCamera[]): number {
  return (
    Math.max(0, ...cameras.map(({ level }) => level)) + cameras.filter(({ isPaused }) => isPaused).length
  );
}

function resumeBest(cameras: readonly ThrottledCamera[]): readonly ThrottledCamera[] | undefined {
  const paused = cameras.filter(({ isPaused }) => isPaused);
  const next = best(paused, (a, b) => b.priority - a.priority || (a.id < b.id ? -1 : 1));
  return next && withPaused(cameras, next.id, false);
}

function best(
  cameras: readonly ThrottledCamera[],
  order: (a: ThrottledCamera, b: ThrottledCamera) => number,
): ThrottledCamera | undefined {
  return [...cameras].sort(order)[0];
}

const withLevel = (cameras: readonly ThrottledCamera[], priority: number, level: number) =>
  cameras.map((camera) => (camera.priority === priority ? { ...camera, level } : camera));

const withPaused = (cameras: readonly ThrottledCamera[], id: CameraId, isPaused: boolean) =>
  cameras.map((camera) => (camera.id === id ? { ...camera, isPaused } : camera));

function isChanged(
  before: readonly ThrottledCamera[],
  after: readonly ThrottledCamera[],
  { minFps }: LadderOptions,
): boolean {
  return after.some((camera, index) => fpsOf(camera, minFps) !== fpsOf(before[index]!, minFps));
}
