import { setMaxListeners } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http';
import { redact } from '../../models/domain/redact';
import { pause } from '../client/shard';
import { createAddressGuard } from '../../models/support/address-guard';
import { createHttpPost } from './http-post';
import type { HttpAnswer } from './http-post';
import { createGate, createLanes } from './lanes';
import { createPatience } from './patience';
import { ClosedError, DELIVERED, cameraOf } from './target';
import type { BridgeTarget, BridgedDelivery, Outcome, TargetNotices } from './target';
import { createSigner } from './webhook-signature';

export interface WebhookOptions extends TargetNotices {
  readonly url: string;
  readonly secret?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** So long an event is tried again. */
  readonly retryForMs: number;
  /** Requests at once. */
  readonly concurrency: number;
  /** Networks that are not public and may be sent to. */
  readonly allow: readonly string[];
  /** First delay between two attempts; doubles up to a minute. Default 1000 ms. */
  readonly retryFirstMs?: number;
  /** A camera that fails for so long makes room for others. Default 60,000 ms. */
  readonly patienceMs?: number;
}

const MAX_IN_FLIGHT = 256;
/** From here on the events of cameras that fail make room. */
const CROWDED_FROM = 192;
const MOST_DELAY_MS = 60_000;
/** For requests that are under way when the bridge is closed. */
const GRACE_MS = 2000;
const USER_AGENT = 'sightline';

/** What is wrong with the event itself; all else may be wrong with the server, and mended there. */
const FINAL: ReadonlySet<number> = new Set([400, 413, 422]);

/**
 * Posts each event as a structured CloudEvent (`application/cloudevents+json`), one at a time for each camera, again and again
 * until the answer is 2xx. `webhook-id` is the event's own id: who was given an event twice can tell.
 */
export function createWebhook(options: WebhookOptions): BridgeTarget {
  const { url, secret, headers, timeoutMs, retryForMs, concurrency, allow } = options;
  const { retryFirstMs = 1000, patienceMs = MOST_DELAY_MS, onTrouble, onRecovered } = options;
  const sign = secret === undefined ? undefined : createSigner(secret);
  const http = createHttpPost({
    ...{ url, maxKept: concurrency, ownHeaders: { ...headers } },
    guard: createAddressGuard(allow),
  });
  const name = nameOf(url);
  const lanes = createLanes();
  const patience = createPatience({ crowdedFrom: CROWDED_FROM, patienceMs });
  const gate = createGate(concurrency);
  const closing = new AbortController();
  // Each event that waits to be tried again listens.
  setMaxListeners(0, closing.signal);
  /** Requests, and what ends each: long-lived signals keep hold of those derived from them (Node 20). */
  const underWay = new Map<Promise<unknown>, AbortController>();
  let trouble: string | undefined;

  function tell(detail: string | undefined): void {
    if (detail === trouble) return;
    const wasTrouble = trouble !== undefined;
    trouble = detail;
    if (detail !== undefined) onTrouble(`${name}: ${detail}; trying again`);
    else if (wasTrouble) onRecovered();
  }

  async function send(body: string, own: OutgoingHttpHeaders): Promise<HttpAnswer> {
    const ending = new AbortController();
    const timer = setTimeout(() => ending.abort(), timeoutMs);
    const sending = http.send(body, own, ending.signal);
    underWay.set(sending, ending);
    try {
      return await sending;
    } finally {
      underWay.delete(sending);
      clearTimeout(timer);
    }
  }

  /** Undefined: not now, and `reason` says why. */
  async function attempt(
    id: string,
    body: string,
  ): Promise<{ outcome?: Outcome; reason: string; waitMs: number }> {
    const leave = await gate.enter();
    try {
      if (closing.signal.aborted) throw new ClosedError(name);
      const timestampS = Math.floor(Date.now() / 1000);
      const own = {
        'content-type': 'application/cloudevents+json; charset=utf-8',
        'user-agent': USER_AGENT,
        'webhook-id': id,
        'webhook-timestamp': String(timestampS),
        ...sign?.(id, timestampS, body),
      };
      return judge(await send(body, own));
    } catch (error) {
      if (closing.signal.aborted) throw new ClosedError(name);
      return { reason: describe(error, timeoutMs), waitMs: 0 };
    } finally {
      leave();
    }
  }

  async function deliver(camera: string, id: string, body: string): Promise<Outcome> {
    const giveUpAtMs = performance.now() + retryForMs;
    for (let failures = 0; ; failures++) {
      const { outcome, reason, waitMs } = await attempt(id, body);
      if (outcome !== undefined) {
        tell(undefined);
        patience.taken(camera);
        return outcome;
      }
      tell(reason);
      const boundMs = Math.min(MOST_DELAY_MS, retryFirstMs * 2 ** Math.min(failures, 20));
      // Half of it at random: events of many cameras failed together.
      const delayMs = Math.max(waitMs, boundMs * (0.5 + Math.random() / 2));
      const holdsUpOthers = patience.failed(camera);
      if (holdsUpOthers || performance.now() + delayMs > giveUpAtMs)
        return { kind: 'refused', reason: `${name}: ${reason}${holdsUpOthers ? ', and others wait' : ''}` };
      await pause(delayMs, closing.signal);
      if (closing.signal.aborted) throw new ClosedError(name);
    }
  }

  return {
    name,
    maxInFlight: MAX_IN_FLIGHT,
    async deliver(delivery) {
      const camera = cameraOf(delivery);
      const leave = patience.enter(camera);
      const run = () => deliver(camera, idOf(delivery), JSON.stringify(delivery.event));
      return lanes.run(camera, run).finally(leave);
    },
    async close() {
      closing.abort();
      const grace = new AbortController();
      await Promise.race([Promise.allSettled(underWay.keys()), pause(GRACE_MS, grace.signal)]);
      grace.abort();
      for (const ending of underWay.values()) ending.abort();
      http.close();
    },
  };
}

function judge({ status, retryAfterMs = 0 }: HttpAnswer): {
  outcome?: Outcome;
  reason: string;
  waitMs: number;
} {
  const reason = `expected an answer 2xx, got ${String(status)}`;
  if (status >= 200 && status < 300) return { outcome: DELIVERED, reason, waitMs: 0 };
  if (FINAL.has(status)) return { outcome: { kind: 'refused', reason }, reason, waitMs: 0 };
  return { reason, waitMs: Math.min(retryAfterMs, MOST_DELAY_MS) };
}

function describe(error: unknown, timeoutMs: number): string {
  const { name, message, code } = error as Error & { readonly code?: string };
  if (name === 'AbortError') return `expected an answer within ${String(timeoutMs)} ms, got none`;
  // Names with several addresses fail with one error for each (Node 20), and no message of its own.
  const text = message === '' ? (code ?? 'an error') : message;
  return redact(/^expected|: expected/.test(text) ? text : `expected an answer, got ${text}`);
}

/** An event's own id; of what is no such event the entry's. */
function idOf(delivery: BridgedDelivery): string {
  const { id } = delivery.event as { readonly id?: unknown };
  return typeof id === 'string' && /^[\x21-\x7e]{1,256}$/.test(id) ? id : delivery.entryId;
}

/** Scheme, host and port: paths of webhooks are often secrets. */
function nameOf(url: string): string {
  return new URL(url).origin;
}
