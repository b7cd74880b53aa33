import type { Config } from '../../config/schema';
import { redact } from '../../models/domain/redact';
import type { CameraResult, CameraRun } from '../pipeline';

export interface SummaryInput {
  readonly runs: readonly CameraRun[];
  /** In the order of `runs`. */
  readonly results: readonly CameraResult[];
  readonly config: Config;
  readonly elapsedMs: number;
}

/** The last lines of a run, for people: what was looked at, and where everything is. */
export function summaryOf({ runs, results, config, elapsedMs }: SummaryInput): string[] {
  const cameras = results.map((result, index) => {
    const { frames, state, id } = result;
    const { events, startedTracks } = runs[index]!.progress();
    const left = Object.values(frames.dropped).reduce((sum, count) => sum + count, frames.expired);
    const lost = Object.values(frames.failed).reduce((sum, count) => sum + count, 0);
    const rate = (frames.detected * 1000) / elapsedMs;
    return [
      `${id}: ${state}, ${frames.detected} frames looked at (${rate.toFixed(1)} a second)`,
      ...(left > 0 ? [`${left} dropped`] : []),
      ...(lost > 0 ? [`${lost} failed`] : []),
      `${startedTracks} tracks`,
      `${events} events`,
    ].join(', ');
  });
  const places = config.events.map((sink) => {
    if (sink.type === 'redis') return `events: ${redact(sink.url)}, stream ${config.namespace}:events:0`;
    return `events: ${sink.path === '-' ? 'standard output' : sink.path}`;
  });
  const videos = runs.flatMap(({ spec: { id, annotatePath } }, index) =>
    annotatePath === undefined || results[index]!.state === 'failed'
      ? []
      : [`video of ${id}: ${annotatePath}`],
  );
  return [...cameras, ...places, ...videos];
}
