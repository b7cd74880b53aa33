/** A field of a stream's entries, or of a hash. Redis knows only strings. */
export interface EntryField {
  readonly name: string;
  readonly description: string;
  /** Pattern of the value, where one tells more than the description. */
  readonly pattern?: string;
}

/** A key of Redis that readers of events may rely on. */
export interface KeyLayout {
  /** Parts in `<>` are filled in; braces stand as they are: a Redis Cluster keeps together what is the same within them. */
  readonly key: string;
  readonly description: string;
  readonly fields: readonly EntryField[];
}

const TYPE: EntryField = { name: 'type', description: 'Type of the event, as in `data`.' };
const CAMERA: EntryField = { name: 'camera', description: 'Name of the camera: `subject` in `data`.' };
const ID: EntryField = {
  name: 'id',
  description: 'Id of the event, as in `data`; not that of the entry.',
  pattern: '^[a-z2-7]{32}$',
};
const SEQ: EntryField = {
  name: 'seq',
  description: 'Number of this entry among those of its camera: from 1, without gaps.',
  pattern: '^[1-9][0-9]*$',
};
const FENCE: EntryField = {
  name: 'fence',
  description: 'Fence under which it was written: that of an owner of the camera who had been superseded.',
  pattern: '^[0-9]+$',
};

/** The field that holds the message itself. */
export const PAYLOAD_FIELD: EntryField = {
  name: 'data',
  description: 'The whole CloudEvent in JSON (structured mode), in one line.',
};

/** Streams that hold events, and what their entries are made of. A field is never taken away within a major version. */
export const STREAMS = {
  events: {
    key: '<namespace>:events:<shard>',
    description: 'The events of all cameras of the shard, in the order in which they were appended.',
    fields: [TYPE, CAMERA, ID, SEQ, PAYLOAD_FIELD],
  },
  late: {
    key: '{<namespace>:events:<shard>}:late',
    description:
      'Events that a process wrote after another had taken over its camera. They are no part of the log: for people who look for a cause.',
    fields: [TYPE, CAMERA, ID, FENCE, PAYLOAD_FIELD],
  },
  dead: {
    key: '{<namespace>:events:<shard>}:dead:<group>',
    description:
      'Entries that a consumer group was given again and again and never acknowledged, or that a consumer said nobody can deal with.',
    fields: [
      TYPE,
      CAMERA,
      ID,
      SEQ,
      PAYLOAD_FIELD,
      { name: 'entry', description: 'Id of the entry in the events stream.', pattern: '^[0-9]+-[0-9]+$' },
      {
        name: 'deliveries',
        description: 'So often it had been given to a consumer.',
        pattern: '^[1-9][0-9]*$',
      },
      { name: 'consumer', description: 'The consumer that had it last.' },
      { name: 'reason', description: 'Why it was set aside, such as `max_deliveries`.' },
    ],
  },
} as const satisfies Record<string, KeyLayout>;

/** The name of a stream in the contract. */
export type StreamName = keyof typeof STREAMS;

/** Hash that says how the log is laid out; where there is none, there is one shard. */
export const LOG_INFO: KeyLayout = {
  key: '<namespace>:events',
  description: 'How the log is laid out. Where there is none, there is one shard, number 0.',
  fields: [
    {
      name: 'shards',
      description: 'So many events streams there are, numbered from 0: the most there ever were.',
      pattern: '^[1-9][0-9]*$',
    },
    { name: 'contract', description: 'Major version of the contract.', pattern: '^[1-9][0-9]*$' },
    {
      name: 'writing',
      description:
        'So many of them, from 0 on, get new events; absent: all. Less than `shards` where the log has fewer than it had.',
      pattern: '^[1-9][0-9]*$',
    },
  ],
};

/** Stream of what overlays need, where a sink writes it (`boxes`). Its entries are no events: nothing is promised of each frame. */
export const BOXES: KeyLayout = {
  key: '<namespace>:boxes:{<camera>}',
  description:
    "The camera's last tracked frames, for overlays, where a sink has `boxes`. Frames may be missing; the stream is gone a minute after the last.",
  fields: [
    { name: 'epoch', description: 'As in the events.', pattern: '^[0-9]+$' },
    { name: 'ptsMs', description: 'Stream time of the frame, milliseconds.' },
    {
      name: 'atMs',
      description: 'When it happened: `time` of events, milliseconds since 1970.',
      pattern: '^[0-9]+$',
    },
    { name: 'width', description: 'Width of the source picture in pixels.', pattern: '^[1-9][0-9]*$' },
    { name: 'height', description: 'Its height.', pattern: '^[1-9][0-9]*$' },
    {
      name: 'data',
      description:
        'JSON: a list of the tracks in the frame, each with `trackId`, `label`, `score`, `box` ([x1, y1, x2, y2] in pixels) and `isVisible`.',
      pattern: '^\\[.*\\]$',
    },
  ],
};
