import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../../models/support/package-root';
import { median, table } from '../table';
import { createGreedyTracker } from './greedy';
import type { BenchTracker } from './greedy';
import { countMot, scoreMot } from './score';
import type { MotCounts, MotScores } from './score';
import { benchmarksOf, readSequence, sequencesOf } from './sequence';
import type { MotSequence } from './sequence';

/** Where the data lies unless told: beside the project, where whoever has it keeps it. */
const DEFAULT_DATA = '../shared/mot-devkit';
const ROUNDS = 3;
/** Runs before the clock counts: until then V8 interprets. */
const WARM_UP_ROUNDS = 2;

type Create = (sequence: Pick<MotSequence, 'frameRate' | 'width' | 'height'>) => BenchTracker;

/** What TrackEval said of other trackers, by tracker, benchmark and sequence. */
type References = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Reference>>>>>>;
interface Reference {
  readonly HOTA: number;
  readonly DetA: number;
  readonly AssA: number;
  readonly MOTA: number;
  readonly IDF1: number;
  readonly IDSW: number;
}

/**
 * `npm run bench -- mot [--data DIR]`: our tracker on public detections of people and cars, with its defaults, beside
 * reference trackers; scores as TrackEval has them, speed beside a tracker that only compares overlaps.
 */
export async function benchMot(args: readonly string[] = []): Promise<void> {
  const root = resolve(packageRoot, valueOf(args, '--data') ?? DEFAULT_DATA);
  const data = existsSync(join(root, 'data')) ? join(root, 'data') : root;
  if (!existsSync(data)) {
    console.log(`mot: left out: expected tracking data in ${root} (--data), found nothing there`);
    return;
  }
  const benchmarks = benchmarksOf(data);
  if (benchmarks.length === 0)
    throw new RangeError(`mot: expected folders of sequences (BENCHMARK/SEQUENCE/seqinfo.ini) in ${data}, found none`); // prettier-ignore
  const harness = pathToFileURL(join(packageRoot, 'test/bench/mot/tracker.mjs')).href;
  const { createTracker } = (await import(harness)) as { readonly createTracker: Create };
  const ours: MotScores[] = [];
  const speeds: string[][] = [['frames/s of update()', 'boxes a frame', 'ours', 'greedy overlap', 'ratio', 'bytes a frame']]; // prettier-ignore
  for (const benchmark of benchmarks) {
    const sequences = sequencesOf(data, benchmark).map((name) => readSequence(data, benchmark, name));
    ours.push(scoreMot(sequences.map((sequence) => countsOf(sequence, benchmark, createTracker))));
    speeds.push([benchmark, ...speedOf(sequences, createTracker)]);
  }
  console.log(table(scoreRows(benchmarks, ours, referencesIn(root))));
  console.log(`\n${table(speeds)}`);
}

function valueOf(args: readonly string[], flag: string): string | undefined {
  const at = args.indexOf(flag);
  if (at < 0) return undefined;
  const value = args[at + 1];
  if (value === undefined) throw new RangeError(`mot: expected a folder after ${flag}, got nothing`);
  return value;
}

function countsOf(sequence: MotSequence, benchmark: string, create: Create): MotCounts {
  const tracker = create(sequence);
  return countMot(sequence, sequence.detections.map((found) => tracker.update(found)), benchmark); // prettier-ignore
}

function referencesIn(root: string): References {
  const path = join(root, 'reference_scores.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as References) : {};
}

/** Means over the benchmarks (switches: their sum), then HOTA on each. */
function scoreRows(
  benchmarks: readonly string[],
  ours: readonly MotScores[],
  references: References,
): string[][] {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const row = (name: string, scores: readonly Reference[]) => [
    name,
    ...(['HOTA', 'AssA', 'DetA', 'IDF1', 'MOTA'] as const).map((key) =>
      mean(scores.map((score) => score[key])).toFixed(2),
    ),
    String(scores.reduce((sum, { IDSW }) => sum + IDSW, 0)),
    ...scores.map(({ HOTA }) => HOTA.toFixed(2)),
  ];
  const known = Object.entries(references).filter(([, scores]) => benchmarks.every((name) => name in scores));
  return [
    ['tracker', 'HOTA', 'AssA', 'DetA', 'IDF1', 'MOTA', 'IDSW', ...benchmarks],
    row(
      'sightline',
      ours.map((scores) => ({
        ...{ HOTA: scores.hota, DetA: scores.detA, AssA: scores.assA },
        ...{ MOTA: scores.mota, IDF1: scores.idf1, IDSW: scores.switches },
      })),
    ),
    ...known.map(([name, scores]) => row(name, benchmarks.map((benchmark) => scores[benchmark]!['COMBINED']!))), // prettier-ignore
  ];
}

function speedOf(sequences: readonly MotSequence[], create: Create): string[] {
  const frames = sequences.reduce((sum, { detections }) => sum + detections.length, 0);
  const boxes = sequences.reduce((sum, { detections }) => sum + detections.flat().length, 0);
  const [own, floor]: [number[], number[]] = [[], []];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    // In turns, so that whatever else this machine does falls on both.
    const ours = millisecondsOf(sequences, create);
    const greedy = millisecondsOf(sequences, createGreedyTracker);
    if (round < 0) continue;
    own.push((frames / ours) * 1000);
    floor.push((frames / greedy) * 1000);
  }
  return [
    (boxes / frames).toFixed(1),
    median(own).toFixed(0),
    median(floor).toFixed(0),
    (median(own) / median(floor)).toFixed(3),
    allocatedBytes(sequences, create).toFixed(0),
  ];
}

function millisecondsOf(sequences: readonly MotSequence[], create: Create): number {
  return sequences.reduce((sum, sequence) => {
    const tracker = create(sequence);
    const startMs = performance.now();
    for (const found of sequence.detections) tracker.update(found);
    return sum + performance.now() - startMs;
  }, 0);
}

/** Frames between two looks at the heap; few enough that most pass without a collection. */
const CHUNK = 20;

/** Bytes that a frame allocates: the median over chunks, since some hold a collection. */
function allocatedBytes(sequences: readonly MotSequence[], create: Create): number {
  const perFrame: number[] = [];
  for (const sequence of sequences) {
    const tracker = create(sequence);
    for (let from = 0; from + CHUNK <= sequence.detections.length; from += CHUNK) {
      const before = getHeapStatistics().used_heap_size;
      for (const found of sequence.detections.slice(from, from + CHUNK)) tracker.update(found);
      perFrame.push((getHeapStatistics().used_heap_size - before) / CHUNK);
    }
  }
  return median(perFrame);
}
