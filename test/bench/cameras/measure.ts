import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { startRtspServer } from '../../fixtures/rtsp-server';
import { closedPort } from '../../support/closed-port';
import { waitFor } from '../../support/wait-for';
import { treeCpu } from '../process-tree';
import type { ProcessCpu } from '../process-tree';
import { commandOf, frameCounts, motionEvents } from './programs';
import type { Program } from './programs';
import { SCENE_FPS, STRETCHES } from './scene';
import type { Stretch } from './scene';

/** Parts of a program's processes: the first, FFmpeg below it, all others below it (Sightline's detector). */
export interface PartsCpu {
  readonly main: number;
  readonly ffmpeg: number;
  readonly others: number;
}

/** What a program used during one stretch of the scene. */
export interface StretchCost {
  /** CPU milliseconds a second of the stream, of all processes. */
  readonly cpuMs: number;
  readonly parts: PartsCpu;
  /** Sightline's frames of the stretch by what became of them; empty for others. */
  readonly frames: Readonly<Record<string, number>>;
  /** Events that `motion` began; 0 for others. */
  readonly motionEvents: number;
}

export type Costs = Readonly<Record<Stretch, StretchCost>>;

/** Frames are asked for so long before a stretch, so that asking costs nothing in it. */
const ASK_BEFORE_S = 0.4;
const MAX_CONNECTIONS = 2;
const START_TIMEOUT_MS = 30_000;
const SCENE_TIMEOUT_MS = 60_000;

interface Reading {
  readonly cpu: readonly ProcessCpu[];
  readonly motionEvents: number;
}

/** Lets a program watch the scene from its first picture on, and reads at given pictures what it has used. */
export async function measure(program: Program, scene: string, folder: string): Promise<Costs> {
  const readings = new Map<number, Reading>();
  const asked = new Map<number, Promise<Readonly<Record<string, number>>>>();
  const metricsPort = await closedPort();
  let log = '';
  let child: ChildProcess | undefined;

  const stretches: readonly Seconds[] = Object.values(STRETCHES);
  const readAt = stretches.flatMap(({ fromS, untilS }) => [pictureAt(fromS), pictureAt(untilS)]);
  const askAt = stretches.flatMap(({ fromS, untilS }) => [
    pictureAt(fromS - ASK_BEFORE_S),
    pictureAt(untilS),
  ]);
  let accepted = 0;
  let sentBefore = 0;
  const onSent = () => {
    // `motion` connects for a first picture, then again to stay: the scene begins anew.
    if (server.accepted !== accepted || server.playing !== 1) {
      accepted = server.accepted;
      sentBefore = server.sent - 1;
    }
    const picture = server.sent - sentBefore;
    if (readAt.includes(picture)) {
      readings.set(picture, { cpu: treeCpu(child!.pid!), motionEvents: motionEvents(log) });
    }
    if (askAt.includes(picture) && isSightline(program)) asked.set(picture, askFrames(metricsPort));
  };
  const server = await startRtspServer({ video: scene, reencode: false, loop: false, onSent });
  try {
    const [command, ...args] = commandOf(program, { url: server.url(), folder, metricsPort });
    const started = spawn(command, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    child = started;
    started.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
    const failed = once(started, 'exit').then(([code]) => {
      throw new Error(`${program}: expected it to watch until it is ended, got exit code ${code}: ${log}`);
    });
    // Whoever waits for it below is told; afterwards it is no fault.
    failed.catch(() => undefined);
    const last = Math.max(...readAt);
    const watched = waitFor(() => server.sent > 0, { what: program, timeoutMs: START_TIMEOUT_MS }).then(() =>
      waitFor(() => readings.has(last), { what: `${program}: the scene`, timeoutMs: SCENE_TIMEOUT_MS }),
    );
    await Promise.race([watched, failed]);
    const frames = new Map<number, Readonly<Record<string, number>>>();
    for (const [picture, counts] of asked) frames.set(picture, await counts);
    if (server.accepted > MAX_CONNECTIONS || server.skipped > 0) {
      throw new Error(
        `${program}: expected ${MAX_CONNECTIONS} connections at most and every picture sent, ` +
          `got ${server.accepted} and ${server.skipped} left out: ${log}`,
      );
    }
    const costOf = ({ fromS, untilS }: Seconds): StretchCost => {
      const [from, until] = [pictureAt(fromS), pictureAt(untilS)];
      const asked = frames.get(pictureAt(fromS - ASK_BEFORE_S)) ?? {};
      return {
        ...costBetween(readings.get(from)!, readings.get(until)!, started.pid!, untilS - fromS),
        frames: difference(asked, frames.get(until) ?? {}),
      };
    };
    return { still: costOf(STRETCHES.still), moving: costOf(STRETCHES.moving) };
  } finally {
    await end(child);
    await server.close();
  }
}

interface Seconds {
  readonly fromS: number;
  readonly untilS: number;
}

const pictureAt = (second: number) => Math.round(second * SCENE_FPS);

const isSightline = (program: Program) => program === 'gated' || program === 'plain';

async function askFrames(port: number): Promise<Readonly<Record<string, number>>> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  return frameCounts(await answer.text());
}

function costBetween(
  before: Reading,
  after: Reading,
  pid: number,
  seconds: number,
): Omit<StretchCost, 'frames'> {
  const parts = { main: 0, ffmpeg: 0, others: 0 };
  for (const [sign, { cpu }] of [[-1, before] as const, [1, after] as const]) {
    for (const each of cpu) parts[partOf(each, pid)] += (sign * each.cpuMs) / seconds;
  }
  return {
    cpuMs: parts.main + parts.ffmpeg + parts.others,
    parts,
    motionEvents: after.motionEvents - before.motionEvents,
  };
}

function partOf({ pid, name }: ProcessCpu, root: number): keyof PartsCpu {
  if (pid === root) return 'main';
  return name === 'ffmpeg' ? 'ffmpeg' : 'others';
}

/** What was counted from one moment to a later one. */
export function difference(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(after).map(([key, count]) => [key, count - (before[key] ?? 0)]));
}

const GRACE_MS = 5000;

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  const hard = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await exited.finally(() => clearTimeout(hard)).catch(() => undefined);
}
