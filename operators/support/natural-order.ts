/** Orders names as people do: "a2" before "a10". A total order that is the same everywhere: only equal names are equal. */
export function naturalOrder(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const order = compareParts(left[index]!, right[index]!);
    if (order !== 0) return order;
  }
  // "a01" and "a1" are the same number.
  return left.length - right.length || compareText(a, b);
}

/** Text and runs of digits by turns, beginning with text, which may be empty. */
const partsOf = (name: string) => name.split(/(\d+)/);

function compareParts(a: string, b: string): number {
  if (!/^\d/.test(a) || !/^\d/.test(b)) return compareText(a, b);
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return left.length - right.length || compareText(left, right);
}

const compareText = (a: string, b: string) => (a < b ? -1 : Number(a > b));
