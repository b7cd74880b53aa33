import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../models/support/package-root';

/** The bundled models. */
export const MODELS = ['efficientvit-b0-416x256', 'efficientvit-b0-640x384'] as const;
export const MODEL = MODELS[0];
export const WEIGHTS = join(packageRoot, 'models/efficientvit/weights');

/** A manifest as JSON, to be spoilt. */
export interface Draft {
  [key: string]: unknown;
  file: string;
  sha256: string;
  input: Record<string, unknown>;
  outputs: { boxes: { shape: (number | string)[] }; scores: { shape: (number | string)[] } };
  labels: string[];
  thresholds: Record<string, unknown>;
}

export interface Golden {
  readonly scoreThreshold: number;
  readonly sums: { readonly boxes: number; readonly scores: number; readonly maxScore: number };
  readonly detections: readonly {
    readonly label: string;
    readonly score: number;
    readonly box: readonly [number, number, number, number];
  }[];
}

/** Frame 0, 1 or 2 of a model as Python made it: raw input, and what onnxruntime found in it. */
export function readGolden(model: string, index: number): { pixels: Uint8Array; expected: Golden } {
  const path = join(packageRoot, 'test/golden/detector', `${model}.${index}`);
  return {
    pixels: readFileSync(`${path}.i420`),
    expected: JSON.parse(readFileSync(`${path}.json`, 'utf8')) as Golden,
  };
}

/** A bundled manifest as it lies on the disk, the path of its weights made absolute. */
export function draftOf(model: string): Draft {
  const draft = JSON.parse(readFileSync(join(WEIGHTS, `${model}.manifest.json`), 'utf8')) as Draft;
  return { ...draft, file: join(WEIGHTS, draft.file) };
}

let written = 0;

/** Writes a manifest with a change into the folder; returns its path. */
export function writeManifest(folder: string, change: (draft: Draft) => void, model: string = MODEL): string {
  const draft = draftOf(model);
  change(draft);
  const path = join(folder, `${String(written++)}.manifest.json`);
  writeFileSync(path, JSON.stringify(draft));
  return path;
}
