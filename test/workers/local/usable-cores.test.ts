import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { usableCores } from '../../../workers/local/usable-cores';

describe('usableCores', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'cores-test-'))));
  afterEach(() => rmSync(root, { recursive: true }));

  const cores = (files: Record<string, string>, affinity = 16) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return usableCores({ affinity, root });
  };

  it('is the affinity where nothing limits it', () => {
    expect(cores({})).toBe(16);
    expect(cores({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': 'max 100000\n' })).toBe(16);
  });

  it('is the quota of a container with version 2 control groups, whole cores only', () => {
    expect(cores({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '250000 100000\n' })).toBe(2);
    expect(cores({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '50000 100000\n' })).toBe(1);
  });

  it('is the smallest quota of all groups above', () => {
    expect(
      cores({
        'proc/self/cgroup': '0::/kube/pod/container\n',
        'sys/fs/cgroup/kube/pod/container/cpu.max': 'max 100000',
        'sys/fs/cgroup/kube/pod/cpu.max': '300000 100000',
        'sys/fs/cgroup/kube/cpu.max': '800000 100000',
      }),
    ).toBe(3);
  });

  it('is the quota of version 1 control groups, where -1 is none', () => {
    const group = '4:cpu,cpuacct:/docker/abc\n0::/\n';
    const folder = 'sys/fs/cgroup/cpu,cpuacct';
    expect(
      cores({
        'proc/self/cgroup': group,
        [`${folder}/cpu.cfs_quota_us`]: '400000',
        [`${folder}/cpu.cfs_period_us`]: '100000',
      }),
    ).toBe(4);
    expect(cores({ [`${folder}/cpu.cfs_quota_us`]: '-1' })).toBe(16);
  });

  it('is never more than the affinity nor less than one on this machine', () => {
    expect(usableCores()).toBeGreaterThanOrEqual(1);
    expect(usableCores()).toBeLessThanOrEqual(availableParallelism());
  });
});
