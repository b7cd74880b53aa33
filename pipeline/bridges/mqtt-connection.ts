import { rootCertificates } from 'node:tls';
import { connect } from 'mqtt';
import type { IClientOptions, MqttClient } from 'mqtt';
import { redact } from '../../models/domain/redact';
import { readTlsFiles } from '../../models/support/redis-tls';
import { retained } from './mqtt-topics';
import type { MqttMessage } from './mqtt-topics';
import { ClosedError, DELIVERED } from './target';
import type { Outcome, TargetNotices } from './target';

export interface MqttConnectionOptions extends TargetNotices {
  /** `mqtt://user:password@host:1883`, `mqtts://`, `ws://` or `wss://`. */
  readonly url: string;
  readonly clientId: string;
  /** File of certificates to trust beside those of Node. */
  readonly caFile?: string;
  /** Retained: `online` while it is connected, else `offline`, also as last will. */
  readonly statusTopic: string;
  /** What each new connection begins with: the broker may have lost it. */
  readonly atStart: () => Iterable<MqttMessage>;
  /** From one connection to the next attempt. Default 1000 ms. */
  readonly reconnectMs?: number;
  /** A broker that confirms nothing for so long is connected to anew. Default 30,000 ms. */
  readonly stallMs?: number;
}

/** A way to a broker, through every outage. */
export interface MqttConnection {
  /** For messages; without credentials. */
  readonly name: string;
  /**
   * Publishes in order of the calls and resolves when the broker has confirmed all, or refuses what it ends its connections
   * over. Rejects with a ClosedError when it is closed before.
   */
  send(messages: readonly MqttMessage[]): Promise<Outcome>;
  /** Publishes what nobody waits for; nothing while there is no connection. */
  tell(message: MqttMessage): void;
  close(): Promise<void>;
}

interface UnderWay {
  readonly messages: readonly MqttMessage[];
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
  /** Connections that ended while it was the oldest that was not confirmed. */
  breaks: number;
}

const RECONNECT_MS = 1000;
const STALL_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;
const KEEPALIVE_S = 15;
const CLOSE_MS = 2000;
/** Brokers end the connection over what is too large for them: such an event is given up, or none would come after it. */
const MOST_BREAKS = 20;

/**
 * Connects until it is closed. What is not confirmed is published again, in order, on the next connection: the client's own
 * store of it would hold what a broker does not take for ever. Throws a PipelineError `config` for certificates that cannot
 * be read.
 */
