import { createFrigateEvents } from './frigate-events';
import { discoveryMessages } from './home-assistant';
import type { CameraFacts } from './home-assistant';
import { createMqttConnection } from './mqtt-connection';
import type { MqttConnectionOptions } from './mqtt-connection';
import { STATE_TYPES, createTopics, retained, stateMessages } from './mqtt-topics';
import type { MqttMessage } from './mqtt-topics';
import { ClosedError, cameraOf } from './target';
import type { BridgeTarget, BridgedDelivery, Outcome } from './target';

export interface MqttOptions extends Omit<MqttConnectionOptions, 'statusTopic' | 'atStart'> {
  /** Begin of all topics. */
  readonly prefix: string;
  readonly namespace: string;
  readonly version: string;
  /** Make what is known to Home Assistant; the cameras of the configuration at once, others when they are heard of. */
  readonly homeAssistant?: { readonly prefix: string; readonly cameras: readonly CameraFacts[] };
  readonly frigate?: { readonly prefix: string };
}

const MAX_IN_FLIGHT = 100;
/** Retained messages that are published again on a new connection: a broker may have lost them. */
const MAX_RETAINED = 20_000;

/**
 * Publishes each event with QoS 1, and what is so now as retained messages. An event is delivered when the broker has
 * confirmed all its messages; while the broker is away they wait in order, no more than the bridge has in flight.
 */
export function createMqtt(options: MqttOptions): BridgeTarget {
  const { prefix, namespace, version, homeAssistant, frigate } = options;
  const topics = createTopics(prefix);
  const frigateEvents = frigate && createFrigateEvents();
  const kept = new Map<string, string>();
  const known = new Map<string, Set<string>>();
  let isClosed = false;
  let restored = 0;
  let discovered = 0;

  const connection = createMqttConnection({
    ...options,
    statusTopic: topics.status,
    atStart: () => [...kept].map(([topic, payload]) => retained(topic, payload)),
  });
  const { name } = connection;

  /** Keeps what is retained for the next connection. Not before the broker took it: it would end each connection over it. */
  function keep(messages: readonly MqttMessage[]): void {
    for (const { topic, payload, isRetained } of messages) {
      if (isRetained && (kept.has(topic) || kept.size < MAX_RETAINED)) kept.set(topic, payload);
    }
  }

  async function send(messages: readonly MqttMessage[]): Promise<Outcome> {
    const outcome = await connection.send(messages);
    if (outcome.kind === 'delivered') keep(messages);
    return outcome;
  }

  /** Discovery of what was not known yet. */
  function discover(camera: string, zones: readonly string[]): readonly MqttMessage[] {
    if (homeAssistant === undefined) return [];
    const seen = known.get(camera) ?? new Set<string>();
    const isNew = !known.has(camera) || zones.some((zone) => !seen.has(zone));
    if (!isNew || discovered >= MAX_RETAINED) return [];
    discovered += 1 + zones.length;
    for (const zone of zones) seen.add(zone);
    known.set(camera, seen);
    const facts = { camera, zones: [...seen] };
    return discoveryMessages(facts, { prefix: homeAssistant.prefix, namespace, topics, version });
  }

  function messagesOf(delivery: BridgedDelivery): readonly MqttMessage[] {
    const camera = cameraOf(delivery);
    const payload = JSON.stringify(delivery.event);
    if (delivery.kind === 'unknown')
      return [{ topic: topics.event(camera, delivery.type), payload, isRetained: false }];
    const { event } = delivery;
    const zones = event.type === 'occupancy.changed' ? [event.data.zone] : [];
    const asFrigate = frigateEvents?.take(event);
    return [
      ...discover(camera, zones),
      ...stateMessages(topics, event),
      { topic: topics.event(camera, event.type), payload, isRetained: false },
      ...(asFrigate === undefined
        ? []
        : [{ topic: `${frigate!.prefix}/events`, payload: JSON.stringify(asFrigate), isRetained: false }]),
    ];
  }

  for (const { camera, zones } of homeAssistant?.cameras ?? []) keep(discover(camera, zones));

  return {
    name,
    maxInFlight: MAX_IN_FLIGHT,
    stateTypes: STATE_TYPES,
    restore(event) {
      const zones = event.type === 'occupancy.changed' ? [event.data.zone] : [];
      const messages = [...discover(event.data.camera, zones), ...stateMessages(topics, event)];
      // What the broker does not take, and what is given up when it is closed, is told again at the next start.
      if (restored++ < MAX_RETAINED) send(messages).catch(() => undefined);
    },
    async deliver(delivery) {
      if (isClosed) throw new ClosedError(name);
      return send(messagesOf(delivery));
    },
    async close() {
      isClosed = true;
      await connection.close();
    },
  };
}
