import type { SightlineEvent } from '../../models/domain/event';
import type { EventSink, SinkEnd } from '../../models/domain/event-sink';

/** Shows events to a person, one line each; updates of tracks are left out. */
export function createConsoleSink(line: (text: string) => void): EventSink {
  let written = 0;
  let announceEnd: (end: SinkEnd) => void;
  const ended = new Promise<SinkEnd>((resolve) => (announceEnd = resolve));
  return {
    name: 'terminal',
    ended,
    write(event) {
      written++;
      const text = describeEvent(event);
      if (text !== undefined) line(text);
      return Promise.resolve();
    },
    flush: () => Promise.resolve(),
    close() {
      announceEnd({ kind: 'closed' });
      return Promise.resolve();
    },
    stats: () => ({ written, pending: 0, lost: 0 }),
  };
}

/** One readable line for an event, or undefined for one that would only flood a terminal. */
export function describeEvent(event: SightlineEvent): string | undefined {
  const place = `${event.time.slice(11, 23)} ${event.subject}`;
  switch (event.type) {
    case 'camera.online':
      return `${place} online, ${event.data.source.width}x${event.data.source.height}`;
    case 'camera.offline':
    case 'camera.degraded':
      return `${place} ${event.type.slice('camera.'.length)}: ${event.data.cause}`;
    case 'track.started':
      return `${place} ${event.data.label} ${event.data.trackId} appeared (${event.data.score.toFixed(2)})`;
    case 'track.ended':
      return `${place} ${event.data.label} ${event.data.trackId} gone after ${(event.data.durationMs / 1000).toFixed(1)} s (${event.data.reason})`;
    case 'zone.entered':
    case 'zone.left':
    case 'zone.dwell':
    case 'zone.loitering':
      return `${place} ${event.data.label} ${event.data.trackId} ${event.type.slice('zone.'.length)} ${event.data.zone}`;
    case 'line.crossed':
      return `${place} ${event.data.label} ${event.data.trackId} crossed ${event.data.line} (${event.data.direction})`;
    case 'occupancy.changed':
      return `${place} ${event.data.zone}: ${event.data.count}`;
    case 'occupancy.summary': {
      const { zone, min, max, mean } = event.data;
      return `${place} ${zone}: ${min} to ${max}, ${mean.toFixed(1)} on average`;
    }
    case 'object.stationary':
    case 'object.moving':
      return `${place} ${event.data.label} ${event.data.trackId} ${event.type.slice('object.'.length)}`;
    case 'track.updated':
      return undefined;
  }
}
