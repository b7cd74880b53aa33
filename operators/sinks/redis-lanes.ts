import type { EventSink, SinkEnd, SinkStats, SpoolStats } from '../../models/domain/event-sink';
import { shardOf } from '../../models/domain/shard';
import type { Lane } from './redis-lane';

/** The lanes of all shards, as one. */
export interface Lanes extends Pick<EventSink, 'write' | 'flush' | 'close' | 'ended'> {
  /** In which shard the events of a camera are. */
  readonly shardOf: (camera: string) => number;
  /** Resolves when all of the camera's shard is in Redis, or it has ended; never rejects. */
  readonly flushShardOf: (camera: string) => Promise<void>;
  /** Events, and what of them is on disk where lanes have spools. */
  readonly stats: () => Omit<SinkStats, 'boxes'>;
}

/** Divides cameras among lanes, one a shard. */
export function joinLanes(lanes: readonly Lane[]): Lanes {
  const known = new Map<string, number>();
  const shardHolding = (camera: string) => {
    // A hash for each event would cost as much as all else that is done with it here.
    const shard = known.get(camera) ?? shardOf(camera, lanes.length);
    known.set(camera, shard);
    return shard;
  };
  const laneOf = (camera: string) => lanes[shardHolding(camera)]!;

  return {
    shardOf: shardHolding,
    ended: whenEnded(lanes),
    write: (event) => laneOf(event.data.camera).write(event),
    async flush() {
      await Promise.all(lanes.map((lane) => lane.flush()));
    },
    flushShardOf: (camera) => laneOf(camera).flush(),
    async close() {
      const closings = await Promise.allSettled(lanes.map((lane) => lane.close()));
      const failure = closings.find(({ status }) => status === 'rejected');
      if (failure?.status === 'rejected') throw failure.reason;
    },
    stats() {
      const all = lanes.map((lane) => lane.stats());
      const sumOf = (key: 'written' | 'pending' | 'lost') => all.reduce((sum, each) => sum + each[key], 0);
      const spooled = lanes.flatMap((lane) => lane.spooled() ?? []);
      return {
        ...{ written: sumOf('written'), pending: sumOf('pending'), lost: sumOf('lost') },
        ...(spooled.length > 0 && { spool: sumOfSpools(spooled) }),
      };
    },
  };
}

/** Failed with the first of them, closed with the last. */
function whenEnded(lanes: readonly Lane[]): Promise<SinkEnd> {
  return new Promise((resolve) => {
    let open = lanes.length;
    for (const { ended } of lanes) {
      void ended.then((end) => {
        open--;
        if (end.kind !== 'closed' || open === 0) resolve(end);
      });
    }
  });
}

function sumOfSpools(all: readonly SpoolStats[]): SpoolStats {
  const sumOf = (key: 'events' | 'bytes' | 'replayed' | 'damaged') =>
    all.reduce((sum, each) => sum + each[key], 0);
  const [oldestAtMs] = all.flatMap(({ oldestAtMs: at }) => at ?? []).sort((a, b) => a - b);
  return {
    ...{ events: sumOf('events'), bytes: sumOf('bytes'), oldestAtMs },
    ...{ replayed: sumOf('replayed'), damaged: sumOf('damaged') },
  };
}
