/** How the light of a whole picture changed: a cell of brightness `b` became `b + offset + gain * b`. */
export interface LightChange {
  readonly offset: number;
  readonly gain: number;
  /** How far typical dark or bright cells moved, whichever is more; levels. */
  readonly levels: number;
}

/** Finds a change of light; what it gives is overwritten by the next call. */
export type LightMeter = (before: Float32Array, now: Float32Array) => LightChange;

/** Below this (levels) there is no change: the medians themselves are uncertain by about half of it. */
const LEAST_LEVELS = 0.5;
/** Levels between the dark and the bright cells from which a gain can be told from an offset. */
const LEAST_SPREAD = 24;
const LEAST_GAIN = -0.9;
const MOST_GAIN = 4;
/** Fewer cells tell nothing of the light. */
const LEAST_CELLS = 24;
/** Limited-range video: what is black or white stays so in other light, and privacy masks are black. */
const BLACK = 16.5;
const WHITE = 234.5;

const BINS_PER_LEVEL = 4;
const ZERO_BIN = 255 * BINS_PER_LEVEL;

/**
 * A line through the medians of the dark and of the bright third of the cells: Tukey's resistant line (Exploratory Data
 * Analysis, 1977). Things that move do not sway it while they cover less than half of each third. Allocates only when it is
 * made.
 */
export function createLightMeter(): LightMeter {
  const levels = new Uint32Array(256);
  const dark = new Uint32Array(2 * ZERO_BIN + 1);
  const bright = new Uint32Array(2 * ZERO_BIN + 1);
  const result = { offset: 0, gain: 0, levels: 0 };

  function set(offset: number, gain: number, moved: number): LightChange {
    result.offset = offset;
    result.gain = gain;
    result.levels = moved;
    return result;
  }

  return (before, now) => {
    const cells = before.length;
    levels.fill(0);
    let count = 0;
    for (let cell = 0; cell < cells; cell++) {
      if (!tellsOfLight(now[cell]!)) continue;
      levels[nearest(before[cell]!)]!++;
      count++;
    }
    if (count < LEAST_CELLS) return set(0, 0, 0);
    const darkEnd = rankOf(levels, count / 3);
    const brightStart = Math.max(rankOf(levels, (2 * count) / 3), darkEnd + 1);

    dark.fill(0);
    bright.fill(0);
    let [darkCount, darkSum, brightCount, brightSum] = [0, 0, 0, 0];
    for (let cell = 0; cell < cells; cell++) {
      if (!tellsOfLight(now[cell]!)) continue;
      const was = before[cell]!;
      const level = nearest(was);
      const bin = nearest(ZERO_BIN + (now[cell]! - was) * BINS_PER_LEVEL);
      if (level <= darkEnd) {
        dark[bin]!++;
        darkCount++;
        darkSum += was;
      } else if (level >= brightStart) {
        bright[bin]!++;
        brightCount++;
        brightSum += was;
      }
    }
    const darkMoved = medianOf(dark, darkCount);
    const darkLevel = darkSum / darkCount;
    const spread = brightCount < LEAST_CELLS / 3 ? 0 : brightSum / brightCount - darkLevel;
    const brightMoved = spread > 0 ? medianOf(bright, brightCount) : darkMoved;
    const moved = Math.max(Math.abs(darkMoved), Math.abs(brightMoved));
    if (moved < LEAST_LEVELS) return set(0, 0, 0);
    if (spread < LEAST_SPREAD) return set((darkMoved + brightMoved) / 2, 0, moved);
    const gain = Math.min(Math.max((brightMoved - darkMoved) / spread, LEAST_GAIN), MOST_GAIN);
    return set(darkMoved - gain * darkLevel, gain, moved);
  };
}

/** Whole number next to one that is not negative. */
const nearest = (value: number) => (value + 0.5) | 0;

const tellsOfLight = (level: number) => level > BLACK && level < WHITE;

/** Index of the bin in which the value of this rank lies. */
function rankOf(bins: Uint32Array, rank: number): number {
  let below = 0;
  for (let bin = 0; bin < bins.length; bin++) {
    below += bins[bin]!;
    if (below >= rank) return bin;
  }
  return bins.length - 1;
}

const medianOf = (bins: Uint32Array, count: number) => (rankOf(bins, count / 2) - ZERO_BIN) / BINS_PER_LEVEL;
