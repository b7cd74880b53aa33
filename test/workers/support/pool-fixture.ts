import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from '../../../models/domain/clock';
import { cameraId } from '../../../models/domain/frame';
import type { DetectFrame } from '../../../models/domain/frame';
import type { DetectChannel } from '../../../models/domain/detect-port';
import type { Outcome } from '../../../models/domain/observation';
import { packageRoot } from '../../../models/support/package-root';
import { scratchFolders } from '../../../models/support/scratch';
import type { LocalDetectPortOptions, PoolEvent } from '../../../workers/local/pool-types';
import { descendantsOf } from '../../support/processes';

export const MODEL = 'efficientvit-b0-416x256';
const WEIGHTS = join(packageRoot, 'models/efficientvit/weights');
const GOLDEN = join(packageRoot, 'test/golden/detector');

/** Three frames of plaza.mp4 as the model takes them. */
export const goldenFrames: readonly Uint8Array[] = [0, 1, 2].map((index) =>
  Uint8Array.from(readFileSync(join(GOLDEN, `${MODEL}.${index}.i420`))),
);

/** What Python found in a golden frame at a score of 0.35. */
export function goldenDetections(index: number): { label: string; score: number; box: number[] }[] {
  const text = readFileSync(join(GOLDEN, `${MODEL}.${index}.json`), 'utf8');
  return (JSON.parse(text) as { detections: { label: string; score: number; box: number[] }[] }).detections;
}

export type Fault =
  | { kind: 'crash' | 'hang'; afterFrames: number; firstByte?: number }
  | { kind: 'refuse'; afterFrames: number; provider?: string }
  | { kind: 'load'; provider: string; by: 'error' | 'crash' | 'hang' }
  | { kind: 'delay'; afterFrames: number; untilFrames?: number; delayMs: number; runsModel?: boolean };

/** A copy of a model in a folder, its manifest with a fault for tests. Returns the manifest's path. */
export function copyModel(
  folder: string,
  fault?: Fault,
  source: string = join(WEIGHTS, `${MODEL}.manifest.json`),
): string {
  const manifest = JSON.parse(readFileSync(source, 'utf8')) as { file: string };
  cpSync(join(dirname(source), manifest.file), join(folder, manifest.file));
  const detail = fault?.kind === 'load' ? fault.by : (fault?.afterFrames ?? 0);
  const path = join(folder, `${fault?.kind ?? 'plain'}-${detail}.manifest.json`);
  writeFileSync(path, JSON.stringify({ ...manifest, ...(fault && { fault }) }));
  return path;
}

/** Options of a pool that does not wait long for anything, and the events it reported. */
export function poolOptions(
  options: Pick<LocalDetectPortOptions, 'manifest'> & Partial<LocalDetectPortOptions>,
) {
  const events: PoolEvent[] = [];
  return {
    events,
    options: {
      providers: ['cpu'],
      processes: 1,
      maxBatch: 1,
      inferenceTimeoutMs: 20_000,
      clock: systemClock,
      onEvent: (event: PoolEvent) => {
        events.push(event);
      },
      ...options,
    } satisfies LocalDetectPortOptions,
  };
}

/** A frame of a golden picture; counts the releases of its lease. */
export function goldenFrame(seq: number): DetectFrame & { readonly releases: number } {
  const frame = {
    kind: 'frame' as const,
    info: {
      cameraId: cameraId('plaza'),
      mode: 'recorded' as const,
      segment: { epoch: 0, isResumed: false },
      seq,
      ptsMs: seq * 100,
      atMs: seq * 100,
      source: { width: 416, height: 256 },
    },
    releases: 0,
    lease: {
      pixels: goldenFrames[seq % goldenFrames.length]!,
      retain: () => undefined,
      release: () => {
        frame.releases++;
      },
    },
  };
  return frame;
}

/** Sends frames `from` to `from + count - 1` at once. */
export function detectAll(channel: DetectChannel, count: number, from = 0): Promise<Outcome[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => channel.detect(goldenFrame(from + index))));
}

/** Options of a recorded camera. */
export const recorded = {
  cameraId: cameraId('plaza'),
  mode: 'recorded',
  inFlight: 16,
  maxLatencyMs: 500,
} as const;

/** Inference processes below a process. */
export function inferencePids(of: number = process.pid): number[] {
  return descendantsOf(of)
    .filter(({ command }) => /inference\/main\.[jt]s/.test(command))
    .map(({ pid }) => pid);
}

/** Names of the rings, and other scratch files, of a process. */
export function scratchOf(pid: number = process.pid): string[] {
  const own = new RegExp(`^sightline-[0-9a-f]{8}-${pid}-`);
  return scratchFolders().flatMap((folder) => readdirSync(folder).filter((name) => own.test(name)));
}
