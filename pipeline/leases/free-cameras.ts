import type { Clock } from '../../models/domain/clock';
import type { LeaseCommands } from './lease-scripts';

export interface FreeCamerasOptions {
  readonly commands: Pick<LeaseCommands, 'ownerOf'>;
  readonly clock: Clock;
  /** Hears of every command that failed, with the error of ioredis. */
  readonly onRedisError: (error: unknown) => void;
}

/** The cameras that nobody has a lease of, as far as this process has seen. */
export interface FreeCameras {
  /** Looks at these cameras, all at once; of all others it forgets what it saw. Never rejects. */
  look(cameras: readonly string[], ingestId: string): Promise<void>;
  /** Free when last looked at; a lease that `ingestId` has without knowing it counts as none. */
  all(): ReadonlySet<string>;
  /** Of those, the ones that were found free again and again for longer. */
  longerThan(timeMs: number): ReadonlySet<string>;
  forget(camera: string): void;
  clear(): void;
}

/** Has seen nothing yet. */
export function createFreeCameras({ commands, clock, onRedisError }: FreeCamerasOptions): FreeCameras {
  let sinceMs = new Map<string, number>();

  async function isFree(camera: string, ingestId: string): Promise<boolean> {
    try {
      const owner = await commands.ownerOf(camera);
      return owner === undefined || owner === ingestId;
    } catch (error) {
      onRedisError(error);
      return false;
    }
  }

  return {
    async look(cameras, ingestId) {
      const found = await Promise.all(
        cameras.map(async (camera) => ((await isFree(camera, ingestId)) ? [camera] : [])),
      );
      const nowMs = clock.monotonicMs();
      sinceMs = new Map(found.flat().map((camera) => [camera, sinceMs.get(camera) ?? nowMs]));
    },
    all: () => new Set(sinceMs.keys()),
    longerThan(timeMs) {
      const nowMs = clock.monotonicMs();
      return new Set([...sinceMs].flatMap(([camera, foundMs]) => (nowMs - foundMs > timeMs ? [camera] : [])));
    },
    forget: (camera) => void sinceMs.delete(camera),
    clear: () => sinceMs.clear(),
  };
}
