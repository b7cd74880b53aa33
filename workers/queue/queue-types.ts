import type { Clock } from '../../models/domain/clock';
import type { DetectPort, DetectorInfo } from '../../models/domain/detect-port';
import type { RedisOptions } from '../../models/support/redis';
import type { Capacity } from './capacity';
import type { RedisEvent } from '../wire/connections';
import type { FleetEvent } from './fleet';

/** Which frame stores may be used: `auto` takes shared memory while every worker is on this host. */
export type StoreChoice = 'auto' | 'redis';

/** What happens between this process and the workers; for logs and metrics. */
export type QueueEvent =
  | FleetEvent
  | RedisEvent
  /** No worker has published the model that is asked for; `others` are those that some have. */
  | { readonly kind: 'no_model'; readonly others: readonly string[] }
  /** A worker could not open this host's frame ring: frames go through Redis from now on. */
  | { readonly kind: 'ring_unreachable'; readonly worker: string }
  /** A frame ended the detector again and again while alone, and is `failed{poison}`. */
  | { readonly kind: 'poison'; readonly camera: string; readonly seq: number }
  /** Something in the stream of answers was none. */
  | { readonly kind: 'bad_reply'; readonly error: Error };

export interface QueueDetectPortOptions extends Pick<RedisOptions, 'url' | 'tls'> {
  readonly namespace: string;
  readonly detector: DetectorInfo;
  readonly clock: Clock;
  readonly store?: StoreChoice;
  /** Most bytes of pixels on their way, in Redis and in the ring each. Default 64 MiB. */
  readonly frameBudgetBytes?: number;
  /** A recorded frame of which nothing was heard for so long is looked after and sent again. Default 10,000. */
  readonly resubmitMs?: number;
  /** How long after its deadline a live frame's answer is waited for. Default 1000. */
  readonly graceMs?: number;
  /** Keep the pixels of poison frames beside what is known of them. Default false. */
  readonly keepsDeadPixels?: boolean;
  readonly onEvent?: (event: QueueEvent) => void;
}

/** What a queue port has done so far. */
export interface QueueStats {
  readonly capacity: Capacity;
  readonly inFlight: number;
  readonly jobs: number;
  /** Jobs and frames sent, attempts after the first included. */
  readonly sentJobs: number;
  readonly sentFrames: number;
  /** Frames that went through each store. */
  readonly redisFrames: number;
  readonly shmFrames: number;
  /** Attempts after the first. */
  readonly retries: number;
  /** Answers to frames that were settled before. */
  readonly lateReplies: number;
  readonly poisonFrames: number;
  readonly ringBytes: number;
}

/** A DetectPort on workers of any host. */
export interface QueueDetectPort extends DetectPort {
  stats(): QueueStats;
}
