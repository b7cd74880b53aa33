/** `10 → 2.5 fps`. */
export function describeRates(fromFps: number, toFps: number): string {
  return `${round(fromFps)} → ${round(toFps)} fps`;
}

const round = (fps: number) => Number(fps.toFixed(2));
