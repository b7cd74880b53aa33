import { NEVER } from 'rxjs';
import { cameraId } from '../../models/domain/frame';
import { createLedger } from '../../models/domain/ledger';
import type { CameraSignal, CameraSourceOptions } from '../../operators/sources/camera-source';
import type { DecodedFrame } from '../../operators/sources/ffmpeg-frames';

/** A picture out of a decoder; counts what is released. */
export function decoded(ptsMs: number, released?: { count: number }): DecodedFrame {
  const size = { width: 64, height: 48 };
  return {
    shown: { rendition: 'detect', ptsMs, size, sampleAspect: [1, 1], isKey: true },
    lease: {
      pixels: new Uint8Array(0),
      retain: () => undefined,
      release: () => released && released.count++,
    },
    muxedPtsMs: ptsMs,
  };
}

/** What is worth comparing of an item. */
export function brief(item: CameraSignal): string {
  if (item.kind === 'status') return item.status === 'offline' ? `offline ${item.cause}` : item.status;
  return `${item.kind} ${item.info.segment.epoch}/${item.info.seq} at ${item.info.ptsMs}`;
}

/** Of a recorded source, unless told otherwise. */
export function options(
  extra: Partial<CameraSourceOptions> & Pick<CameraSourceOptions, 'decode'>,
): CameraSourceOptions {
  return {
    cameraId: cameraId('front'),
    mode: 'recorded',
    clock: { nowMs: () => 1_000_000, monotonicMs: () => 0 },
    ledger: createLedger(),
    startAtMs: 0,
    firstEpoch: 0,
    resumeWindowMs: 5000,
    stop: NEVER,
    ...extra,
  };
}
