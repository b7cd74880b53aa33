import { cameraId } from '../../../models/domain/frame';
import { createLedger } from '../../../models/domain/ledger';
import { createCameraFrames } from '../../../operators/sources/camera-frames';

/** A picture each 100 ms from a live camera; how old each seems, and what is told, while this host's clock is set after a second. */
function agesAround(setByMs: number): {
  readonly ages: readonly number[];
  readonly statuses: readonly string[];
} {
  let passedMs = 0;
  const nowMs = () => 1e12 + passedMs + (passedMs >= 1000 ? setByMs : 0);
  const frames = createCameraFrames({
    cameraId: cameraId('front'),
    mode: 'live',
    clock: { nowMs, monotonicMs: () => passedMs },
    ledger: createLedger(),
    startAtMs: 0,
    firstEpoch: 0,
    resumeWindowMs: 5000,
  });
  const ages: number[] = [];
  const statuses: string[] = [];
  for (; passedMs < 30_000; passedMs += 100) {
    const lease = { pixels: new Uint8Array(0), retain: () => undefined, release: () => undefined };
    const size = { width: 64, height: 48 };
    const items = frames.accept({
      shown: { rendition: 'detect', ptsMs: passedMs, size, sampleAspect: [1, 1], isKey: true },
      lease,
      muxedPtsMs: passedMs,
    });
    for (const item of items) {
      if (item.kind === 'status') statuses.push(item.status);
      else ages.push(nowMs() - item.info.capturedAtMs!);
    }
  }
  return { ages, statuses };
}

describe('createCameraFrames on a host whose clock is set', () => {
  it.each([3_600_000, -3_600_000, 2000])(
    'by %i ms takes no picture for late, nor blames the camera',
    (byMs) => {
      const { ages, statuses } = agesAround(byMs);
      expect(ages).toHaveLength(300);
      expect(new Set(ages)).toEqual(new Set([0]));
      expect(statuses).toEqual(['online']);
    },
  );
});
