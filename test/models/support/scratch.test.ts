import { spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScratchFolder, scratchName, sweepScratch } from '../../../models/support/scratch';

/** A name like this process' own with parts replaced: [boot, pid, namespace, start time]. */
function nameOf(parts: { boot?: string; pid?: number; namespace?: string; startTime?: string }): string {
  const [, boot, pid, namespace, startTime, random] = scratchName().split('-');
  return [
    'sightline',
    parts.boot ?? boot,
    parts.pid ?? pid,
    parts.namespace ?? namespace,
    parts.startTime ?? startTime,
    random,
  ].join('-');
}

function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}

describe('sweepScratch', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'scratch-test-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const put = (name: string) => {
    writeFileSync(join(folder, name), 'x');
    return name;
  };
  const sweep = () => sweepScratch([folder]).map((path) => path.slice(folder.length + 1));

  it('removes files and folders of dead processes and of other boots', () => {
    const dead = put(nameOf({ pid: deadPid() }));
    const otherBoot = put(nameOf({ boot: '0badb007' }));
    const directory = nameOf({ pid: deadPid() });
    mkdirSync(join(folder, directory));
    writeFileSync(join(folder, directory, 'view.sock'), '');
    expect(sweep().sort()).toEqual([dead, otherBoot, directory].sort());
    expect(readdirSync(folder)).toEqual([]);
  });

  it('tells a process from an earlier one of the same pid by its start', () => {
    const earlier = put(nameOf({ startTime: '1' }));
    put(scratchName());
    expect(sweep()).toEqual([earlier]);
  });

  it('leaves what a living process owns, what it cannot judge, and what is not ours', () => {
    const kept = [
      put(scratchName()),
      put(nameOf({ pid: 1, startTime: '0' })),
      put(nameOf({ pid: deadPid(), namespace: 'zz' })),
      put('sightline-notes'),
      put(`${nameOf({ pid: deadPid() })}.txt`),
    ];
    expect(sweep()).toEqual([]);
    expect(readdirSync(folder).sort()).toEqual(kept.sort());
  });

  it('follows no link and touches no file of another user', () => {
    const target = put('precious');
    symlinkSync(join(folder, target), join(folder, nameOf({ pid: deadPid() })));
    const foreign = put(nameOf({ pid: deadPid() }));
    if (process.getuid?.() === 0) chownSync(join(folder, foreign), 65534, 65534);
    expect(sweep()).toEqual(process.getuid?.() === 0 ? [] : [foreign]);
    expect(existsSync(join(folder, target))).toBe(true);
  });

  it('finds nothing in a folder that does not exist', () => {
    expect(sweepScratch([join(folder, 'missing')])).toEqual([]);
  });
});

describe('createScratchFolder', () => {
  it('makes a private folder with a path short enough for a socket, and removes it with all in it', () => {
    const { path, remove } = createScratchFolder();
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(join(path, 'view.sock').length).toBeLessThan(104);
    writeFileSync(join(path, 'view.sock'), '');
    remove();
    remove();
    expect(existsSync(path)).toBe(false);
  });

  it('names each thing differently', () => {
    const names = Array.from({ length: 100 }, scratchName);
    expect(new Set(names).size).toBe(100);
    for (const name of names) expect(name).toMatch(/^sightline-[a-z0-9-]{1,54}$/);
  });
});
