/** What may name an installation: 1 to 32 of a-z, 0-9 and "-", not starting with "-". */
export const NAMESPACE_PATTERN = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** Every Redis key of one installation. */
export interface Keys {
  /** The stream of events; one shard (0) unless many ingest hosts share the load. */
  events(shard?: number): string;
}

/** The only place where Redis keys are built. Throws a RangeError for a namespace that could collide with another's keys. */
export function createKeys(namespace: string): Keys {
  if (!NAMESPACE_PATTERN.test(namespace)) {
    throw new RangeError(
      `namespace: expected 1 to 32 of a-z, 0-9 and "-", not starting with "-", got ${JSON.stringify(namespace)}`,
    );
  }
  return {
    events: (shard = 0) => `${namespace}:events:${String(shard)}`,
  };
}
