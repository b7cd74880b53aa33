import type { PipelineError } from '../../models/domain/errors';
import { missedFrames } from '../../models/domain/ledger';
import type { CameraRun } from '../pipeline';
import type { MediaInfo } from '../probe-media';
import { openBars } from './terminal-bars';

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
  const bars = openBars(stream);
  const timers = new Set<NodeJS.Timeout>();
  let isClosed = false;

  return {
    watch(run, media) {
      // What a short run was asked about its input can come after its end; a bar would keep the process alive.
      if (isClosed) return;
      const { durationMs } = media;
      const isMeasured = run.spec.mode === 'recorded' && durationMs !== undefined;
      const total = isMeasured ? durationMs : 1;
      const startedMs = performance.now();
      const bar = bars.create(total, 0, payloadOf(run, 0, '?'), {
        format: isMeasured
          ? '{name} [{bar}] {percentage}% | {frames} frames | {fps} fps | {tracks} tracks | {left} left'
          : '{name} {state} | {frames} frames | {fps} fps | {tracks} tracks | {dropped} dropped | {events} events',
      });
      const rate = createRate();
      const update = () => {
        const { ptsMs = 0, frames } = run.progress();
        const value = isMeasured ? Math.min(total, ptsMs) : 0;
        const left = timeLeft(value / total, performance.now() - startedMs);
        bar.update(value, payloadOf(run, rate(frames.detected), left));
      };
      const timer = setInterval(update, REFRESH_MS).unref();
      timers.add(timer);
      void run.done.then(({ state }) => {
        clearInterval(timer);
        timers.delete(timer);
        update();
        if (isMeasured && state === 'completed') bar.update(total, { left: timeLeft(1, 0) });
        else bar.update({ state });
        bar.stop();
      });
    },
    line: (text) => bars.line(text),
    close() {
      isClosed = true;
      for (const timer of timers) clearInterval(timer);
      bars.close();
    },
  };
}

function payloadOf(run: CameraRun, fps: number, left: string): Record<string, string | number> {
  const { frames, liveTracks, startedTracks, events, failure, ptsMs, isPaused } = run.progress();
  const dropped = missedFrames(frames);
  return {
    name: run.spec.id,
    state: isPaused ? 'paused' : stateOf(failure, ptsMs),
    frames: frames.detected,
    fps: fps.toFixed(1),
    // Of a recording all that it holds; of a camera what it sees now.
    tracks: run.spec.mode === 'recorded' ? startedTracks : liveTracks,
    dropped,
    events,
    left,
  };
}

function stateOf(failure: PipelineError | undefined, ptsMs: number | undefined): string {
  if (failure !== undefined) return `offline (${failure.code})`;
  return ptsMs === undefined ? 'connecting' : 'online';
}

/** How long the rest takes when it goes on as it went so far; cli-progress's own estimate begins with "NFs". */
function timeLeft(doneFraction: number, elapsedMs: number): string {
  if (doneFraction <= 0) return '?';
  const seconds = Math.ceil((elapsedMs * (1 - doneFraction)) / doneFraction / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
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
