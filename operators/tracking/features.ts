/** Weight of what was known before against what was seen last. */
const MEMORY = 0.9;

/** The running mean of an object's appearance after it was seen once more; unit length. A vector of another length begins anew. */
export function blendFeatures(known: Float32Array | undefined, seen: Float32Array): Float32Array {
  if (known?.length !== seen.length) return seen.slice();
  let squared = 0;
  for (let i = 0; i < known.length; i++) {
    known[i] = MEMORY * known[i]! + (1 - MEMORY) * seen[i]!;
    squared += known[i]! ** 2;
  }
  if (!(squared > 0)) return seen.slice();
  const scale = 1 / Math.sqrt(squared);
  for (let i = 0; i < known.length; i++) known[i] = known[i]! * scale;
  return known;
}

/** How unlike two appearances are: 0 (the same) to 1 (opposite), by their angle; undefined where they cannot be compared. */
export function unlikeness(
  one: Float32Array | undefined,
  other: Float32Array | undefined,
): number | undefined {
  if (one === undefined || other === undefined || one.length !== other.length) return undefined;
  let product = 0;
  for (let i = 0; i < one.length; i++) product += one[i]! * other[i]!;
  return product >= -1.001 && product <= 1.001 ? Math.min(1, Math.max(0, (1 - product) / 2)) : undefined;
}
