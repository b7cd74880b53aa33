import type { Clock } from '../../models/domain/clock';
import type { DetectPort } from '../../models/domain/detect-port';
import type { PipelineError } from '../../models/domain/errors';
import type { Manifest } from '../../models/efficientvit/manifest';
import type { ProcessStats } from './process-slot';

/** What happens to the processes of a pool; for logs and metrics. */
export type PoolEvent =
  | {
      readonly kind: 'process_ready';
      readonly index: number;
      readonly pid: number | undefined;
      readonly provider: string;
      /** Providers tried before, and why they were not taken. */
      readonly attempts: readonly { readonly provider: string; readonly error: string }[];
    }
  | {
      readonly kind: 'process_lost';
      readonly index: number;
      readonly pid: number | undefined;
      readonly error: PipelineError;
      /** Frames settled as `failed{worker_lost}`, and frames that go to another process. */
      readonly lostFrames: number;
      readonly movedFrames: number;
      readonly retryMs: number;
    }
  | {
      /** The ring or the detector refused frames: they are `failed{inference}`. */
      readonly kind: 'frames_refused';
      readonly frames: number;
      readonly error: PipelineError;
    };

export interface LocalDetectPortOptions {
  readonly manifest: Manifest;
  /** Execution providers in order of preference. */
  readonly providers: readonly string[];
  /** Inference processes; by default one for each usable core, or two at most on a GPU. */
  readonly processes?: number;
  /** Most frames in one run of the detector. */
  readonly maxBatch: number;
  /** By default 1: a process for each core needs no more. */
  readonly intraOpThreads?: number;
  /** Longest time for one batch before its process counts as hung. */
  readonly inferenceTimeoutMs: number;
  /** Longest time to load the model and warm up with one provider; by default two minutes. */
  readonly startTimeoutMs?: number;
  readonly clock: Clock;
  /** Aborted while processes start: they are ended, and the port is refused with its reason. Not looked at afterwards. */
  readonly signal?: AbortSignal;
  /**
   * What becomes of frames while no process can be kept alive: `failed{worker_lost}` (the default), or `dropped{stopped}`,
   * for a caller who can give them to other processes, and to whom a crash is evidence against a frame.
   */
  readonly whenBroken?: 'fail' | 'give_back';
  readonly onEvent?: (event: PoolEvent) => void;
}

/** What a pool has done so far. */
export interface PoolStats {
  readonly processes: readonly ProcessStats[];
  /** Frames inside the detector now. */
  readonly inFlight: number;
  readonly ringBytes: number;
}

/** A DetectPort on this machine's own processes. */
export interface LocalDetectPort extends DetectPort {
  stats(): PoolStats;
}
