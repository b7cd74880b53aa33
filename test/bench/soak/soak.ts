import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startRtspServer } from '../../fixtures/rtsp-server';
import type { RtspServer } from '../../fixtures/rtsp-server';
import { closedPort } from '../../support/closed-port';
import { descendantsOf } from '../../support/processes';
import { PLAZA, readEvents, startSightline } from '../../support/sightline';
import type { SightlineRun } from '../../support/sightline';
import { waitFor } from '../../support/wait-for';
import { FAULTS, createRandom } from './faults';

export interface SoakOptions {
  readonly seconds: number;
  readonly cameras: number;
  readonly framesPerSecond: number;
  /** The same seed gives the same faults to the same cameras, in the same order. */
  readonly seed: number;
  /** Manifest or name of the detector; default: the bundled one. */
  readonly model?: string;
  readonly say?: (line: string) => void;
}

/** What a process held at one moment. */
export interface Sample {
  readonly seconds: number;
  readonly residentBytes: number;
  readonly descriptors: number;
}

/** How a soak went. */
export interface SoakResult {
  readonly faults: Readonly<Record<string, number>>;
  readonly samples: readonly Sample[];
  /** With all cameras online and well, at the beginning and at the end. */
  readonly before: Steady;
  readonly after: Steady;
  /** By camera: frames received, and the sum of what became of them, at the end. */
  readonly ledgers: readonly {
    readonly camera: string;
    readonly received: number;
    readonly settled: number;
  }[];
  readonly tracks: number;
  /** Tracks that started and did not end, or ended without having started. */
  readonly unbalancedTracks: readonly string[];
  /** A status that repeats the one before it, by camera. */
  readonly repeatedStates: readonly string[];
  readonly exitCode: number | NodeJS.Signals;
  readonly leftProcesses: number;
}

export interface Steady {
  readonly descriptors: number;
  readonly processes: number;
}

/** Faults last so long, in milliseconds, and so long lies between two. */
const FAULT_MS = [500, 8000] as const;
const PAUSE_MS = [200, 2500] as const;
/** A camera that failed often waits for half a minute before it is tried again. */
const RECOVERY_MS = 75_000;
/** Of what the run has said, when a camera is not back. */
const TAIL_CHARS = 4000;

