import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/event-id';
import type { ManifestInput } from './manifest-input';
import type { Manifest } from './manifest-schema';

/**
 * SHA-256 of all that decides what a detector finds in a frame: its weights, what goes in, how that which comes out is read and
 * suppressed, and the labels. Two manifests of one graph that differ in any of it are two detectors. Name, origin, accuracy, texts
 * for people and the score from which a detection counts are no part of it, nor is whether a default was written out.
 */
export function fingerprintOf(manifest: Manifest): string {
  const { sha256, layout, labels } = manifest;
  const { score: _counts, ...thresholds } = manifest.thresholds;
  const outputs = Object.entries(manifest.outputs).map(([role, { format: _told, ...output }]) => [
    role,
    output,
  ]);
  return createHash('sha256')
    .update(
      canonicalJson({
        ...{ sha256, layout, labels, thresholds },
        input: whatGoesIn(manifest.input),
        outputs: Object.fromEntries(outputs) as object,
      }),
    )
    .digest('hex');
}

function whatGoesIn(input: ManifestInput): object {
  if (input.pixelFormat === 'rgb-float')
    return { ...input, mean: input.mean ?? [0, 0, 0], std: input.std ?? [1, 1, 1] };
  if (input.pixelFormat === 'rgb24') return input;
  const { resize: _told, ...rest } = input;
  return rest;
}
