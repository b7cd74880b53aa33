import type { TestInput, TestPattern } from '../../models/domain/test-pattern';

const SIZE = 'size=640x480';
const RATE = 'rate=10';

/** Graphs of our own: one from outside could read files. The same pictures on every run. */
const GRAPHS: Record<TestPattern, (length: string) => string> = {
  testsrc2: (length) => `testsrc2=${SIZE}:${RATE}${length}`,
  smptebars: (length) => `smptebars=${SIZE}:${RATE}${length}`,
  'moving-box': (length) =>
    `color=color=0x606060:${SIZE}:${RATE}${length}[ground];` +
    `color=color=0xe0e0e0:size=80x160:${RATE}${length}[box];` +
    "[ground][box]overlay=x='mod(t*120,W+w)-w':y='(H-h)/2',format=yuv420p",
  noise: (length) => `color=color=0x808080:${SIZE}:${RATE}${length},noise=all_seed=7:alls=40:allf=t`,
  black: (length) => `color=color=black:${SIZE}:${RATE}${length}`,
};

/** FFmpeg's source of a test pattern: 640x480, ten pictures a second. */
export function testGraph({ pattern, seconds }: TestInput): string {
  return GRAPHS[pattern](seconds === undefined ? '' : `:duration=${seconds}`);
}
