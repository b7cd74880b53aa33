import { defer, filter, map, tap } from 'rxjs';
import type { Observable } from 'rxjs';
import type { CameraStatus } from '../../models/domain/camera-status';
import type { ViewFrame } from '../../models/domain/frame';
import { createLedger } from '../../models/domain/ledger';
import { cameraSource } from './camera-source';
import type { CameraSignal, CameraSourceOptions } from './camera-source';

export interface ViewSourceOptions extends Pick<
  CameraSourceOptions,
  | 'cameraId'
  | 'clock'
  | 'decode'
  | 'stop'
  | 'paused'
  | 'onFailure'
  | 'backoff'
  | 'startGate'
  | 'watch'
  | 'scheduler'
> {
  /** The stream began, was lost, or is another than before. */
  readonly onStatus?: (status: CameraStatus) => void;
}

/**
 * The pictures of a stream that a live camera sends for people beside the one that is looked at; `decode` gives view renditions
 * alone. It is kept up by itself as a camera is (`cameraSource`), and whatever becomes of it costs no frame of the other. Never
 * errors; completes after `stop`, or by unsubscribing, which ends the decoder.
 */
export function viewSource({ onStatus, ...options }: ViewSourceOptions): Observable<ViewFrame> {
  return defer(() =>
    cameraSource({
      ...options,
      mode: 'live',
      leading: 'view',
      ledger: createLedger(),
      startAtMs: 0,
      firstEpoch: 0,
      // Nothing lives through an outage here.
      resumeWindowMs: 0,
    }),
  ).pipe(
    tap((item) => item.kind === 'status' && onStatus?.(item)),
    filter(isView),
    map((view) => ({ ...view, isApart: true })),
  );
}

const isView = (item: CameraSignal): item is ViewFrame => item.kind === 'view';
