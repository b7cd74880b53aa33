/** Of `classes` scores from `first` on, the index of the first that none is above. */
export function bestLabel(scores: Float32Array, first: number, classes: number): number {
  let label = 0;
  for (let other = 1; other < classes; other++) {
    if (scores[first + other]! > scores[first + label]!) label = other;
  }
  return label;
}
