import type { Registry } from 'prom-client';
import type { EventSink } from '../models/domain/event-sink';
import { createStatsMetrics } from './stats-metrics';

/** Exports what sinks have on disk and what they did for overlays, where any of them does such. */
export function watchSinks(registry: Registry, sinks: readonly EventSink[]): void {
  const allOf = <K extends 'spool' | 'boxes'>(key: K) => sinks.flatMap((sink) => sink.stats()[key] ?? []);
  if (allOf('spool').length > 0) {
    const { gauge, counter } = createStatsMetrics(registry, () => allOf('spool'));
    const sumOf =
      (key: 'events' | 'bytes' | 'replayed' | 'damaged') => (all: readonly Record<typeof key, number>[]) =>
        all.reduce((sum, each) => sum + each[key], 0);
    gauge('sightline_spool_events', 'Events that wait on disk while Redis is away.', sumOf('events'));
    gauge('sightline_spool_bytes', 'Size of the files in which they wait.', sumOf('bytes'));
    gauge(
      'sightline_spool_oldest_age_seconds',
      'How long the oldest of them has waited; 0: none does.',
      (all) => {
        const oldestMs = Math.min(...all.map(({ oldestAtMs = Infinity }) => oldestAtMs));
        return Number.isFinite(oldestMs) ? Math.max(0, Date.now() - oldestMs) / 1000 : 0;
      },
    );
    counter(
      'sightline_spool_replayed_events_total',
      'Events that went from disk to Redis, also those of earlier processes.',
      sumOf('replayed'),
    );
    counter(
      'sightline_spool_damaged_events_total',
      'Events that were cut off or damaged on disk, and so are lost.',
      sumOf('damaged'),
    );
  }
  if (allOf('boxes').length > 0) {
    const { counter } = createStatsMetrics(registry, () => allOf('boxes'));
    counter('sightline_boxes_frames_total', 'Tracked frames written for overlays.', (all) =>
      all.reduce((sum, { written }) => sum + written, 0),
    );
    counter('sightline_boxes_dropped_total', 'Tracked frames that overlays have to do without.', (all) =>
      all.reduce((sum, { dropped }) => sum + dropped, 0),
    );
  }
}
