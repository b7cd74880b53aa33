import { readFileSync } from 'node:fs';
import type { CornerAndSize, FoundBox, TrueBox } from '../../../pipeline/evaluation/boxes';
import type { Summary } from '../../../pipeline/evaluation/summary';

/** Objects and detections that `make.py` made, and what pycocotools said of them. */
export interface Case {
  readonly truth: {
    readonly images: readonly { readonly id: number }[];
    readonly categories: readonly { readonly id: number }[];
    readonly annotations: readonly Annotation[];
  };
  readonly found: readonly (Placed & { readonly score: number })[];
  readonly expected: { readonly all: Summary; readonly labels: readonly Summary[] };
}

interface Placed {
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: CornerAndSize;
}

interface Annotation extends Placed {
  readonly area: number;
  readonly iscrowd: number;
}

/** The cases of one file of `make.py`. */
export function readCases(path: string): readonly Case[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Case);
}

/** A case as what `judge` takes. */
export function boxesOf({ truth, found }: Case): {
  readonly labels: number;
  readonly truths: readonly TrueBox[];
  readonly found: readonly FoundBox[];
} {
  const pictures = truth.images.map(({ id }) => id).sort((a, b) => a - b);
  const place = ({ image_id, category_id, bbox }: Placed) => ({
    picture: pictures.indexOf(image_id),
    label: truth.categories.findIndex(({ id }) => id === category_id),
    box: bbox,
  });
  return {
    labels: truth.categories.length,
    truths: truth.annotations.map((one) => ({ ...place(one), area: one.area, isCrowd: one.iscrowd === 1 })),
    found: found.map((one) => ({ ...place(one), score: one.score })),
  };
}
