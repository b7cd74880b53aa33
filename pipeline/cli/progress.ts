import { MultiBar } from 'cli-progress';
import type { SingleBar } from 'cli-progress';
import type { CameraRun } from '../pipeline';
import type { MediaInfo } from '../probe-media';

/** What a command shows while it runs, and the way for other lines to pass it. */
export interface ProgressView {
  /** Shows a camera from now on. */
  watch(run: CameraRun, media: MediaInfo): void;
  /** Prints a whole line above the bars. */
  line(text: string): void;
  close(): void;
}

const FRAMES_A_SECOND_OVER_MS = 2000;
const REFRESH_MS = 200;

/** Bars on a terminal; elsewhere only lines. */
export function createProgressView(stream: NodeJS.WriteStream, isShown: boolean): ProgressView {
  if (!isShown || !stream.isTTY) {
    return { watch: () => undefined, line: (text) => void stream.write(`${text}\n`), close: () => undefined };
  }
  const bars = new MultiBar({
    stream,
    hideCursor: true,
    clearOnComplete: false,
    fps: 10,
    forceRedraw: true,
    emptyOnZero: true,
  });
  const timers = new Set<NodeJS.Timeout>();
  return {
    watch(run, media) {
      const { durationMs } = media;
      const isMeasured = run.spec.mode === 'recorded' && durationMs !== undefined;
      const total = isMeasured ? durationMs : 1;
      const bar = bars.create(total, 0, payloadOf(run, 0), {
        format: isMeasured
          ? '{name} [{bar}] {percentage}% | {frames} frames | {fps} fps | {tracks} tracks | {eta_formatted} left'
          : '{name} {state} | {frames} frames | {fps} fps | {tracks} tracks | {dropped} dropped | {events} events',
      });
      const rate = createRate();
      const update = () => {
        const { ptsMs = 0, frames } = run.progress();
        bar.update(isMeasured ? Math.min(total, ptsMs) : 0, payloadOf(run, rate(frames.detected)));
      };
      const timer = setInterval(update, REFRESH_MS).unref();
      timers.add(timer);
      void run.done.then(({ state }) => {
        clearInterval(timer);
        timers.delete(timer);
        update();
        finish(bar, isMeasured && state === 'completed' ? total : undefined);
      });
    },
    line: (text) => bars.log(`${text}\n`),
    close() {
      for (const timer of timers) clearInterval(timer);
      bars.stop();
    },
  };
}

function finish(bar: SingleBar, value: number | undefined): void {
  if (value !== undefined) bar.update(value);
  bar.stop();
}

function payloadOf(run: CameraRun, fps: number): Record<string, string | number> {
  const { frames, liveTracks, events, failure, ptsMs } = run.progress();
  const dropped = Object.values(frames.dropped).reduce((sum, count) => sum + count, frames.expired);
  const state =
    failure !== undefined ? `offline (${failure.code})` : ptsMs === undefined ? 'connecting' : 'online';
  return {
    name: run.spec.id,
    state,
    frames: frames.detected,
    fps: fps.toFixed(1),
    tracks: liveTracks,
    dropped,
    events,
  };
}

/** Frames a second over the last two seconds. */
function createRate(): (count: number) => number {
  const samples: { readonly atMs: number; readonly count: number }[] = [];
  return (count) => {
    const atMs = performance.now();
    samples.push({ atMs, count });
    while (samples.length > 1 && samples[0]!.atMs < atMs - FRAMES_A_SECOND_OVER_MS) samples.shift();
    const oldest = samples[0]!;
    return atMs === oldest.atMs ? 0 : ((count - oldest.count) * 1000) / (atMs - oldest.atMs);
  };
}