/**
 * Runs `sightline run` on fixture cameras for a while, in which each of them freezes, dies, changes its size, breaks packets and
 * lies about time, at random. Rejects when a camera is not back after it is well again.
 */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-soak-'));
  const servers: RtspServer[] = [];
  let run: SightlineRun | undefined;
  try {
    const videos = [
      await scaled(folder, '480x360', options.framesPerSecond),
      await scaled(folder, '384x288', options.framesPerSecond),
    ];
    for (let index = 0; index < options.cameras; index++) {
      servers.push(await startRtspServer({ video: videos[0]!, seed: options.seed + index }));
    }
    return await soakOn({ ...options, folder, videos, servers }, (started) => (run = started));
  } finally {
    run?.child.kill('SIGKILL');
    await Promise.all(servers.map((server) => server.close()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The clip with people in it, in another size and at the cameras' rate. */
async function scaled(folder: string, size: string, fps: number): Promise<string> {
  const path = join(folder, `${size}.mp4`);
  const filter = ['-vf', `fps=${fps},scale=${size.replace('x', ':')}`, '-preset', 'ultrafast'];
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-nostdin', '-i', PLAZA, ...filter, '-y', path]);
  return path;
}

interface Setting extends SoakOptions {
  readonly folder: string;
  readonly videos: readonly string[];
  readonly servers: readonly RtspServer[];
}

async function soakOn(setting: Setting, onStart: (run: SightlineRun) => void): Promise<SoakResult> {
  const { folder, servers, seconds, framesPerSecond, model, say = () => undefined } = setting;
  const eventsPath = join(folder, 'events.jsonl');
  const metrics = `127.0.0.1:${await closedPort()}`;
  const names = servers.map((_server, index) => `camera-${index}`);
  const cameras = servers.map(
    (server, index) => `  ${names[index]!}: { url: ${server.url()}, maxFps: ${framesPerSecond} }`,
  );
  const config = join(folder, 'soak.yaml');
  writeFileSync(config, `cameras:\n${cameras.join('\n')}\nevents: [{ type: jsonl, path: ${eventsPath} }]\n`);
  const modelFlags = model === undefined ? [] : ['--model', model];
  const run = startSightline(folder, ['run', '--config', config, '--metrics', metrics, ...modelFlags]);
  onStart(run);

  const scrape = async () => (await fetch(`http://${metrics}/metrics`)).text();
  const allOnline = (what: string) =>
    waitFor(async () => sendingCameras(await scrape()) === names.length, {
      what,
      timeoutMs: RECOVERY_MS,
    }).catch(async (error: unknown) => {
      const states = (await scrape()).match(/^sightline_camera_state.* 1$/gm)?.join('\n');
      throw new Error(`${states}\n${run.stderr().slice(-TAIL_CHARS)}`, { cause: error });
    });
  await allOnline('all cameras');
  const before = await steady(run, servers.length);
  say(`all ${servers.length} cameras online; faults for ${seconds} s`);

  const samples: Sample[] = [];
  const startMs = performance.now();
  const sampling = setInterval(() => {
    const at = (performance.now() - startMs) / 1000;
    samples.push({ seconds: at, residentBytes: residentBytes(run.pid), descriptors: descriptorsOf(run.pid) });
  }, 1000);
  const faults = await misbehave(setting, startMs + seconds * 1000)
    .then(async (counts) => {
      await allOnline('all cameras again');
      return counts;
    })
    .finally(() => clearInterval(sampling));
  const after = await steady(run, servers.length);

  const text = await scrape();
  run.child.kill('SIGINT');
  const exitCode = await run.ended;
  return {
    ...{ faults, samples, before, after, exitCode },
    ledgers: names.map((camera) => ledgerOf(text, camera)),
    ...findUnbalanced(eventsPath),
    leftProcesses: run.processes().length,
  };
}

/** Each camera has its own faults, one after the other; resolves when all are well again. */
async function misbehave({ servers, videos, seed }: Setting, endMs: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const names = Object.keys(FAULTS);
  await Promise.all(
    servers.map(async (server, index) => {
      const random = createRandom(seed * 1000 + index);
      const between = ([least, most]: readonly [number, number]) => least + random() * (most - least);
      while (performance.now() < endMs) {
        await delay(between(PAUSE_MS));
        const name = names[Math.floor(random() * names.length)]!;
        counts[name] = (counts[name] ?? 0) + 1;
        const heal = await FAULTS[name]!(server, videos);
        await delay(between(FAULT_MS));
        await heal();
      }
    }),
  );
  return counts;
}

/**
 * How many cameras send pictures, as the metrics tell. The events would tell it too, but reading a long file again and again
 * takes this process the time in which its cameras are to send.
 */
function sendingCameras(metrics: string): number {
  return metrics.match(/^sightline_camera_state\{.*state="(online|degraded)"\} 1$/gm)?.length ?? 0;
}

/** What the run holds once each camera has its one decoder and nothing is on its way. */
async function steady(run: SightlineRun, cameras: number): Promise<Steady> {
  const decoders = () => descendantsOf(run.pid).filter(({ command }) => command.includes('ffmpeg')).length;
  await waitFor(() => decoders() === cameras, { what: `${cameras} decoders`, timeoutMs: RECOVERY_MS });
  return { descriptors: descriptorsOf(run.pid), processes: descendantsOf(run.pid).length };
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function residentBytes(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kib ?? 0) * 1024;
}

function ledgerOf(metrics: string, camera: string) {
  const lines = metrics.matchAll(
    /^sightline_frames_total\{camera="([^"]+)",outcome="(\w+)",[^}]*\} (\d+)$/gm,
  );
  let received = 0;
  let settled = 0;
  for (const [, name, outcome, count] of lines) {
    if (name !== camera) continue;
    if (outcome === 'received') received += Number(count);
    else settled += Number(count);
  }
  const inFlight = new RegExp(`^sightline_frames_in_flight\\{camera="${camera}"\\} (\\d+)$`, 'm').exec(
    metrics,
  )?.[1];
  return { camera, received, settled: settled + Number(inFlight ?? 0) };
}

function findUnbalanced(
  eventsPath: string,
): Pick<SoakResult, 'tracks' | 'unbalancedTracks' | 'repeatedStates'> {
  const balance = new Map<string, number>();
  const latest = new Map<string, string>();
  const repeatedStates: string[] = [];
  for (const { type, subject, data } of readEvents(eventsPath)) {
    if (type === 'track.started' || type === 'track.ended') {
      const id = (data as { trackId: string }).trackId;
      balance.set(id, (balance.get(id) ?? 0) + (type === 'track.started' ? 1 : -1));
    }
    if (type === 'camera.online' || type === 'camera.offline') {
      // A change of size or codec is told between two `online`.
      if (latest.get(subject) === type) repeatedStates.push(`${subject}: ${type}`);
      latest.set(subject, type);
    } else if (type === 'camera.degraded') {
      latest.set(subject, type);
    }
  }
  const unbalancedTracks = [...balance].flatMap(([id, count]) => (count === 0 ? [] : [id]));
  return { tracks: balance.size, unbalancedTracks, repeatedStates };
}
