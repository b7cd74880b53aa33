import type { RawEntry } from './decode';
import { FIRST_ID, compareIds } from './entry-id';

/** What a stream says of itself. */
export interface StreamFacts {
  readonly newestId: string;
  readonly firstId: string | undefined;
  readonly length: number;
  /** Entries ever appended; from Redis 7 on. */
  readonly added: number | undefined;
}

/** What a group says of itself. */
export interface GroupFacts {
  readonly lastDeliveredId: string;
  /** Entries it was given, and those before its beginning; undefined where Redis does not know, as before 7. */
  readonly read: number | undefined;
  /** Given and not acknowledged. */
  readonly pending: number;
}

/** The facts of one group in `XINFO GROUPS`; undefined when there is none of this name. */
export function groupFacts(reply: unknown, name: string): GroupFacts | undefined {
  const flat = (reply as unknown[][]).find((group) => group[group.indexOf('name') + 1] === name);
  if (flat === undefined) return undefined;
  const lastDeliveredId = String(flat[flat.indexOf('last-delivered-id') + 1]);
  const pending = Number(flat[flat.indexOf('pending') + 1]);
  const read = flat.includes('entries-read') ? flat[flat.indexOf('entries-read') + 1] : null;
  if (read !== null) return { lastDeliveredId, read: Number(read), pending };
  // Redis says nothing of a group that begins before everything and has read nothing.
  return {
    lastDeliveredId,
    read: lastDeliveredId === FIRST_ID && flat.includes('entries-read') ? 0 : undefined,
    pending,
  };
}

/** The entries of a reply to a read of one stream. */
export function entriesIn(reply: unknown): readonly RawEntry[] {
  return (reply as [string, RawEntry[]][] | null)?.[0]?.[1] ?? [];
}

/** True when Redis says that there is no such stream. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && error.message.includes('no such key');
}

/** The facts of `XINFO STREAM`. */
export function streamFacts(reply: unknown): StreamFacts {
  const flat = reply as unknown[];
  const valueOf = (name: string) => flat[flat.indexOf(name) + 1];
  const added = flat.includes('entries-added') ? Number(valueOf('entries-added')) : undefined;
  return {
    newestId: String(valueOf('last-generated-id')),
    firstId: (valueOf('first-entry') as RawEntry | null)?.[0],
    length: Number(valueOf('length')),
    added,
  };
}

/** How many entries were trimmed before the group was given them; infinite where it is some and nobody counted. */
export function missingOf(
  { newestId, firstId, length, added }: StreamFacts,
  group: GroupFacts | undefined,
): number {
  if (added === undefined || group === undefined) return 0;
  const { lastDeliveredId, read } = group;
  if (firstId !== undefined && compareIds(lastDeliveredId, firstId) >= 0) return 0;
  const removed = added - length;
  if (read !== undefined) return removed - read;
  return removed > 0 && compareIds(lastDeliveredId, newestId) < 0 ? Infinity : 0;
}
