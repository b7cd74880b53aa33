import { hostname } from 'node:os';
import { basename } from 'node:path';
import type { Clock } from '../../models/domain/clock';
import type { Keys } from '../../models/domain/keys';
import { fingerprintOf } from '../../models/efficientvit/fingerprint';
import type { Manifest } from '../../models/efficientvit/manifest';
import type { RedisClient } from '../../models/support/redis';
import { hostToken } from '../frames/host-token';
import { HEARTBEAT_FORGET_MS, HEARTBEAT_INTERVAL_MS, isForgotten } from '../wire/heartbeat';
import type { WorkerHeartbeat } from '../wire/heartbeat';
import { PROTOCOL } from '../wire/job';

/** What changes from one heartbeat to the next. */
export interface WorkerState {
  readonly provider: string;
  /** Inference processes that are ready. */
  readonly processes: number;
  /** Time inside the detector since the start, of all processes. */
  readonly busyMs: number;
  readonly isLeaving: boolean;
}

export interface AnnouncerOptions {
  /** Fails fast while Redis is away. */
  readonly client: RedisClient;
  readonly keys: Keys;
  /** Id of this worker. */
  readonly worker: string;
  readonly manifest: Manifest;
  readonly maxBatch: number;
  readonly clock: Clock;
  readonly redisNowMs: () => number;
  readonly state: () => WorkerState;
  /** A heartbeat failed, or was taken. */
  readonly onRefused: (error: unknown) => void;
  readonly onAccepted: () => void;
}

/** Tells others that this worker lives, and of its model. */
export interface Announcer {
  /** Says so now, since something has changed; otherwise every second, and whenever Redis is back. */
  beat(): void;
  /** Says no more and withdraws this worker; never rejects. */
  close(): Promise<void>;
}

/** A shorter time says nothing of how busy a process is. */
const BUSY_WINDOW_MS = 500;

/** Heartbeats from one look for workers that are gone to the next. */
const BEATS_PER_CLEANING = 30;

/** Starts at once. Redis being away is told of elsewhere, and only means that others do not hear. */
export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const { client, keys, worker, manifest, maxBatch, clock, redisNowMs, state } = options;
  const { onRefused, onAccepted } = options;
  const constant = {
    v: PROTOCOL,
    host: hostname().slice(0, 255),
    hostToken: hostToken(),
    model: manifest.name,
    fingerprint: fingerprintOf(manifest),
    maxBatch,
  } as const;
  let beating: Promise<void> | undefined;
  let isDue = false;
  let isClosed = false;
  let isPublished = false;
  let beats = 0;
  let windowMs = clock.monotonicMs();
  let windowBusyMs = 0;
  let busyRatio = 0;

  function updateBusyRatio({ busyMs, processes }: WorkerState): void {
    const nowMs = clock.monotonicMs();
    if (nowMs - windowMs < BUSY_WINDOW_MS) return;
    const ratio = (busyMs - windowBusyMs) / ((nowMs - windowMs) * Math.max(1, processes));
    busyRatio = Math.min(1, Math.max(0, ratio));
    windowMs = nowMs;
    windowBusyMs = busyMs;
  }

  async function announce(): Promise<void> {
    const now = state();
    updateBusyRatio(now);
    const { provider, processes, isLeaving } = now;
    const heartbeat: WorkerHeartbeat = {
      ...constant,
      ...{ atMs: redisNowMs(), provider, processes, busyRatio, isLeaving },
    };
    await client.hset(keys.workers, worker, JSON.stringify(heartbeat));
    await client.pexpire(keys.workers, HEARTBEAT_FORGET_MS);
    // Also now and then: a Redis may be emptied while its connections stay.
    if (!isPublished || beats % BEATS_PER_CLEANING === 0) await publish();
    if (beats++ % BEATS_PER_CLEANING === 0) await removeForgotten();
    onAccepted();
  }

  /** Ingest needs the manifest and no weights; where they lie on this machine is nobody's business. */
  async function publish(): Promise<void> {
    const published: Manifest = { ...manifest, file: basename(manifest.file) };
    await client.hset(keys.models, manifest.name, JSON.stringify(published));
    isPublished = true;
  }

  async function removeForgotten(): Promise<void> {
    const workers = await client.hgetall(keys.workers);
    const nowMs = redisNowMs();
    const forgotten = Object.entries(workers).flatMap(([id, text]) => (isForgotten(text, nowMs) ? [id] : []));
    if (forgotten.length > 0) await client.hdel(keys.workers, ...forgotten);
  }

  async function beatWhileDue(): Promise<void> {
    while (isDue && !isClosed) {
      isDue = false;
      await announce().catch(onRefused);
    }
    beating = undefined;
  }

  function beat(): void {
    isDue = true;
    beating ??= beatWhileDue();
  }

  const onReady = () => {
    // A Redis that was restarted may have forgotten everything.
    isPublished = false;
    beat();
  };
  client.on('ready', onReady);
  const timer = setInterval(beat, HEARTBEAT_INTERVAL_MS);
  beat();

  return {
    beat,
    async close() {
      isClosed = true;
      clearInterval(timer);
      client.off('ready', onReady);
      await beating;
      await client.hdel(keys.workers, worker).catch(() => undefined);
    },
  };
}
