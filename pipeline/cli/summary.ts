import type { Config } from '../../config/schema';
import { missedFrames } from '../../models/domain/ledger';
import { redactUrl } from '../../models/domain/redact';
import type { FinishedCamera } from './run-cameras';

/** The last lines of a run, for people: what was looked at, and where everything is. */
export function summaryOf(finished: readonly FinishedCamera[], config: Config): string[] {
  const cameras = finished.map(({ run, result: { frames, state, id, wallMs } }) => {
    const { events, startedTracks } = run.progress();
    const left = missedFrames(frames);
    const gated = frames.dropped['gated'] ?? 0;
    const lost = Object.values(frames.failed).reduce((sum, count) => sum + count, 0);
    const rate = ((frames.detected * 1000) / wallMs).toFixed(1);
    return [
      `${id}: ${state}, ${frames.detected} frames looked at${frames.detected > 0 ? ` (${rate} a second)` : ''}`,
      ...(gated > 0 ? [`${gated} without motion`] : []),
      ...(left > 0 ? [`${left} dropped`] : []),
      ...(lost > 0 ? [`${lost} failed`] : []),
      count(startedTracks, 'track'),
      count(events, 'event'),
    ].join(', ');
  });
  const videos = finished.flatMap(({ run: { spec }, result }) =>
    // Without a frame there is no video, or only one of an earlier run.
    spec.annotatePath === undefined || result.state === 'failed' || result.frames.received === 0
      ? []
      : [`video of ${spec.id}: ${spec.annotatePath}`],
  );
  return [...cameras, ...placesOf(config), ...videos];
}

/** Where events go, for people. */
export function placesOf({ events, namespace }: Config): string[] {
  return events.map((sink) => {
    if (sink.type === 'redis') return `events: ${redactUrl(sink.url)}, ${streamsOf(namespace, sink.shards)}`;
    return `events: ${sink.path === '-' ? 'standard output' : sink.path}`;
  });
}

function streamsOf(namespace: string, shards: number): string {
  const first = `${namespace}:events:0`;
  return shards === 1 ? `stream ${first}` : `streams ${first} to ${String(shards - 1)}`;
}

const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
