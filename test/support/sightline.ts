import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventSchema } from '../../models/domain/event';
import type { EventOf, EventType, SightlineEvent } from '../../models/domain/event';
import { packageRoot } from '../../models/support/package-root';
import { scratchOf } from '../workers/support/pool-fixture';
import { listProcesses } from './processes';
import type { ProcessInfo } from './processes';

/** The built command line. */
export const MAIN = join(packageRoot, 'dist/pipeline/cli/main.js');

/** The bundled clip: 24 s, 10 frames a second, people from its start to its end. */
export const PLAZA = join(packageRoot, 'config/examples/clips/plaza.mp4');

export interface StartOptions {
  /** Temp folder of the run; default: a fresh one. A second run in the same folder sees what the first left. */
  readonly tempPath?: string;
  /** Environment variables beside those of the test. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One run of the built command line. */
export interface SightlineRun {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly tempPath: string;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Exit code, or the signal that ended it; resolves when all output was read. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** As a terminal's Ctrl-C: to the process and all of its group. */
  readonly interruptGroup: () => void;
  /** Processes of this run, the first included, whoever their parent is by now. */
  readonly processes: () => readonly ProcessInfo[];
  /** Ring, socket folders and temp files. */
  readonly files: () => readonly string[];
}

/**
 * Starts `sightline …args` in a process group and a temp folder of its own. The folder is how all of its processes are
 * found, orphans too: they have it in their environment.
 */
export function startSightline(
  folder: string,
  args: readonly string[],
  { tempPath = mkdtempSync(join(folder, 't-')), env = {} }: StartOptions = {},
): SightlineRun {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: packageRoot,
    env: { ...process.env, TMPDIR: tempPath, XDG_STATE_HOME: stateHomeOf(tempPath), ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pid = child.pid!;
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return {
    pid,
    child,
    tempPath,
    stdout: () => stdout,
    stderr: () => stderr,
    ended: new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve(code ?? signal!));
    }),
    interruptGroup: () => void process.kill(-pid, 'SIGINT'),
    processes: () => listProcesses().filter((info) => isOfRun(info, tempPath)),
    files: () => [...scratchOf(pid), ...readdirSync(tempPath)],
  };
}

/** Where runs of this temp folder keep what has to outlive them. */
export const stateHomeOf = (tempPath: string) => `${tempPath}-state`;

function isOfRun({ pid }: ProcessInfo, tempPath: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`TMPDIR=${tempPath}`);
  } catch {
    // It ended, or is another user's.
    return false;
  }
}

/** Ends every process of these runs, whatever state a failed test left them in. */
export function killAll(runs: readonly SightlineRun[]): void {
  for (const { pid } of runs.flatMap((run) => run.processes())) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}

/** Every whole line as an event, checked against the contract. */
export function parseEvents(jsonLines: string): readonly SightlineEvent[] {
  return jsonLines
    .split('\n')
    .slice(0, -1)
    .map((line) => eventSchema.parse(JSON.parse(line)));
}

/** The events of a file that may not be there yet. */
export function readEvents(path: string): readonly SightlineEvent[] {
  try {
    return parseEvents(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Those of one type. */
export function eventsOf<T extends EventType>(
  events: readonly SightlineEvent[],
  type: T,
): readonly EventOf<T>[] {
  return events.filter((event): event is EventOf<T> => event.type === type);
}
