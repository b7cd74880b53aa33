import { cameraId } from '../../../models/domain/frame';
import { countsOf, createLoadWindow } from '../../../pipeline/saturation/load-window';
import type { FrameCounts } from '../../../pipeline/saturation/load-window';

const counts = (received: number, leftOut = 0): FrameCounts => ({
  received,
  wanted: received,
  leftOut,
  detected: received - leftOut,
});
const sample = (cameras: Record<string, FrameCounts>) =>
  new Map(Object.entries(cameras).map(([id, entry]) => [cameraId(id), entry]));

describe('countsOf', () => {
  it('takes what came too late for left out, and what was left out on purpose for not wanted', () => {
    const dropped = { superseded: 5, no_slot: 3, thinned: 40, gated: 10, stopped: 1, overwritten: 2 };
    expect(
      countsOf({ received: 100, detected: 30, expired: 2, failed: { worker_lost: 1 }, dropped, inFlight: 6 }),
    ).toEqual({ received: 100, wanted: 49, leftOut: 10, detected: 30 });
  });
});

describe('createLoadWindow', () => {
  it('says nothing before two samples, and counts from the last sample before the window', () => {
    const window = createLoadWindow(10_000);
    window.add(0, sample({ a: counts(0) }));
    expect(window.load()).toBeUndefined();
    window.add(5000, sample({ a: counts(50, 50) }));
    expect(window.load()).toMatchObject({ share: 1, detectedFps: 0 });
    window.add(16_000, sample({ a: counts(160, 50) }));
    expect(window.load()).toMatchObject({ share: 0, detectedFps: 10 });
    window.clear();
    expect(window.load()).toBeUndefined();
  });

  it('weighs cameras by what they want, also without the one that loses most', () => {
    const window = createLoadWindow(10_000);
    const ids = { a: counts(0), b: counts(0), idle: counts(0) };
    window.add(0, sample(ids));
    window.add(10_000, sample({ a: counts(100, 90), b: counts(300, 30), idle: counts(0) }));
    const load = window.load()!;
    expect(load.share).toBeCloseTo(0.3);
    expect(load.shareOfOthers).toBeCloseTo(0.1);
    expect([...load.receivedFps.values()]).toEqual([10, 30, 0]);
  });

  it('counts a camera from when it came, and one that left no more', () => {
    const window = createLoadWindow(10_000);
    window.add(0, sample({ old: counts(0) }));
    window.add(1000, sample({ old: counts(10, 10), late: counts(1000, 900) }));
    window.add(2000, sample({ late: counts(1010, 900) }));
    expect(window.load()).toMatchObject({ share: 0, shareOfOthers: 0, detectedFps: 5 });
  });
});
