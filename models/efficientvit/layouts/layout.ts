import type { Candidates } from '../candidates';

/** Outputs of one or more frames, one after the other, by the name that the manifest gives each. */
export type RawOutputs = Readonly<Record<string, Float32Array>>;

/** How the outputs of one layout are read. */
export interface Layout {
  /** Boxes a frame. */
  readonly anchors: number;
  /** Overlap from which suppression is still ours to do; undefined where the graph did it. */
  readonly nmsIou: number | undefined;
  /** False when no score of frame number `index` is a number: half precision that overflowed, or a broken graph. */
  hasScores(outputs: RawOutputs, index: number): boolean;
  /**
   * Adds to `found`, of frame number `index`, each box whose best label has a score of at least `least`. What holds NaN where
   * its score should be is none.
   */
  read(outputs: RawOutputs, index: number, least: number, found: Candidates): void;
}

/** The manifest of one layout. */
export type ManifestOf<M extends { readonly layout: string }, L extends M['layout']> = Extract<
  M,
  { layout: L }
>;

/** False when all values from `first` to before `end`, of which every `step`th is looked at, are NaN. */
export function holdsNumber(values: Float32Array, first: number, end: number, step = 1): boolean {
  for (let at = first; at < end; at += step) if (!Number.isNaN(values[at])) return true;
  return false;
}
