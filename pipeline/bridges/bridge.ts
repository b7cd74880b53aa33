import { setTimeout as delay } from 'node:timers/promises';
import { PipelineError, toError, toPipelineError } from '../../models/domain/errors';
import type { SightlineEvent } from '../../models/domain/event';
import { createKeys } from '../../models/domain/keys';
import { pause } from '../client/shard';
import { subscribeEvents } from '../client/subscribe';
import type { Delivery, EventSubscription, SubscribeOptions } from '../client/types';
import { holdLease, isOver } from './bridge-lease';
import { readToEnd } from './read-to-end';
import { ClosedError, cameraOf } from './target';
import type { BridgeTarget, BridgedDelivery, Outcome } from './target';

/** What a bridge tells of, for people; without credentials. */
export interface BridgeNotices {
  readonly onTrouble: (detail: string) => void;
  readonly onRecovered: (detail: string) => void;
}

export interface BridgeOptions extends BridgeNotices {
  /** Of the configuration; part of the consumer group's name. */
  readonly name: string;
  /** The log. */
  readonly url: string;
  readonly namespace: string;
  readonly from: 'now' | 'oldest';
  readonly types?: readonly string[];
  readonly cameras?: readonly string[];
  /** Opens the target, each time this process comes to run the bridge. */
  readonly open: (notices: { onTrouble: (detail: string) => void; onRecovered: () => void }) => BridgeTarget;
}

/** Numbers since it was made. */
export interface BridgeStats {
  readonly delivered: number;
  /** Became dead letters. */
  readonly refused: number;
  /** Gone from the log before they were read, as far as that is known. */
  readonly missed: number;
  readonly inFlight: number;
  /** True while this process runs it; others stand by. */
  readonly isActive: boolean;
}

/** Leads events of the log to somewhere else. */
export interface Bridge {
  readonly name: string;
  /** Resolves once it reads, or another process does: what is appended from then on is passed on. Never rejects. */
  readonly ready: Promise<void>;
  stats(): BridgeStats;
  /** Resolves when all that the log holds was dealt with, by whichever process runs the bridge, at the latest after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
  /** Resolves when everything is let go; what was not dealt with is delivered by the next. */
  close(): Promise<void>;
}

/** One consumer's name is enough, since one process at a time runs a bridge: its successor gets at once what it left. */
const CONSUMER = 'bridge';
/** A process that died over an event so often gives it up; one that was closed in good order counts none. */
const MAX_DELIVERIES = 20;
const REFUSED_AGAIN_MS = 10_000;
/** Of dead letters people are told no more often, since there may be thousands; all are counted. */
const DEAD_EVERY_MS = 10_000;
/** For what was delivered to be acknowledged, when it is closed. */
const ACKS_MS = 2000;

/** The consumer group of a bridge. */
export const bridgeGroup = (name: string) => `bridge-${name}`;

