import type { Clock } from '../../models/domain/clock';
import type { PipelineError } from '../../models/domain/errors';
import type { DetectorInfo } from '../../models/domain/detect-port';
import type { SourceMode } from '../../models/domain/frame';
import type { RedisOptions } from '../../models/support/redis';
import type { LocalDetectPortOptions, PoolEvent } from '../local/pool-types';
import type { ProcessStats } from '../local/process-slot';
import type { RedisEvent } from '../wire/connections';
import type { ReplyKind } from '../wire/reply';

/** What happens in a worker; for logs and metrics. No text of it holds a credential. */
export type WorkerEvent =
  | PoolEvent
  | RedisEvent
  /** A job was none of this protocol, and nothing was done with it. */
  | {
      readonly kind: 'job_refused';
      readonly mode: SourceMode;
      readonly jobId: string;
      readonly error: PipelineError;
    }
  /** An answer could not be delivered; who sent the frames sends them again. */
  | {
      readonly kind: 'reply_lost';
      readonly producer: string;
      readonly frames: number;
      readonly error: PipelineError;
    }
  /** The queue complained, such as of a lock that ran out while Redis was away; the worker goes on. */
  | { readonly kind: 'queue_error'; readonly error: PipelineError };

export interface QueueWorkerOptions
  extends
    Pick<RedisOptions, 'url' | 'tls'>,
    Pick<
      LocalDetectPortOptions,
      | 'manifest'
      | 'providers'
      | 'processes'
      | 'maxBatch'
      | 'intraOpThreads'
      | 'inferenceTimeoutMs'
      | 'startTimeoutMs'
    > {
  readonly namespace: string;
  /** By default this machine's. */
  readonly clock?: Clock;
  /** How long `close` lets what was begun go on before it is given back. Default 20,000. */
  readonly drainTimeoutMs?: number;
  readonly onEvent?: (event: WorkerEvent) => void;
}

/** What a worker has done so far. */
export interface WorkerStats {
  /** Jobs begun, refused ones included. */
  readonly jobs: number;
  readonly refusedJobs: number;
  /** Frames answered, by kind. */
  readonly replies: Readonly<Record<ReplyKind, number>>;
  /** Frames whose answer could not be delivered; not among `replies`. */
  readonly lostReplies: number;
  /** Frames whose pixels came by each store. */
  readonly redisFrames: number;
  readonly shmFrames: number;
  /** Frames of jobs that are not answered yet, and jobs this worker would hold of each mode now. */
  readonly heldFrames: number;
  readonly concurrency: Readonly<Record<SourceMode, number>>;
  /** Frames a run of the detector; 0 before the first. */
  readonly meanBatch: number;
  /** Time inside the detector, of all processes. */
  readonly busyMs: number;
  readonly readyProcesses: number;
  readonly processes: readonly ProcessStats[];
}

/** One host's inference processes, at work for whoever sends frames. */
export interface QueueWorker {
  /** Its name in heartbeats and replies. */
  readonly id: string;
  readonly detector: DetectorInfo;
  /** The Redis it serves, without credentials. */
  readonly redis: string;
  /** Execution provider in use. */
  readonly provider: string;
  /** True while it takes jobs: Redis takes what it is given, and an inference process is warm. */
  isReady(): boolean;
  stats(): WorkerStats;
  /**
   * Takes no more jobs, finishes and answers what was begun, gives back what was not, and closes everything. Bounded;
   * resolves when nothing is left. May be called again.
   */
  close(): Promise<void>;
}
