import type { Clock } from '../../models/domain/clock';
import { PipelineError, toPipelineError } from '../../models/domain/errors';
import type { LeaseCommands } from './lease-scripts';

/** What the owner of the cameras is told and asked. */
export interface LeaseCallbacks {
  /** The camera is this process' to run; what it emits bears the fence. */
  readonly onAcquired: (camera: string, fence: number) => void;
  /**
   * The lease is gone: nothing of the camera may be emitted from now on. It may be acquired again before the camera has stopped;
   * also one that is being stopped may be lost.
   */
  readonly onLost: (camera: string) => void;
  /** Stops the camera and writes out its last events. Awaited before its lease is given back, and not called after a loss. */
  readonly stop: (camera: string) => Promise<void>;
  /** Hears of Redis once each time it goes away, of a camera that does not stop, and of cameras that nobody runs. */
  readonly onError: (error: PipelineError) => void;
}

export interface CameraLeasesOptions extends LeaseCallbacks {
  readonly commands: LeaseCommands;
  /** How long after its last renewal a lease counts as held; less than Redis keeps it. */
  readonly validMs: number;
  /** A camera that takes longer to stop is given up all the same: it may no longer emit then. */
  readonly stopTimeoutMs: number;
  readonly clock: Clock;
  readonly redisNowMs: () => number;
  /** A camera has stopped and its lease is given back. */
  readonly onGivenBack: () => void;
  /** Hears of every command that failed, with the error of ioredis. */
  readonly onRedisError: (error: unknown) => void;
}

/** The leases one process has, from acquiring to giving back. Nothing rejects. */
export interface CameraLeases {
  /** Camera to fence, of the leases that are valid now. */
  held(): ReadonlyMap<string, number>;
  /** True while the camera's lease is valid; looks at the clock, and so needs no timer that ran in time. */
  mayEmit(camera: string): boolean;
  /** Cameras that are held and not about to be given back. */
  active(): ReadonlySet<string>;
  /** Cameras that stop and whose leases are about to be given back. */
  leaving(): ReadonlySet<string>;
  /** Lets go of leases that were not renewed in time. */
  dropLapsed(): void;
  /** Renews all; false when a command failed. */
  renew(): Promise<boolean>;
  /** True: the camera is ours. False: another has it. Undefined: the command failed or took too long. */
  acquire(camera: string): Promise<boolean | undefined>;
  /** Stops the camera and gives its lease back. */
  giveBack(camera: string): void;
  /** Gives all back, and at once what is being acquired; resolves when no camera is held any more. */
  close(): Promise<void>;
}

interface Lease {
  readonly fence: number;
  validUntilMs: number;
}

/** No leases yet. */
export function createCameraLeases(options: CameraLeasesOptions): CameraLeases {
  const { commands, validMs, stopTimeoutMs, clock, redisNowMs, onGivenBack } = options;
  const { onAcquired, onLost, stop, onError, onRedisError } = options;
  const leases = new Map<string, Lease>();
  const leaving = new Map<string, Promise<void>>();
  let isClosing = false;

  const isValid = (lease: Lease) => clock.monotonicMs() < lease.validUntilMs;

  function lose(camera: string): void {
    leases.delete(camera);
    tell(() => onLost(camera));
  }

  function tell(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      onError(toPipelineError(error));
    }
  }

  async function stopInTime(camera: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      const detail = `${camera}: expected it to stop within ${stopTimeoutMs} ms, got no end; it is given up`;
      timer = setTimeout(() => reject(new PipelineError('timeout', detail)), stopTimeoutMs);
    });
    try {
      await Promise.race([stop(camera), timeout]);
    } catch (error) {
      onError(toPipelineError(error));
    } finally {
      clearTimeout(timer);
    }
  }

  async function attempt<T>(command: Promise<T>): Promise<T | undefined> {
    try {
      return await command;
    } catch (error) {
      onRedisError(error);
      return undefined;
    }
  }

  function dropLapsed(): void {
    for (const [camera, lease] of [...leases]) if (!isValid(lease)) lose(camera);
  }

  async function renewOne(camera: string, lease: Lease): Promise<boolean> {
    const askedMs = clock.monotonicMs();
    const isRenewed = await attempt(commands.renew(camera));
    // An answer that comes after the lease has lapsed mends nothing: this process was silent, and begins anew.
    dropLapsed();
    if (isRenewed === undefined) return false;
    if (leases.get(camera) !== lease) return true;
    if (isRenewed) lease.validUntilMs = askedMs + validMs;
    else lose(camera);
    return true;
  }

  async function stopAndRelease(camera: string, lease: Lease): Promise<void> {
    await stopInTime(camera);
    if (leases.get(camera) !== lease) return;
    leases.delete(camera);
    await attempt(commands.release(camera));
  }

  function giveBack(camera: string): void {
    const lease = leases.get(camera);
    if (lease === undefined || leaving.has(camera)) return;
    const left = stopAndRelease(camera, lease).finally(() => {
      leaving.delete(camera);
      onGivenBack();
    });
    leaving.set(camera, left);
  }

  return {
    held: () =>
      new Map([...leases].flatMap(([camera, lease]) => (isValid(lease) ? [[camera, lease.fence]] : []))),
    mayEmit(camera) {
      const lease = leases.get(camera);
      return lease !== undefined && isValid(lease);
    },
    active: () => new Set([...leases.keys()].filter((camera) => !leaving.has(camera))),
    leaving: () => new Set(leaving.keys()),
    dropLapsed,

    async renew() {
      const results = await Promise.all([...leases].map(([camera, lease]) => renewOne(camera, lease)));
      return results.every(Boolean);
    },

    async acquire(camera) {
      const askedMs = clock.monotonicMs();
      const result = await attempt(commands.acquire(camera, redisNowMs()).then((fence) => ({ fence })));
      if (result === undefined) return undefined;
      const { fence } = result;
      if (fence === undefined) return false;
      const lease: Lease = { fence, validUntilMs: askedMs + validMs };
      if (isClosing || !isValid(lease)) {
        await attempt(commands.release(camera));
        return undefined;
      }
      dropLapsed();
      leases.set(camera, lease);
      tell(() => onAcquired(camera, fence));
      return true;
    },

    giveBack,

    async close() {
      isClosing = true;
      for (const camera of leases.keys()) giveBack(camera);
      await Promise.all(leaving.values());
    },
  };
}
