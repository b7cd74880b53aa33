import { readFileSync } from 'node:fs';
import { connect } from 'mqtt';
import type { IClientOptions, MqttClient } from 'mqtt';
import { redact } from '../../models/domain/redact';
import { createFrigateEvents } from './frigate-events';
import { discoveryMessages } from './home-assistant';
import type { CameraFacts } from './home-assistant';
import { STATE_TYPES, createTopics, retained, stateMessages } from './mqtt-topics';
import type { MqttMessage } from './mqtt-topics';
import { ClosedError, DELIVERED, cameraOf } from './target';
import type { BridgeTarget, BridgedDelivery, TargetNotices } from './target';

export interface MqttOptions extends TargetNotices {
  /** `mqtt://user:password@host:1883`, `mqtts://`, `ws://` or `wss://`. */
  readonly url: string;
  readonly clientId: string;
  /** File of certificates to trust. */
  readonly caFile?: string;
  /** Begin of all topics. */
  readonly prefix: string;
  readonly namespace: string;
  readonly version: string;
  /** Make what is known to Home Assistant; the cameras of the configuration at once, others when they are heard of. */
  readonly homeAssistant?: { readonly prefix: string; readonly cameras: readonly CameraFacts[] };
  readonly frigate?: { readonly prefix: string };
}

const MAX_IN_FLIGHT = 100;
const RECONNECT_MS = 1000;
const CONNECT_TIMEOUT_MS = 10_000;
const KEEPALIVE_S = 15;
/** Retained messages that are published again on a new connection: a broker may have lost them. */
const MAX_RETAINED = 20_000;
const CLOSE_MS = 2000;

/**
 * Publishes each event with QoS 1, and what is so now as retained messages. An event is delivered when the broker has
 * confirmed all its messages; while the broker is away they wait in order, no more than the bridge has in flight.
 */
export function createMqtt(options: MqttOptions): BridgeTarget {
  const { url, prefix, namespace, version, homeAssistant, frigate, onTrouble, onRecovered } = options;
  const topics = createTopics(prefix);
  const name = `${new URL(url).protocol}//${new URL(url).host}`;
  const frigateEvents = frigate && createFrigateEvents();
  const kept = new Map<string, string>();
  const known = new Map<string, Set<string>>();
  /** What gives up the events that are not confirmed. */
  const underWay = new Set<() => void>();
  let isClosed = false;
  let trouble: string | undefined;

  const client = connect(withoutUser(url), settingsOf(options, topics.status));
  client.on('connect', () => {
    if (trouble !== undefined) onRecovered();
    trouble = undefined;
    void publish(client, retained(topics.status, 'online')).catch(() => undefined);
    for (const [topic, payload] of kept)
      void publish(client, retained(topic, payload)).catch(() => undefined);
  });
  client.on('error', (error) => tell(describe(error)));
  client.on('close', () => tell('the connection is closed'));

  function tell(detail: string): void {
    // That it is closed follows every other reason.
    if (isClosed || trouble === detail || (trouble !== undefined && !detail.startsWith('expected'))) return;
    trouble = detail;
    onTrouble(`${name}: ${detail}; trying again`);
  }

  function orClosed(work: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new ClosedError(name));
      underWay.add(giveUp);
      work.then(resolve, reject).finally(() => underWay.delete(giveUp));
    });
  }

  /** Keeps what is retained for the next connection; gives all of it back. */
  function keep(messages: readonly MqttMessage[]): readonly MqttMessage[] {
    for (const { topic, payload, isRetained } of messages) {
      if (isRetained && (kept.has(topic) || kept.size < MAX_RETAINED)) kept.set(topic, payload);
    }
    return messages;
  }

  /** Discovery of what was not known yet. */
  function discover(camera: string, zones: readonly string[]): readonly MqttMessage[] {
    if (homeAssistant === undefined) return [];
    const seen = known.get(camera) ?? new Set<string>();
    const isNew = !known.has(camera) || zones.some((zone) => !seen.has(zone));
    if (!isNew || known.size >= MAX_RETAINED) return [];
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
      ...keep(discover(camera, zones)),
      ...keep(stateMessages(topics, event)),
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
      const messages = keep([...discover(event.data.camera, zones), ...stateMessages(topics, event)]);
      if (client.connected)
        for (const message of messages) void publish(client, message).catch(() => undefined);
    },
    async deliver(delivery) {
      if (isClosed) throw new ClosedError(name);
      const published = Promise.all(messagesOf(delivery).map((message) => publish(client, message)));
      try {
        await orClosed(published);
        return DELIVERED;
      } catch (error) {
        if (error instanceof ClosedError) throw error;
        return { kind: 'refused', reason: `${name}: ${(error as Error).message}` };
      }
    },
    async close() {
      if (client.connected) {
        const late = new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref());
        // An orderly farewell has no last will.
        await Promise.race([
          publish(client, retained(topics.status, 'offline')).catch(() => undefined),
          late,
        ]);
      }
      isClosed = true;
      for (const giveUp of underWay) giveUp();
      await new Promise<void>((resolve) => client.end(true, () => resolve()));
    },
  };
}

function publish(client: MqttClient, { topic, payload, isRetained }: MqttMessage): Promise<unknown> {
  return client.publishAsync(topic, payload, { qos: 1, retain: isRetained });
}

function settingsOf({ url, clientId, caFile }: MqttOptions, statusTopic: string): IClientOptions {
  const { username, password } = new URL(url);
  return {
    clientId,
    protocolVersion: 4,
    clean: true,
    keepalive: KEEPALIVE_S,
    reconnectPeriod: RECONNECT_MS,
    // Also who is refused today may be let in tomorrow.
    reconnectOnConnackError: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    will: { topic: statusTopic, payload: Buffer.from('offline'), qos: 1, retain: true },
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    ...(caFile !== undefined && { ca: readFileSync(caFile) }),
  };
}

function withoutUser(url: string): string {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  return plain.href;
}

function describe(error: Error): string {
  const { code, message } = error as Error & { readonly code?: string | number };
  return redact(`expected a connection, got ${message === '' ? String(code ?? 'an error') : message}`);
}
