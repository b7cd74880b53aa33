import type { FrameFact } from '../../../operators/sources/stream-facts';

/** A decoded picture of a probe, steady and small where nothing else is said. */
export function frameFact(fact: Partial<FrameFact>): FrameFact {
  return {
    kind: 'frame',
    ptsMs: 0,
    arrivedMs: 0,
    size: { width: 640, height: 480 },
    sampleAspect: [1, 1],
    isKey: false,
    pixelFormat: 'yuv420p',
    isBFrame: false,
    ...fact,
  };
}

/** Pictures at these times, arriving as they are taken; each `gop`th is a key frame, from the first on. */
export function framesAt(times: readonly (number | undefined)[], { gop = Infinity } = {}): FrameFact[] {
  return times.map((ptsMs, index) =>
    frameFact({
      ptsMs,
      arrivedMs: (ptsMs ?? 0) + 1000,
      isKey: gop === Infinity ? index === 0 : index % gop === 0,
    }),
  );
}

/** `count` times, `stepMs` apart. */
export function steady(count: number, stepMs: number, fromMs = 0): number[] {
  return Array.from({ length: count }, (_, index) => fromMs + index * stepMs);
}
