import { Registry } from 'prom-client';
import type { EventSink, SinkStats } from '../../models/domain/event-sink';
import { watchSinks } from '../../pipeline/sink-metrics';

function sinkOf(stats: Partial<SinkStats>): EventSink {
  return {
    name: 'sink',
    write: () => Promise.resolve(),
    flush: () => Promise.resolve(),
    ended: new Promise(() => undefined),
    close: () => Promise.resolve(),
    stats: () => ({ written: 0, pending: 0, lost: 0, ...stats }),
  };
}

describe('watchSinks', () => {
  it('exports nothing of sinks that have no spool and no boxes', async () => {
    const registry = new Registry();
    watchSinks(registry, [sinkOf({})]);
    expect((await registry.metrics()).trim()).toBe('');
  });

  it('exports what all spools hold, the oldest of all, and what overlays got', async () => {
    const registry = new Registry();
    const spool = { events: 3, bytes: 1000, oldestAtMs: Date.now() - 90_000, replayed: 5, damaged: 1 };
    watchSinks(registry, [
      sinkOf({ spool, boxes: { written: 7, dropped: 2 } }),
      sinkOf({ spool: { ...spool, oldestAtMs: undefined } }),
      sinkOf({}),
    ]);
    const text = await registry.metrics();
    const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    expect(value('sightline_spool_events')).toBe(6);
    expect(value('sightline_spool_bytes')).toBe(2000);
    expect(Math.round(value('sightline_spool_oldest_age_seconds') / 10)).toBe(9);
    expect(value('sightline_spool_replayed_events_total')).toBe(10);
    expect(value('sightline_spool_damaged_events_total')).toBe(2);
    expect(value('sightline_boxes_frames_total')).toBe(7);
    expect(value('sightline_boxes_dropped_total')).toBe(2);
  });

  it('tells no age where nothing waits', async () => {
    const registry = new Registry();
    watchSinks(registry, [
      sinkOf({ spool: { events: 0, bytes: 0, oldestAtMs: undefined, replayed: 0, damaged: 0 } }),
    ]);
    expect(await registry.metrics()).toContain('sightline_spool_oldest_age_seconds 0\n');
  });
});
