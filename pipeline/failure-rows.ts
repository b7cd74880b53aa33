/** After so many equal failures in a row, only each that completes as many again is told. */
const TOLD_EVERY = 64;

/** Which of a camera's failures deserve a line: one that is off for a week would else fill the log with the same one. */
export interface FailureRows {
  /** Counts a failure, 1 for the first of a row of equal ones: those up to 64 are told that are a power of two, then each 64th. */
  next(camera: string, message: string): { readonly count: number; readonly isTold: boolean };
  /** The camera works again, or is no more: its row is over. */
  end(camera: string): void;
}

/** Rows of failures, none begun. */
export function createFailureRows(): FailureRows {
  const rows = new Map<string, { readonly message: string; readonly count: number }>();
  return {
    next(camera, message) {
      const last = rows.get(camera);
      const count = last?.message === message ? last.count + 1 : 1;
      rows.set(camera, { message, count });
      const isTold = count < TOLD_EVERY ? Number.isInteger(Math.log2(count)) : count % TOLD_EVERY === 0;
      return { count, isTold };
    },
    end: (camera) => void rows.delete(camera),
  };
}
