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

describe('createCameraFrames of a camera whose clock runs wrong', () => {
  /** What is told, with the minute, of pictures (5 a second) that arrive so late at each millisecond of the camera's clock. */
  function told(minutes: number, lateMs: (ptsMs: number) => number): readonly string[] {
    let arrivedMs = 0;
    const frames = createCameraFrames({
      cameraId: cameraId('front'),
      mode: 'live',
      clock: { nowMs: () => 1e12 + arrivedMs, monotonicMs: () => arrivedMs },
      ledger: createLedger(),
      startAtMs: 0,
      firstEpoch: 0,
      resumeWindowMs: 5000,
    });
    const statuses: string[] = [];
    for (let ptsMs = 0; ptsMs < minutes * 60_000; ptsMs += 200) {
      arrivedMs = ptsMs + lateMs(ptsMs);
      const lease = { pixels: new Uint8Array(0), retain: () => undefined, release: () => undefined };
      const size = { width: 64, height: 48 };
      const items = frames.accept({
        shown: { rendition: 'detect', ptsMs, size, sampleAspect: [1, 1], isKey: true },
        lease,
        muxedPtsMs: ptsMs,
      });
      for (const item of items) {
        if (item.kind === 'status') statuses.push(`${Math.floor(ptsMs / 60_000)}: ${item.status}`);
      }
    }
    return statuses;
  }

  it.each([
    [0.04, 1],
    [0.02, 1],
    [0.005, 4],
    [-0.01, 1],
  ])('and loses %d of its time is told of once while that lasts', (loss, minute) => {
    expect(told(60, (ptsMs) => ptsMs * loss)).toEqual(['0: online', `${minute}: degraded`]);
  });

  it('for ten minutes is well again only after it has been steady for long', () => {
    const statuses = told(60, (ptsMs) => 0.02 * Math.min(ptsMs, 600_000));
    expect(statuses).toEqual(['0: online', '1: degraded', '12: online']);
  });

  it('by a step, after hours, is well again within half an hour', () => {
    const statuses = told(360, (ptsMs) => (ptsMs < 10_800_000 ? 0 : 1500));
    expect(statuses).toEqual(['0: online', '181: degraded', '211: online']);
  });
});
