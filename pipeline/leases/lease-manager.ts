import type { Clock } from '../../models/domain/clock';
import { PipelineError } from '../../models/domain/errors';
import type { Keys } from '../../models/domain/keys';
import { toRedisError } from '../../models/support/redis';
import type { RedisClient } from '../../models/support/redis';
import { createCameraLeases } from './camera-leases';
import type { LeaseCallbacks } from './camera-leases';
import { createFreeCameras } from './free-cameras';
import { createIngestRegistry } from './ingest-registry';
import type { Fellows } from './ingest-registry';
import { createLeaseCommands } from './lease-scripts';
import { planOf, preferenceOf, sharesOf } from './lease-share';
import { createLoop } from './loop';

export interface LeaseManagerOptions extends LeaseCallbacks {
  /** A producer's connection: it must fail rather than wait while Redis is away. */
  readonly client: RedisClient;
  readonly keys: Keys;
  /** Id of this process; no other may ever have used it. */
  readonly ingestId: string;
  /** All cameras of the configuration. */
  readonly cameras: readonly string[];
  /** Most cameras this process runs; Infinity for no limit. */
  readonly capacity: number;
  /** How long Redis keeps a lease that is not renewed. Default 10 s; this process lets go up to 2 s earlier. */
  readonly ttlMs?: number;
  /** Default 3 s. Free cameras are looked for three times as often. */
  readonly renewEveryMs?: number;
  /** How long a camera may take to stop before its lease goes to another all the same. Default 10 s. */
  readonly stopTimeoutMs?: number;
  /** Its monotonic time has to go on while the process is stopped: Linux' does, but not while the machine sleeps. */
  readonly clock: Clock;
  /** Redis' own time. */
  readonly redisNowMs: () => number;
}

/** Decides with its fellows in other processes which cameras this one runs. */
export interface LeaseManager {
  /** Joins the others, and takes cameras from now on. */
  start(): void;
  /** Camera to fence, of the cameras this process runs now. */
  held(): ReadonlyMap<string, number>;
  /**
   * True while the camera is this process' own. Ask before each event: it turns false in time even where no timer could run,
   * as in a process that was stopped and continued. (Not after the machine slept: there only the fence helps.)
   */
  mayEmit(camera: string): boolean;
  /** Cameras nobody has run for some time, though this process is at its capacity: others must be too. */
  unassigned(): readonly string[];
  /** Stops all cameras and gives them back; each as soon as it has stopped. Never rejects. */
  close(): Promise<void>;
}

/** A process that dies is missed after `ttlMs`; its cameras may be emitted by nobody for the last part of it. */
const MAX_MARGIN_MS = 2000;

