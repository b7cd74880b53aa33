import { readFileSync, readdirSync } from 'node:fs';

export interface ProcessInfo {
  readonly pid: number;
  readonly parentPid: number;
  /** Arguments joined by spaces; the kernel's short name in brackets for a process without any. */
  readonly command: string;
}

/** The living processes of this machine, from /proc. Zombies are left out: they have ended and hold nothing. */
export function listProcesses(): readonly ProcessInfo[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? []);
}

/** Children, grandchildren and so on of a process, by default of this one. One whose parent died is no longer among them: see `processesWith`. */
export function descendantsOf(pid: number = process.pid): readonly ProcessInfo[] {
  const all = listProcesses();
  const found: ProcessInfo[] = [];
  const parents = [pid];
  for (let parent = parents.shift(); parent !== undefined; parent = parents.shift()) {
    for (const child of all) {
      if (child.parentPid !== parent) continue;
      found.push(child);
      parents.push(child.pid);
    }
  }
  return found;
}

/** Living processes, orphans included, whose command line holds the text: a unique path or port finds a test's own. */
export function processesWith(text: string): readonly ProcessInfo[] {
  return listProcesses().filter(({ pid, command }) => pid !== process.pid && command.includes(text));
}

function readProcess(pid: number): ProcessInfo | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // "pid (name) state ppid …", where the name itself may hold spaces and brackets.
    const nameEnd = stat.lastIndexOf(')');
    const [state, parentPid] = stat.slice(nameEnd + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
    const command = args === '' ? `[${stat.slice(stat.indexOf('(') + 1, nameEnd)}]` : args;
    return { pid, parentPid: Number(parentPid), command };
  } catch {
    // It ended between the listing and the reading.
    return undefined;
  }
}
