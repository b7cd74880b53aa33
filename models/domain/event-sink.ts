import type { PipelineError } from './errors';
import type { SightlineEvent } from './event';
import type { OpenCamera } from './open-tracks';
import type { TrackedFrame } from './track';

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
  /** Absent: the sink has no spool. */
  readonly spool?: SpoolStats;
  /** Absent: the sink takes no tracked frames. */
  readonly boxes?: BoxStats;
}

/** Events that wait on disk for a sink that is away. */
export interface SpoolStats {
  readonly events: number;
  readonly bytes: number;
  /** When the oldest of them was spooled, milliseconds since 1970; undefined: there is none. */
  readonly oldestAtMs: number | undefined;
  /** Events that went from disk to where they belong, also those of earlier processes. */
  readonly replayed: number;
  /** Events that were cut off or damaged on disk. */
  readonly damaged: number;
}

/** Tracked frames for overlays. */
export interface BoxStats {
  readonly written: number;
  readonly dropped: number;
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
  /** Takes a tracked frame for overlays, or drops it: never waits, promises nothing. Absent: the sink has no place for them. */
  writeBoxes?(frame: TrackedFrame): void;
  /** Settles when the sink takes no more events; never rejects. */
  readonly ended: Promise<SinkEnd>;
  /**
   * Writes what is pending, then lets go of the file or connection. What stays on disk for the next start counts as written
   * then. Rejects with a PipelineError `sink` when events were lost.
   */
  close(): Promise<void>;
  stats(): SinkStats;
}