/** Starts a bridge: it waits for its log, its target and its turn by itself, through every outage, until it is closed. */
export function createBridge(options: BridgeOptions): Bridge {
  const { name, url, namespace, from, types, cameras, open, onTrouble, onRecovered } = options;
  const closing = new AbortController();
  const keys = createKeys(namespace);
  const counts = { delivered: 0, refused: 0, missed: 0 };
  let subscription: EventSubscription | undefined;
  let tellReady: () => void;
  const ready = new Promise<void>((resolve) => (tellReady = resolve));
  const say = (detail: string) => onTrouble(`bridge ${name}: ${detail}`);

  let deadAtMs = -Infinity;
  let untold = 0;
  function sayDead(of: string, reason: string): void {
    if (performance.now() - deadAtMs < DEAD_EVERY_MS) {
      untold++;
      return;
    }
    const more = untold === 0 ? '' : `, as are ${String(untold)} more by now`;
    say(`${of}: ${reason}; it is a dead letter now${more}`);
    deadAtMs = performance.now();
    untold = 0;
  }

  const subscribe = (more: Partial<SubscribeOptions>) =>
    subscribeEvents({
      ...{ url, namespace, onTrouble: (error: PipelineError) => say(error.detail) },
      ...(cameras !== undefined && { cameras }),
      ...more,
    });

  /** Tells the target the newest event of each kind that says what is so now. */
  async function restore(target: BridgeTarget, signal: AbortSignal): Promise<void> {
    // What is not passed on later would stay as it was for ever.
    const stateTypes = target.stateTypes?.filter((type) => isOneOf(types, type)) ?? [];
    if (stateTypes.length === 0) return;
    const newest = new Map<string, SightlineEvent>();
    for await (const delivery of subscribe({ from: 'oldest', to: 'now', types: stateTypes, signal }))
      if (delivery.kind === 'event') keepNewest(newest, delivery.event);
    for (const event of newest.values()) {
      try {
        target.restore?.(event);
      } catch {
        // No event of its type: it says nothing of what is so.
      }
    }
  }

  async function take(target: BridgeTarget, delivery: Delivery): Promise<void> {
    if (delivery.kind === 'gap') {
      counts.missed += delivery.missing ?? 0;
      say(
        delivery.reason === 'reset'
          ? 'the log was begun anew: Redis lost what it held'
          : `${String(delivery.missing ?? 'some')} events were trimmed before they were read`,
      );
      return;
    }
    const outcome =
      delivery.kind === 'malformed' ? malformed(delivery.reason) : await deliverTo(target, delivery);
    if (outcome.kind === 'delivered') {
      await delivery.ack();
      counts.delivered++;
    } else {
      const of = delivery.kind === 'malformed' ? delivery.entryId : cameraOf(delivery);
      sayDead(of, outcome.reason);
      await delivery.reject(outcome.reason);
      counts.refused++;
    }
  }

  async function pass(signal: AbortSignal): Promise<void> {
    const target = open({
      onTrouble: say,
      onRecovered: () => onRecovered(`bridge ${name}: events are taken again`),
    });
    const underWay = new Set<Promise<void>>();
    let reading: EventSubscription | undefined;

    async function read(): Promise<void> {
      await restore(target, signal);
      if (isOver(signal)) return;
      const group = { group: bridgeGroup(name), consumer: CONSUMER, from, maxDeliveries: MAX_DELIVERIES };
      const { maxInFlight } = target;
      reading = subscribe({ ...group, maxInFlight, ...(types !== undefined && { types }) });
      subscription = reading;
      void reading.ready.then(tellReady, () => undefined);
      for await (const delivery of reading) {
        if (isOver(signal)) {
          if (delivery.kind !== 'gap') delivery.nack();
          continue;
        }
        // What is under way when the target is closed stays with the group.
        const taking = take(target, delivery)
          .catch(() => undefined)
          .finally(() => underWay.delete(taking));
        underWay.add(taking);
      }
    }

    try {
      await Promise.race([read(), aborted(signal)]);
    } finally {
      await target.close();
      await Promise.race([Promise.allSettled(underWay), delay(ACKS_MS, undefined, { ref: false })]);
      await reading?.close();
      subscription = undefined;
    }
  }

  /** Also a log that refuses to be read may allow it later: bridges run beside cameras, and end with them alone. */
  async function passAgain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await pass(signal);
      } catch (error) {
        if (isOver(signal)) return;
        say(`${toPipelineError(error, 'sink').detail}; trying again`);
        await pause(REFUSED_AGAIN_MS, signal);
      }
    }
  }

  const running = holdLease({
    ...{ url, key: keys.bridge(name), closing: closing.signal },
    whileHeld: passAgain,
    onTaken: () => tellReady(),
  });

  return {
    name,
    ready,
    stats: () => ({
      ...counts,
      inFlight: subscription?.stats().inFlight ?? 0,
      isActive: subscription !== undefined,
    }),
    async drain(timeoutMs) {
      const timeout = AbortSignal.any([AbortSignal.timeout(timeoutMs), closing.signal]);
      const isAtEnd = await readToEnd({ url, keys, group: bridgeGroup(name), signal: timeout });
      if (!isAtEnd && !closing.signal.aborted) say('events are left, for the process that runs it next');
    },
    async close() {
      closing.abort();
      tellReady();
      await running;
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The log's data are not validated: what a target stumbles over is not what its type says. */
async function deliverTo(target: BridgeTarget, delivery: BridgedDelivery): Promise<Outcome> {
  try {
    return await target.deliver(delivery);
  } catch (error) {
    if (error instanceof ClosedError) throw error;
    const type = delivery.kind === 'event' ? delivery.event.type : delivery.type;
    return { kind: 'refused', reason: `expected data of ${type}, got others: ${toError(error).message}` };
  }
}

function isOneOf(types: readonly string[] | undefined, type: string): boolean {
  return types?.some((one) => (one.endsWith('*') ? type.startsWith(one.slice(0, -1)) : one === type)) ?? true;
}

function malformed(expected: string): Outcome {
  return { kind: 'refused', reason: `${expected}, got something else` };
}

/** Of each camera, and of each zone and kind of object, the newest event. */
function keepNewest(newest: Map<string, SightlineEvent>, event: SightlineEvent): void {
  const { camera } = event.data;
  const place = event.type === 'occupancy.changed' ? `${event.data.zone} ${event.data.label ?? ''}` : '';
  newest.set(JSON.stringify([camera, place]), event);
}
