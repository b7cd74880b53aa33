import type { Detection } from '../../models/domain/detection';
import type { PackedDetections } from './protocol';

/** Numbers of one detection: label, score and four corners. */
const VALUES = 6;

/** What became of one frame inside an inference process. */
export type InferenceOutcome =
  | { readonly kind: 'detected'; readonly detections: readonly Detection[] }
  | { readonly kind: 'dropped'; readonly reason: 'overwritten' | 'unreachable' };

const OVERWRITTEN = -1;
const UNREACHABLE = -2;

/** Detections as flat numbers, bit-exactly. Throws when a label is not among `labels` or features differ in length. */
export function packDetections(
  outcomes: readonly InferenceOutcome[],
  labels: ReadonlyMap<string, number>,
): PackedDetections {
  const counts = outcomes.map((outcome) => {
    if (outcome.kind === 'detected') return outcome.detections.length;
    return outcome.reason === 'overwritten' ? OVERWRITTEN : UNREACHABLE;
  });
  const detections = outcomes.flatMap((outcome) => (outcome.kind === 'detected' ? outcome.detections : []));
  const featureLength = detections[0]?.features?.length ?? 0;
  const values = new Float64Array(detections.length * VALUES);
  const features = new Float32Array(detections.length * featureLength);
  for (const [index, { label, score, box, features: own }] of detections.entries()) {
    const labelIndex = labels.get(label);
    if (labelIndex === undefined)
      throw new RangeError(`detection: expected a label of the model, got ${label}`);
    if ((own?.length ?? 0) !== featureLength) {
      throw new RangeError(`detection: expected ${featureLength} features, got ${own?.length ?? 0}`);
    }
    values.set([labelIndex, score, ...box], index * VALUES);
    if (own !== undefined) features.set(own, index * featureLength);
  }
  return { counts, values, features, featureLength };
}

/** The opposite of `packDetections`. Throws when the numbers do not add up: nothing a process sends is trusted blindly. */
export function unpackDetections(packed: PackedDetections, labels: readonly string[]): InferenceOutcome[] {
  const { counts, values, features, featureLength } = packed;
  const total = counts.reduce((sum, count) => sum + Math.max(0, count), 0);
  if (values.length !== total * VALUES || features.length !== total * featureLength) {
    throw new RangeError(
      `detections: expected ${total} of ${VALUES} values and ${featureLength} features, got ${values.length} and ${features.length} numbers`,
    );
  }
  let index = 0;
  return counts.map((count) => {
    if (count === OVERWRITTEN) return { kind: 'dropped', reason: 'overwritten' };
    if (count < 0) return { kind: 'dropped', reason: 'unreachable' };
    const detections: Detection[] = [];
    for (const end = index + count; index < end; index++) {
      const at = index * VALUES;
      const label = labels[values[at]!];
      if (label === undefined) throw new RangeError(`detection: expected a label index, got ${values[at]!}`);
      detections.push({
        label,
        score: values[at + 1]!,
        box: [values[at + 2]!, values[at + 3]!, values[at + 4]!, values[at + 5]!],
        ...(featureLength > 0 && {
          features: features.slice(index * featureLength, (index + 1) * featureLength),
        }),
      });
    }
    return { kind: 'detected', detections };
  });
}
