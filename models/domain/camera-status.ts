import type { CameraId } from './frame';
import type { ErrorCode } from './errors';
import type { Size } from './geometry';

/** Why a camera sends no pictures. `paused`: this host has no time for it. */
export type OfflineCause = ErrorCode | 'stopped' | 'completed' | 'paused';

/**
 * What can be wrong, or another than before, with a live stream that goes on. `overloaded`: nothing is wrong with it, but fewer
 * of its pictures are looked at.
 */
export const DEGRADED_CAUSES = [
  'corrupt',
  'resolution_changed',
  'codec_changed',
  'clock_drift',
  'overloaded',
] as const;
export type DegradedCause = (typeof DEGRADED_CAUSES)[number];

interface Status {
  readonly kind: 'status';
  readonly cameraId: CameraId;
  readonly epoch: number;
  readonly atMs: number;
}

/** A change in what is known of a camera; travels in order with its frames. */
export type CameraStatus =
  | (Status & {
      /** Pictures come, and nothing is wrong with them. */
      readonly status: 'online';
      readonly source: Size;
      /** FFmpeg's name of it, such as `h264`; live sources only. */
      readonly codec?: string;
    })
  | (Status & {
      /** Pictures come, but not as they did or should; followed by `online` when all is well (again). */
      readonly status: 'degraded';
      readonly cause: DegradedCause;
      /** One line for people; credentials removed. */
      readonly detail: string;
    })
  | (Status & {
      readonly status: 'offline';
      readonly cause: OfflineCause;
      /** One line for people; credentials removed. Absent for recorded sources, whose events are reproducible. */
      readonly detail?: string;
    })
  | (Status & {
      /** Nothing came for longer than the resume window: open tracks end. */
      readonly status: 'lapsed';
    });
