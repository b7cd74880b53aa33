import type { Size } from '../../models/domain/geometry';
import { createLightMeter } from './light-change';
import { createLumaGrid } from './luma-grid';

export interface MotionModelOptions {
  /** Levels of luma by which a part of the picture must differ from its background, at least, to have changed. */
  readonly minContrast: number;
  /** Share of the picture that must have changed at once. */
  readonly minAreaFraction: number;
}

/** What a picture shows against those before: nothing new, something that moves, or another scene or light altogether. */
export type MotionChange = 'still' | 'motion' | 'scene';

/** What one camera's pictures look like while nothing moves. */
export interface MotionModel {
  /** Judges an I420 picture of the size the model is made for, and learns from it. Allocates nothing. */
  update(ptsMs: number, pixels: Uint8Array): MotionChange;
  /** Forgets everything: the next picture is a new scene. */
  reset(): void;
}

/** Time constants: how fast the background and its noise follow, and the noise of what keeps moving, such as a tree. */
const BACKGROUND_MS = 10_000;
const NOISE_MS = 10_000;
const MOVING_NOISE_MS = 30_000;
/** What changed and then stays as it is for so long, is background: a car that was parked, a lamp that was lit. */
const SETTLE_MS = 4000;
/** A cell has changed beyond so many standard deviations of its noise. */
const DEVIATIONS = 4;
/** Standard deviation that noise is credited with at most, levels: beyond it even a tree in a storm is motion. */
const MOST_NOISE = 10;
/** Share of the picture that changed at once from which it is another scene: a lamp, a cut, a camera that is turned. */
const SCENE_SHARE = 0.4;
/** The same for its light, levels: exposure that adapts takes smaller steps. */
const SCENE_LEVELS = 12;
/** Changed cells among the eight around a changed one for it to count: noise makes lonely ones. */
const LEAST_NEIGHBOURS = 2;

/**
 * A running Gaussian average for each cell of a coarse grid (Wren et al., Pfinder, 1997), with the change of light of the
 * whole picture taken out first. A cell moves when neither its background nor its background in the new light explains it,
 * so that light that changes in one part only, and what is black or white in any light, is no motion.
 *
 * What moves is kept out of the background until it stands still (`SETTLE_MS`). Another scene or a sudden change of light is
 * told once and learnt at once; an object that moves in it shows against the new background.
 */
export function createMotionModel(
  content: Size,
  stride: number,
  { minContrast, minAreaFraction }: MotionModelOptions,
): MotionModel {
  const grid = createLumaGrid(content, stride);
  const { columns, rows, means: now } = grid;
  const cells = columns * rows;
  const leastCells = Math.max(1, Math.ceil(minAreaFraction * cells));
  const measureLight = createLightMeter();
  const background = new Float32Array(cells);
  const variance = new Float32Array(cells);
  /** Of cells that changed: what they changed to, and for how long they have been that. */
  const candidate = new Float32Array(cells);
  const settledMs = new Float32Array(cells);
  /** With a margin of one cell all around, so that every cell has eight neighbours. */
  const padded = columns + 2;
  const changed = new Uint8Array(padded * (rows + 2));
  const leastSquare = minContrast ** 2;
  const mostVariance = MOST_NOISE ** 2;
  /** Pictures since the scene was new; 0 before the first. */
  let age = 0;
  let lastPtsMs = 0;

  function begin(): MotionChange {
    background.set(now);
    variance.fill(leastSquare / DEVIATIONS ** 2);
    settledMs.fill(0);
    age = 1;
    return 'scene';
  }

  /** Compares every cell with its background and learns from it. Returns how many changed. */
  function compare(elapsedMs: number, offset: number, gain: number): number {
    // Young estimates are plain averages.
    const least = 1 / (age + 1);
    const meanRate = Math.max(least, rateOf(BACKGROUND_MS, elapsedMs));
    const noiseRate = Math.max(least, rateOf(NOISE_MS, elapsedMs));
    const movingNoiseRate = Math.max(least, rateOf(MOVING_NOISE_MS, elapsedMs));
    let count = 0;
    for (let row = 0, cell = 0; row < rows; row++) {
      for (let at = (row + 1) * padded + 1, end = at + columns; at < end; at++, cell++) {
        const level = now[cell]!;
        let mean = background[cell]!;
        let off = level - mean;
        const lit = offset + gain * mean;
        if ((off - lit) * (off - lit) < off * off) {
          mean += lit;
          off -= lit;
        }
        const square = off * off;
        const seen = square < mostVariance ? square : mostVariance;
        const noise = variance[cell]!;
        const usual = DEVIATIONS * DEVIATIONS * noise;
        const limit = usual > leastSquare ? usual : leastSquare;
        if (square <= limit) {
          changed[at] = 0;
          background[cell] = mean + meanRate * off;
          variance[cell] = noise + noiseRate * (seen - noise);
          settledMs[cell] = 0;
          candidate[cell] = level;
          continue;
        }
        changed[at] = 1;
        count++;
        background[cell] = mean;
        variance[cell] = noise + movingNoiseRate * (seen - noise);
        settle(cell, level, limit, elapsedMs);
      }
    }
    return count;
  }

  function settle(cell: number, level: number, limit: number, elapsedMs: number): void {
    const off = level - candidate[cell]!;
    if (off * off > limit) {
      candidate[cell] = level;
      settledMs[cell] = 0;
    } else if ((settledMs[cell]! += elapsedMs) >= SETTLE_MS) {
      background[cell] = level;
      variance[cell] = leastSquare / DEVIATIONS ** 2;
      settledMs[cell] = 0;
    } else {
      candidate[cell]! += 0.25 * off;
    }
  }

  /** Changed cells that have changed ones around them. */
  function countTogether(): number {
    let count = 0;
    for (let row = 1; row <= rows; row++) {
      for (let at = row * padded + 1, end = at + columns; at < end; at++) {
        if (changed[at] === 0) continue;
        const [above, below] = [at - padded, at + padded];
        const around =
          changed[above - 1]! +
          changed[above]! +
          changed[above + 1]! +
          changed[at - 1]! +
          changed[at + 1]! +
          changed[below - 1]! +
          changed[below]! +
          changed[below + 1]!;
        if (around >= LEAST_NEIGHBOURS) count++;
      }
    }
    return count;
  }

  /** What changed is the background from now on. */
  function learnAnew(): void {
    for (let row = 0, cell = 0; row < rows; row++) {
      for (let at = (row + 1) * padded + 1, end = at + columns; at < end; at++, cell++) {
        if (changed[at] === 1) background[cell] = now[cell]!;
      }
    }
    settledMs.fill(0);
    age = 1;
  }

  return {
    update(ptsMs, pixels) {
      grid.measure(pixels);
      const elapsedMs = age > 0 && ptsMs > lastPtsMs ? ptsMs - lastPtsMs : 0;
      lastPtsMs = ptsMs;
      if (age === 0) return begin();
      const { offset, gain, levels } = measureLight(background, now);
      const count = compare(elapsedMs, offset, gain);
      const together = count < leastCells ? 0 : countTogether();
      if (together > SCENE_SHARE * cells || levels > SCENE_LEVELS) {
        learnAnew();
        return 'scene';
      }
      age++;
      return together >= leastCells ? 'motion' : 'still';
    },
    reset() {
      age = 0;
    },
  };
}

/** Weight of a new value in an average that forgets with this time constant. */
const rateOf = (timeMs: number, elapsedMs: number) => 1 - Math.exp(-elapsedMs / timeMs);
