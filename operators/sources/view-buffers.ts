const LEAST = 4;
const MOST = 32;

/** View frames of so many bytes each that one decoder may have handed out at once. */
export function viewBuffers(budgetBytes: number, byteLength: number): number {
  return Math.min(MOST, Math.max(LEAST, Math.floor(budgetBytes / byteLength)));
}
