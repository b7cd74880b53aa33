import type { CameraId } from './frame';
import type { ErrorCode } from './errors';
import type { Size } from './geometry';

/** A change in what is known of a camera; travels in order with its frames. */
export type CameraStatus =
  | {
      readonly kind: 'status';
      readonly status: 'online';
      readonly cameraId: CameraId;
      readonly epoch: number;
      readonly atMs: number;
      readonly source: Size;
    }
  | {
      readonly kind: 'status';
      readonly status: 'offline';
      readonly cameraId: CameraId;
      readonly epoch: number;
      readonly atMs: number;
      readonly cause: ErrorCode | 'stopped' | 'completed';
      /** One line for people; credentials removed. Absent for recorded sources, whose events are reproducible. */
      readonly detail?: string;
    }
  | {
      /** Nothing came for longer than the resume window: open tracks end. */
      readonly kind: 'status';
      readonly status: 'lapsed';
      readonly cameraId: CameraId;
      readonly epoch: number;
      readonly atMs: number;
    };
