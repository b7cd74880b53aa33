import type { SightlineEvent } from '../../models/domain/event';

/** A message for the broker. */
export interface MqttMessage {
  readonly topic: string;
  readonly payload: string;
  /** The broker keeps it for whoever subscribes later. */
  readonly isRetained: boolean;
}

/** Topics of one bridge. */
export interface MqttTopics {
  /** Retained: `online` while the bridge is connected, else `offline` (its last will). */
  readonly status: string;
  event(camera: string, type: string): string;
  /** Retained: `online`, `degraded` or `offline`. */
  state(camera: string): string;
  /** Retained, JSON: since when it is so, and why. */
  stateDetail(camera: string): string;
  /** Retained: how many objects are inside the zone. */
  occupancy(camera: string, zone: string): string;
}

/** The topics under a prefix. Names come out of the log, which others may write to: none of them makes a level of its own. */
export function createTopics(prefix: string): MqttTopics {
  const of = (...levels: readonly string[]) => [prefix, ...levels.map(levelOf)].join('/');
  return {
    status: of('status'),
    event: (camera, type) => of(camera, type),
    state: (camera) => of(camera, 'state'),
    stateDetail: (camera) => of(camera, 'state', 'detail'),
    occupancy: (camera, zone) => of(camera, 'zones', zone, 'occupancy'),
  };
}

/** Brokers end the connection over control characters, halves of surrogate pairs and what is no character (MQTT 3.1.1, 1.5.3). */
const levelOf = (name: string) =>
  name.slice(0, 256).replace(/[/+#\s\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu, '_') || '_';

/** Types of events that say what is so from then on. */
export const STATE_TYPES = [
  'camera.online',
  'camera.offline',
  'camera.degraded',
  'occupancy.changed',
] as const;

/** What is so since this event, as messages that the broker keeps. */
export function stateMessages(topics: MqttTopics, event: SightlineEvent): readonly MqttMessage[] {
  const { camera } = event.data;
  switch (event.type) {
    case 'camera.online':
    case 'camera.degraded':
    case 'camera.offline': {
      const state = event.type.slice('camera.'.length);
      const { cause, detail } = { cause: undefined, detail: undefined, ...event.data };
      const about = JSON.stringify({ state, since: event.time, cause, detail });
      return [retained(topics.state(camera), state), retained(topics.stateDetail(camera), about)];
    }
    case 'occupancy.changed':
      return [retained(topics.occupancy(camera, event.data.zone), String(event.data.count))];
    default:
      return [];
  }
}

/** A message that the broker keeps. */
export const retained = (topic: string, payload: string): MqttMessage => ({
  topic,
  payload,
  isRetained: true,
});
