import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

export interface UsableCoresOptions {
  /** Cores the scheduler may put us on; by default those of this process' affinity. */
  readonly affinity?: number;
  /** Where `proc` and `sys` are found. */
  readonly root?: string;
}

/**
 * Cores this process may keep busy at once: its affinity, or the CPU quota of its control groups where that is less (a
 * container limited to two CPUs sees all of the host's). At least 1; a part of a core does not count.
 */
export function usableCores({
  affinity = availableParallelism(),
  root = '/',
}: UsableCoresOptions = {}): number {
  return Math.max(1, Math.min(affinity, Math.floor(cpuQuota(root))));
}

/** The smallest quota in cores on the way from our control group to the top, version 2 and 1; Infinity without one. */
function cpuQuota(root: string): number {
  let quota = Infinity;
  for (const line of (read(join(root, 'proc/self/cgroup')) ?? '').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    if (controllers === '') {
      for (const mount of ['sys/fs/cgroup', 'sys/fs/cgroup/unified']) {
        quota = Math.min(quota, smallestQuota(join(root, mount), path, quotaV2));
      }
    } else if (controllers.split(',').includes('cpu')) {
      for (const mount of new Set(['sys/fs/cgroup/cpu', `sys/fs/cgroup/${controllers}`])) {
        quota = Math.min(quota, smallestQuota(join(root, mount), path, quotaV1));
      }
    }
  }
  return quota;
}

function smallestQuota(mount: string, path: string, quotaOf: (folder: string) => number): number {
  // In a container the path may name groups of the host, which are not mounted: the mount's own top counts always.
  let quota = quotaOf(mount);
  for (let group = path; group !== '/' && group !== '.'; group = dirname(group)) {
    quota = Math.min(quota, quotaOf(join(mount, group)));
  }
  return quota;
}

/** `cpu.max`: "<quota µs> <period µs>" or "max <period µs>". */
function quotaV2(folder: string): number {
  const [quota, period] = (read(join(folder, 'cpu.max')) ?? '').split(/\s+/);
  return ratio(Number(quota), Number(period));
}

/** `cpu.cfs_quota_us` is -1 without a limit. */
function quotaV1(folder: string): number {
  return ratio(
    Number(read(join(folder, 'cpu.cfs_quota_us'))),
    Number(read(join(folder, 'cpu.cfs_period_us'))),
  );
}

function ratio(quota: number, period: number): number {
  return quota > 0 && period > 0 ? quota / period : Infinity;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // Not Linux, or not this version of control groups.
    return undefined;
  }
}
