/** What may name an installation: 1 to 32 of a-z, 0-9 and "-", not starting with "-". */
export const NAMESPACE_PATTERN = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** Ids that processes give themselves: they come back over the network and become part of keys. */
export const PROCESS_ID_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Every Redis key of one installation. Keys that one script or pipeline touches together share a hash tag (Redis Cluster). */
export interface Keys {
  /** Stream: the events; one shard (0) unless many ingest hosts share the load. */
  events(shard?: number): string;
  /**
   * Hash: `shards`, the most the log ever had, and `contract`, the major version of its events; `writing`, the shards that
   * writers put events on now.
   */
  readonly eventsInfo: string;
  /** Stream, trimmed: entries that a group's consumers gave up. */
  deadEvents(group: string, shard?: number): string;
  /** Hash, camera to the highest fence that has written: what a process with an older one appends is refused. */
  fences(shard?: number): string;
  /** Hash, camera to the number of its last event. */
  sequences(shard?: number): string;
  /** Hash of events (`openChange`): what of a camera has begun and not ended. */
  openTracks(camera: string, shard?: number): string;
  /** String, the last batch a writer appended, so that a repeated one changes nothing; expires. */
  writer(writer: string, shard?: number): string;
  /** Stream, trimmed: events that came with a fence that was superseded. */
  late(shard?: number): string;

  /** String with expiry: the process that runs the bridge. */
  bridge(name: string): string;

  /** Stream, trimmed, with expiry: the camera's last tracked frames, for overlays. */
  boxes(camera: string): string;

  /** String with expiry: the JPEG of a track. All that belongs to snapshots shares a hash tag. */
  snapshot(name: string): string;
  /** Sorted set with expiry: names of snapshots by the time they were written. */
  readonly snapshotIndex: string;
  /** Hash with expiry, name of a snapshot to its bytes, and `total`. */
  readonly snapshotSizes: string;

  /** String with expiry: the ingest process that runs the camera. */
  lease(camera: string): string;
  /** String: the camera's last fence; grows with every new owner. */
  fence(camera: string): string;
  /** Hash, ingest process to what it says of itself; stale fields are removed by whoever reads. */
  readonly ingests: string;

  /** Prefix of BullMQ's own keys, which follow it after a colon. */
  readonly queuePrefix: string;
  /** The queue of a detector's live or recorded frames: a name without colons, as BullMQ wants it. */
  queue(fingerprint: string, protocol: number, mode: 'live' | 'recorded'): string;
  /** Hash, name of a model to its manifest, published by workers. */
  readonly models: string;
  /** Hash, worker to its heartbeat. */
  readonly workers: string;
  /** Hash, process that sends frames to its heartbeat: capacity is shared among them. */
  readonly producers: string;
  /** Stream, trimmed, with expiry: answers to one process that sends frames. */
  replies(producer: string): string;
  /** String with expiry: pixels of one frame on their way to a worker. */
  frame(producer: string, number: number): string;
  /** Stream, trimmed: frames that cost an inference process twice while alone. */
  readonly deadFrames: string;
}

/** The only place where Redis keys are built. Throws a RangeError for a namespace that could collide with another's keys. */
export function createKeys(namespace: string): Keys {
  if (!NAMESPACE_PATTERN.test(namespace)) {
    throw new RangeError(
      `namespace: expected 1 to 32 of a-z, 0-9 and "-", not starting with "-", got ${JSON.stringify(namespace)}`,
    );
  }
  const events = (shard = 0) => `${namespace}:events:${String(shard)}`;
  // A key without braces is hashed whole: what stands in these braces falls into the same slot as the stream itself.
  const besideEvents = (shard: number | undefined, rest: string) => `{${events(shard)}}:${rest}`;
  return {
    events,
    eventsInfo: `${namespace}:events`,
    deadEvents: (group, shard) => besideEvents(shard, `dead:${group}`),
    fences: (shard) => besideEvents(shard, 'fences'),
    sequences: (shard) => besideEvents(shard, 'sequences'),
    openTracks: (camera, shard) => besideEvents(shard, `open:${camera}`),
    writer: (writer, shard) => besideEvents(shard, `writer:${writer}`),
    late: (shard) => besideEvents(shard, 'late'),
    bridge: (name) => `${namespace}:bridge:${name}`,
    boxes: (camera) => `${namespace}:boxes:{${camera}}`,
    snapshot: (name) => `{${namespace}:snapshots}:${name}`,
    snapshotIndex: `{${namespace}:snapshots}:index`,
    snapshotSizes: `{${namespace}:snapshots}:sizes`,
    lease: (camera) => `${namespace}:lease:{${camera}}`,
    fence: (camera) => `${namespace}:fence:{${camera}}`,
    ingests: `${namespace}:ingests`,
    queuePrefix: `{${namespace}}`,
    queue: (fingerprint, protocol, mode) =>
      `${namespace}-detect-${fingerprint.slice(0, 8)}-p${String(protocol)}-${mode}`,
    models: `${namespace}:models`,
    workers: `${namespace}:workers`,
    producers: `${namespace}:producers`,
    replies: (producer) => `${namespace}:replies:{${producer}}`,
    frame: (producer, number) => `${namespace}:frame:{${producer}}:${String(number)}`,
    deadFrames: `${namespace}:dead-frames`,
  };
}
