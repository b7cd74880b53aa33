import type { PipelineError } from './errors';
import type { SightlineEvent } from './event';
import type { OpenCamera } from './open-tracks';

/** Why a sink takes no more events. */
export type SinkEnd =
  | { readonly kind: 'closed' }
  /** Who read the other end of the pipe went away, as `| head -1` does; no failure. */
  | { readonly kind: 'reader_left' }
  | { readonly kind: 'failed'; readonly error: PipelineError };

/** Numbers for metrics and the last line of a run. */
export interface SinkStats {
  readonly written: number;
  /** Accepted and not yet written. */
  readonly pending: number;
  /** Accepted and given up, or handed over after the sink had ended. */
  readonly lost: number;
}

/** Where events go. Keeps their order; several cameras may write to one sink. */
export interface EventSink {
  /** For messages, such as `events.jsonl` or `redis://10.0.0.5:6379`; without credentials. */
  readonly name: string;
  /**
   * Takes an event and resolves when there is room for the next: await it, that is the back-pressure which keeps the sink
   * bounded. Never rejects; a failure is told once, by `ended`.
   */
  write(event: SightlineEvent): Promise<void>;
  /** Resolves when everything accepted so far is written, or the sink has ended; never rejects. */
  flush(): Promise<void>;
  /**
   * What of a camera and source the log has begun and not ended, once everything accepted so far is written; from then on
   * nobody whom this writer supersedes can change it. Rejects when it cannot be read. Absent: the sink keeps no account.
   */
  openCamera?(camera: string, source: string): Promise<OpenCamera>;
  /** Settles when the sink takes no more events; never rejects. */
  readonly ended: Promise<SinkEnd>;
  /** Writes what is pending, then lets go of the file or connection. Rejects with a PipelineError `sink` when events were lost. */
  close(): Promise<void>;
  stats(): SinkStats;
}
