import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/event-id';
import type { Manifest } from './manifest-schema';

/**
 * SHA-256 of all that decides what a detector finds in a frame: its weights, what goes in, how that which comes out is read and
 * suppressed, and the labels. Two manifests of one graph that differ in any of it are two detectors. Name, origin, accuracy and
 * the score from which a detection counts are no part of it.
 */
export function fingerprintOf(manifest: Manifest): string {
  const { sha256, layout, input, outputs, labels } = manifest;
  const { score: _counts, ...thresholds } = manifest.thresholds;
  return createHash('sha256')
    .update(canonicalJson({ sha256, layout, input, outputs, labels, thresholds }))
    .digest('hex');
}
