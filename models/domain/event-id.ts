import { createHash } from 'node:crypto';
import { EVENT_CONTRACT_VERSION } from './event';
import type { EventType } from './event';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** Bytes in RFC 4648 base32, lower case, without padding. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      text += BASE32.charAt((value >>> (bits - 5)) & 31);
      bits -= 5;
    }
    value &= (1 << bits) - 1;
  }
  if (bits > 0) text += BASE32.charAt((value << (5 - bits)) & 31);
  return text;
}

/** JSON with the keys of every object sorted, so that equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/**
 * Names everything that decides what the events of a camera are: its analysis settings, the detector (its fingerprint) and the
 * version of the contract. Where events go is no part of it.
 */
export function createRunKey(analysis: unknown, detector: string): string {
  return createHash('sha256')
    .update(canonicalJson([analysis, detector, EVENT_CONTRACT_VERSION]))
    .digest('hex')
    .slice(0, 16);
}

/** What tells one event from another; a lease's fence is no part of it, so a takeover repeats ids instead of making new ones. */
export interface EventIdentity {
  readonly source: string;
  readonly runKey: string;
  readonly epoch: number;
  /** The track's id, '' for events of the camera itself, `zone:<name>` for those of an occupancy. */
  readonly trackId: string;
  readonly type: EventType;
  /** Counts events of this type of this track (or camera) from 0. */
  readonly n: number;
}

/** 32 characters of base32: the first 160 bits of the SHA-256 of the identity. */
export function createEventId({ source, runKey, epoch, trackId, type, n }: EventIdentity): string {
  const text = JSON.stringify([source, runKey, epoch, trackId, type, n]);
  return base32(createHash('sha256').update(text).digest().subarray(0, 20));
}
