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
