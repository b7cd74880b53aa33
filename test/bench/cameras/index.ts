import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../models/support/package-root';
import { usableCores } from '../../../workers/local/usable-cores';
import { spread, table } from '../table';
import { measure } from './measure';
import type { Costs, StretchCost } from './measure';
import { LOOK_FPS, PROGRAMS } from './programs';
import type { Program } from './programs';
import { SCENE_FPS, drawScene } from './scene';
import type { Stretch } from './scene';

const ROUNDS = 3;

type Round = Readonly<Record<Program, Costs>>;

/**
 * CPU of one camera of 1920x1080 H.264 over RTSP, looked at five times a second: by Sightline with and without the motion gate, by
 * Debian's `motion`, and as a floor by FFmpeg that decodes alone. One after the other see the same seconds of the same stream, in
 * turn forwards and backwards, so that a drift of the machine's speed hits all alike. About five minutes.
 */
export async function benchCameras(): Promise<void> {
  installMotion();
  const folder = mkdtempSync(join(tmpdir(), 'sightline-bench-'));
  try {
    process.stderr.write('cameras: drawing the scene\n');
    const scene = await drawScene(folder);
    const rounds: Round[] = [];
    const loads: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const costs: Partial<Record<Program, Costs>> = {};
      for (const program of round % 2 === 1 ? PROGRAMS : PROGRAMS.toReversed()) {
        process.stderr.write(`cameras: round ${round} of ${ROUNDS}, ${program}\n`);
        costs[program] = await measure(program, scene, folder);
        loads.push(loadavg()[0]!);
      }
      rounds.push(costs as Round);
    }
    print(rounds, loads);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Where it is missing, setup.mjs installs it or says how. */
function installMotion(): void {
  if (spawnSync('motion', ['-h'], { stdio: 'ignore' }).error === undefined) return;
  execFileSync(process.execPath, [join(packageRoot, 'setup.mjs'), '--motion'], { stdio: 'inherit' });
}

const NAMES: Readonly<Record<Program, string>> = {
  ffmpeg: 'FFmpeg, decoding alone (floor)',
  motion: "Debian's motion",
  gated: 'Sightline, motion gate',
  plain: 'Sightline, no gate',
};

function print(rounds: readonly Round[], loads: readonly number[]): void {
  console.log(
    `\none camera, 1920x1080 H.264, ${SCENE_FPS} fps over RTSP, looked at ${LOOK_FPS} times a second; ` +
      `${usableCores()} cores, load ${spread(loads)}, ${ROUNDS} rounds, median (min–max)`,
  );
  const titles: Readonly<Record<Stretch, string>> = {
    still: 'nothing moves (8 s)',
    moving: 'people for 3 s, then nothing (8 s)',
  };
  for (const stretch of ['still', 'moving'] as const) {
    const head = [titles[stretch], 'CPU ms/s', '× floor', '× motion', 'frames gated', 'detected a second'];
    const rows = PROGRAMS.map((program) => rowOf(rounds, program, stretch));
    console.log(`\n${table([head, ...rows])}`);
    console.log(
      `motion saw ${spreadOf(rounds, stretch, 'motion', ({ motionEvents }) => motionEvents, 0)} events`,
    );
  }
  console.log('\nSightline by part, CPU ms/s');
  const parts = ['ffmpeg', 'main', 'others'] as const;
  const rows = (['gated', 'plain'] as const).flatMap((program) =>
    (['still', 'moving'] as const).map((stretch) => [
      `${NAMES[program]}, ${titles[stretch]}`,
      ...parts.map((part) => spreadOf(rounds, stretch, program, (cost) => cost.parts[part], 0)),
    ]),
  );
  console.log(table([['', 'FFmpeg', 'main process', 'inference processes'], ...rows]));
}

function spreadOf(
  rounds: readonly Round[],
  stretch: Stretch,
  program: Program,
  value: (cost: StretchCost, round: Round) => number,
  digits: number,
): string {
  return spread(
    rounds.map((round) => value(round[program][stretch], round)),
    digits,
  );
}

function rowOf(rounds: readonly Round[], program: Program, stretch: Stretch): string[] {
  const of = (value: (cost: StretchCost, round: Round) => number, digits: number) =>
    spreadOf(rounds, stretch, program, value, digits);
  const against = (other: Program) => of(({ cpuMs }, round) => cpuMs / round[other][stretch].cpuMs, 2);
  const isSightline = program === 'gated' || program === 'plain';
  return [
    NAMES[program],
    of(({ cpuMs }) => cpuMs, 0),
    against('ffmpeg'),
    against('motion'),
    isSightline
      ? of(({ frames }) => (100 * (frames['gated'] ?? 0)) / (frames['received'] ?? NaN), 0) + ' %'
      : '',
    isSightline
      ? of(({ frames }) => (LOOK_FPS * (frames['detected'] ?? 0)) / (frames['received'] ?? NaN), 1)
      : '',
  ];
}
