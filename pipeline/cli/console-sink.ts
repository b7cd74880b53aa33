import type { EventSink, SinkEnd } from '../../models/domain/event-sink';
import { describeEvent } from './describe-event';

/** Shows events to a person, one line each; updates of tracks are left out. */
export function createConsoleSink(line: (text: string) => void, { inColour = false } = {}): EventSink {
  let written = 0;
  let announceEnd: (end: SinkEnd) => void;
  const ended = new Promise<SinkEnd>((resolve) => (announceEnd = resolve));
  return {
    name: 'terminal',
    ended,
    write(event) {
      written++;
      if (event.type !== 'track.updated') line(describeEvent(event, { inColour }));
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