/** The lease manager of one process. Throws a RangeError for numbers that cannot work. */
export function createLeaseManager(options: LeaseManagerOptions): LeaseManager {
  const { client, clock, onError, ttlMs = 10_000, renewEveryMs = 3000, stopTimeoutMs = 10_000 } = options;
  const marginMs = Math.min(MAX_MARGIN_MS, ttlMs / 5);
  const validMs = ttlMs - marginMs;
  if (!(options.capacity >= 0 && (Number.isInteger(options.capacity) || options.capacity === Infinity)))
    throw new RangeError(`capacity: expected a number of cameras or Infinity, got ${options.capacity}`);
  if (!(renewEveryMs > 0 && renewEveryMs < validMs))
    throw new RangeError(`renewEveryMs: expected more than 0 and less than ${validMs}, got ${renewEveryMs}`);

  const preference = preferenceOf(options.ingestId, options.cameras);
  const capacity = Math.min(options.capacity, preference.length);
  /** Cameras that nobody takes for so long are for whoever has room; after twice that nobody has. */
  const overdueMs = 2 * renewEveryMs;
  const commands = createLeaseCommands({ ...options, ttlMs });
  const registry = createIngestRegistry({ ...options, cameras: preference, capacity, ttlMs });
  const free = createFreeCameras({ commands, clock, onRedisError: report });
  const leases = createCameraLeases({
    ...options,
    ...{ commands, validMs, stopTimeoutMs },
    onRedisError: report,
    onGivenBack: () => loop.wake(),
  });
  /** Cameras taken beyond the share; kept until the circle of processes changes. */
  let extra = new Set<string>();
  let circle = '';
  let renewedMs = -Infinity;
  let lookedMs = -Infinity;
  let failures = 0;
  const told = new Map<string, string>();
  let closed: Promise<void> | undefined;
  let isClosing = false;
  let lapseTimer: NodeJS.Timeout | undefined;
  const loop = createLoop({ turn, pauseMs });

  /** Says it once, until it changes or is over. */
  function tellOnce(topic: string, error: PipelineError): void {
    if (told.get(topic) === error.message) return;
    told.set(topic, error.message);
    onError(error);
  }

  /** Of a Redis that is away the first fault is told, until all went well again. */
  function report(error: unknown): void {
    failures++;
    if (!told.has('redis')) tellOnce('redis', toRedisError(error, 'leases'));
  }

  async function announce(): Promise<boolean> {
    try {
      await registry.announce();
      return true;
    } catch (error) {
      report(error);
      return false;
    }
  }

  async function renewWhenDue(): Promise<void> {
    const nowMs = clock.monotonicMs();
    if (nowMs - renewedMs < renewEveryMs) return;
    const results = await Promise.all([leases.renew(), isClosing || announce()]);
    if (results.every(Boolean)) renewedMs = nowMs;
  }

  function shareIn({ members, strangers }: Fellows): number {
    const seen = JSON.stringify(members.map(({ id, capacity }) => [id, capacity]).sort());
    if (seen !== circle) extra = new Set();
    circle = seen;
    if (strangers.length === 0) told.delete('strangers');
    else tellOnce('strangers', strangersError(strangers));
    return sharesOf(members, preference.length).get(options.ingestId) ?? 0;
  }

  async function balance(): Promise<void> {
    const share = shareIn(await registry.read());
    const nowMs = clock.monotonicMs();
    const isLooking = leases.active().size < share || nowMs - lookedMs >= renewEveryMs;
    if (isLooking) {
      lookedMs = nowMs;
      // One that is leaving still has its lease, which would look like one held by mistake.
      const ours = new Set([...leases.active(), ...leases.leaving()]);
      const others = preference.filter((camera) => !ours.has(camera));
      await free.look(others, options.ingestId);
    }
    const active = leases.active();
    extra = new Set([...extra].filter((camera) => active.has(camera)));
    const plan = planOf({
      ...{ preference, share, capacity, active, extra },
      leaving: leases.leaving(),
      free: isLooking ? free.all() : new Set(),
      overdue: free.longerThan(overdueMs),
    });
    if (isClosing) return;
    for (const camera of plan.giveBack) leases.giveBack(camera);
    await Promise.all([
      ...plan.take.map((camera) => take(camera)),
      ...plan.takeExtra.map(async (camera) => {
        if (await take(camera)) extra.add(camera);
      }),
    ]);
    const missing = unassigned();
    if (missing.length === 0) told.delete('unassigned');
    else tellOnce('unassigned', unassignedError(missing, preference.length));
  }

  async function take(camera: string): Promise<boolean> {
    const isOurs = await leases.acquire(camera);
    if (isOurs !== undefined) free.forget(camera);
    return isOurs === true;
  }

  const unassigned = (): readonly string[] => {
    const isFull = leases.active().size + leases.leaving().size >= capacity;
    return isFull ? [...free.longerThan(2 * overdueMs)] : [];
  };

  async function turn(): Promise<void> {
    const failuresBefore = failures;
    try {
      leases.dropLapsed();
      await renewWhenDue();
      if (!isClosing) await balance();
    } catch (error) {
      report(error);
      free.clear();
    }
    if (failures === failuresBefore) told.delete('redis');
  }

  /** A third of the time between renewals, give or take a quarter of it: processes shall not all look at once. */
  function pauseMs(): number {
    const untilLookMs = (renewEveryMs / 3) * (0.75 + Math.random() / 2);
    const untilRenewalMs = renewedMs + renewEveryMs - clock.monotonicMs();
    return untilRenewalMs > 0 ? Math.min(untilLookMs, untilRenewalMs) : untilLookMs;
  }

  const onReady = () => loop.wake();

  async function giveUpAll(): Promise<void> {
    isClosing = true;
    if (lapseTimer === undefined) return;
    // The others count without this process from now on; the loop renews until every camera has stopped.
    await Promise.all([registry.withdraw().catch(report), leases.close()]);
    await loop.end();
    clearInterval(lapseTimer);
    client.off('ready', onReady);
  }

  return {
    start() {
      if (lapseTimer !== undefined || isClosing) return;
      client.on('ready', onReady);
      // Apart from the loop, which may be waiting for an answer of Redis.
      lapseTimer = setInterval(() => leases.dropLapsed(), Math.max(10, marginMs / 4));
      loop.start();
    },
    held: () => leases.held(),
    mayEmit: (camera) => leases.mayEmit(camera),
    unassigned,
    close() {
      closed ??= giveUpAll();
      return closed;
    },
  };
}

/** Names for one line: the first ten. */
function list(names: readonly string[]): string {
  return names.slice(0, 10).join(', ') + (names.length > 10 ? ' and others' : '');
}

function strangersError(ids: readonly string[]): PipelineError {
  return new PipelineError(
    'config',
    `ingest processes: expected all to have the same cameras, got others in ${list([...ids].sort())}`,
  );
}

function unassignedError(cameras: readonly string[], total: number): PipelineError {
  return new PipelineError(
    'config',
    `ingest processes: expected capacity for ${total} cameras, got none for ${list([...cameras].sort())}`,
  );
}