export function createMqttConnection(options: MqttConnectionOptions): MqttConnection {
  const { url, statusTopic, atStart, reconnectMs = RECONNECT_MS, stallMs = STALL_MS } = options;
  const { onTrouble, onRecovered } = options;
  const settings = settingsOf(options);
  const name = `${new URL(url).protocol}//${new URL(url).host}`;
  const underWay = new Set<UnderWay>();
  let client: MqttClient | undefined;
  /** Ends the connection there is. */
  let giveUp: (detail: string) => void;
  let reopening: NodeJS.Timeout | undefined;
  let confirmedAtMs = 0;
  /** After a break, one event at a time: the end of a connection also takes confirmations of others with it. */
  let isCautious = false;
  let trouble: string | undefined;

  function say(detail: string): void {
    // That it is closed follows every other reason.
    if (trouble === detail || (trouble !== undefined && !detail.startsWith('expected'))) return;
    trouble = detail;
    onTrouble(`${name}: ${detail}; trying again`);
  }

  function recovered(): void {
    if (trouble !== undefined) onRecovered();
    trouble = undefined;
  }

  function settle(one: UnderWay, outcome: Outcome): void {
    if (!underWay.delete(one)) return;
    confirmedAtMs = performance.now();
    if (outcome.kind === 'delivered') recovered();
    one.resolve(outcome);
    if (isCautious) publishOldest();
  }

  function publishOldest(): void {
    const [oldest] = underWay;
    if (oldest === undefined) isCautious = false;
    else if (client?.connected === true) publishAll(client, oldest);
  }

  function publishAll(by: MqttClient, one: UnderWay): void {
    const all = one.messages.map((message) => publish(by, message));
    // What fails goes out again on the next connection.
    Promise.all(all).then(
      () => settle(one, DELIVERED),
      () => undefined,
    );
  }

  function tell(message: MqttMessage): void {
    if (client?.connected === true) publish(client, message).catch(() => undefined);
  }

  function open(): void {
    const mine = connect(withoutUser(url), settings);
    client = mine;
    let isAccepted = false;

    function lost(detail: string, isBreak = isAccepted): void {
      if (client !== mine) return;
      client = undefined;
      say(detail);
      mine.end(true);
      if (isBreak) blameOldest();
      reopening = setTimeout(open, reconnectMs);
    }

    mine.on('connect', () => {
      if (client !== mine) return;
      isAccepted = true;
      confirmedAtMs = performance.now();
      if (underWay.size === 0) recovered();
      tell(retained(statusTopic, 'online'));
      for (const message of atStart()) tell(message);
      const [oldest] = underWay;
      isCautious = oldest !== undefined && oldest.breaks > 0;
      if (isCautious) publishOldest();
      else for (const one of underWay) publishAll(mine, one);
    });
    mine.on('error', (error) => lost(describe(error)));
    mine.on('close', () => lost('the connection is closed'));
    // A broker that confirms nothing at all says nothing of the oldest.
    giveUp = (detail) => lost(detail, false);
  }

  function blameOldest(): void {
    const [oldest] = underWay;
    if (oldest === undefined || ++oldest.breaks < MOST_BREAKS) return;
    const times = String(MOST_BREAKS);
    settle(oldest, {
      kind: 'refused',
      reason: `${name}: expected the event to be confirmed, got the connection ended over it ${times} times`,
    });
  }

  const watching = setInterval(() => {
    if (underWay.size === 0 || client?.connected !== true) return;
    if (performance.now() - confirmedAtMs < stallMs) return;
    giveUp(`expected events to be confirmed within ${String(stallMs)} ms, got nothing`);
  }, stallMs / 4);
  watching.unref();
  open();

  return {
    name,
    tell,
    send: (messages) =>
      new Promise((resolve, reject) => {
        if (underWay.size === 0) confirmedAtMs = performance.now();
        const one = { messages, resolve, reject, breaks: 0 };
        underWay.add(one);
        if (client?.connected === true && !isCautious) publishAll(client, one);
      }),
    async close() {
      clearInterval(watching);
      if (client?.connected === true) {
        const late = new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref());
        const farewell = publish(client, retained(statusTopic, 'offline')).catch(() => undefined);
        await Promise.race([farewell, late]);
      }
      const last = client;
      client = undefined;
      clearTimeout(reopening);
      for (const { reject } of underWay) reject(new ClosedError(name));
      underWay.clear();
      if (last !== undefined) await new Promise<void>((resolve) => last.end(true, () => resolve()));
    },
  };
}

function publish(client: MqttClient, { topic, payload, isRetained }: MqttMessage): Promise<unknown> {
  return client.publishAsync(topic, payload, { qos: 1, retain: isRetained });
}

function settingsOf({ url, clientId, caFile, statusTopic }: MqttConnectionOptions): IClientOptions {
  const { username, password } = new URL(url);
  return {
    clientId,
    protocolVersion: 4,
    clean: true,
    keepalive: KEEPALIVE_S,
    // Connections are made anew here, also after a refusal: who is refused today may be let in tomorrow.
    reconnectPeriod: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    will: { topic: statusTopic, payload: Buffer.from('offline'), qos: 1, retain: true },
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    // Certificates that are given stand in place of those of Node, not beside them.
    ...(caFile !== undefined && { ca: [...rootCertificates, readTlsFiles({ ca: caFile }).ca!] }),
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
