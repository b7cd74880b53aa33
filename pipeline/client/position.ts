import { MAX_SHARDS } from '../../models/domain/shard';
import { FIRST_ID, compareIds, idBefore, isEntryId, timeOf } from './entry-id';

/** How far a shard was read. */
export interface Position {
  /** The last entry read. */
  readonly id: string;
  /** How many entries were ever appended up to it; undefined where that is not known. */
  readonly count: number | undefined;
}

const VERSION = 'p1';

/** A text for the positions of all shards. */
export function encodePositions(positions: readonly Position[]): string {
  const shards = positions.map(({ id, count }) => (count === undefined ? id : `${id}~${String(count)}`));
  return [VERSION, ...shards].join('.');
}

/** The positions of a token. Throws a RangeError for a text that is none. */
export function decodePositions(token: string): readonly Position[] {
  const [version, ...shards] = token.split('.');
  const positions = shards.map((shard) => {
    const [id = '', count] = shard.split('~');
    return { id, count: count === undefined ? undefined : Number(count) };
  });
  const isWrong = ({ id, count }: Position) =>
    !isEntryId(id) || (count !== undefined && !(Number.isSafeInteger(count) && count >= 0));
  if (version !== VERSION || shards.length === 0 || shards.length > MAX_SHARDS || positions.some(isWrong)) {
    throw new RangeError(
      `from.after: expected the token of a delivery, got ${JSON.stringify(token.slice(0, 80))}`,
    );
  }
  return positions;
}

/**
 * Where to go on in each of so many shards. Where the log has another number of them now, cameras have moved between shards:
 * then those it did not have before begin at the earliest time that was read, and some events come twice.
 */
export function positionsFor(known: readonly Position[], shards: number): readonly Position[] {
  const ids = known.map(({ id }) => id).sort(compareIds);
  const [earliest = FIRST_ID] = ids;
  const begin = { id: idBefore(timeOf(earliest)), count: undefined };
  return Array.from({ length: Math.max(shards, known.length) }, (_, shard) => known[shard] ?? begin);
}
