/** The id before all others. */
export const FIRST_ID = '0-0';

/** Largest number behind the dash of an id. */
const LAST_SEQ = '18446744073709551615';

/** Ids of Redis streams, `<milliseconds>-<number>`: below 0 when `a` comes before `b`. */
export function compareIds(a: string, b: string): number {
  const [aMs, aSeq] = parts(a);
  const [bMs, bSeq] = parts(b);
  return aMs - bMs || (aSeq < bSeq ? -1 : aSeq > bSeq ? 1 : 0);
}

/** The last id that lies before a time, milliseconds since 1970. */
export function idBefore(ms: number): string {
  return ms <= 0 ? FIRST_ID : `${String(Math.ceil(ms) - 1)}-${LAST_SEQ}`;
}

/** True for an id that `idBefore` made: no entry has it. */
export function isTime(id: string): boolean {
  return id.endsWith(LAST_SEQ);
}

/** Milliseconds since 1970 of an id. */
export function timeOf(id: string): number {
  return parts(id)[0];
}

/** True for what Redis takes for an id of an entry. */
export function isEntryId(text: string): boolean {
  return /^\d{1,16}-\d{1,20}$/.test(text) && parts(text)[1] <= BigInt(LAST_SEQ);
}

function parts(id: string): readonly [ms: number, seq: bigint] {
  const [ms = '0', seq = '0'] = id.split('-');
  return [Number(ms), BigInt(seq)];
}
