import { readFileSync, readdirSync } from 'node:fs';

/** Most memory that a process and all below it held at one moment. */
export interface TreeWatch {
  /** Ends the watch. Proportional set size in bytes: memory shared by several processes is counted once. */
  stop(): { readonly peakBytes: number };
}

/**
 * Samples a process tree through /proc every `intervalMs`. Each sample makes the kernel walk every page of every process: at five a
 * second that alone took 4 % of two cores from what is measured.
 */
export function watchTree(pid: number, intervalMs = 1500): TreeWatch {
  let peakBytes = 0;
  const sample = () => {
    const bytes = treeOf(pid).reduce((sum, each) => sum + proportionalSetBytes(each), 0);
    peakBytes = Math.max(peakBytes, bytes);
  };
  const timer = setInterval(sample, intervalMs);
  return {
    stop() {
      clearInterval(timer);
      return { peakBytes };
    },
  };
}

/** CPU time that one process has used. */
export interface ProcessCpu {
  readonly pid: number;
  /** The kernel's short name. */
  readonly name: string;
  /** User and system time since its start in milliseconds, that of ended children it waited for included. */
  readonly cpuMs: number;
}

/** CPU time of a process and all below it so far, in steps of 10 ms a process. */
export function treeCpu(pid: number): readonly ProcessCpu[] {
  return treeOf(pid).flatMap((each) => parseCpu(read(`/proc/${String(each)}/stat`)) ?? []);
}

/** The text of `/proc/PID/stat`; nothing of a process that has ended. Clock ticks are 10 ms on every Linux that Node runs on. */
export function parseCpu(stat: string): ProcessCpu | undefined {
  // "pid (name) state …", where the name itself may hold blanks and brackets.
  const [, pid, name, rest] = /^(\d+) \((.*)\) (.+)/s.exec(stat) ?? [];
  if (rest === undefined) return undefined;
  // utime, stime, cutime and cstime: fields 14 to 17 of proc(5), `rest` begins with the third.
  const ticks = rest.split(' ').slice(11, 15).map(Number);
  return { pid: Number(pid), name: name!, cpuMs: ticks.reduce((sum, each) => sum + each, 0) * 10 };
}

function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(read(`/proc/${name}/stat`).split(') ')[1]?.split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (let at = 0; at < tree.length; at++) tree.push(...(children.get(tree[at]!) ?? []));
  return tree;
}

function proportionalSetBytes(pid: number): number {
  const line = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${String(pid)}/smaps_rollup`));
  return Number(line?.[1] ?? 0) * 1024;
}

/** The file's text; empty when the process has just ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
