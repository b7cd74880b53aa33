import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { MotBox } from './boxes';

/** A true object in one frame. */
export interface TruthBox extends MotBox {
  /** True for what the benchmark asks to be found. */
  readonly isWanted: boolean;
  /** What is found here is neither right nor wrong. */
  readonly isDistractor: boolean;
}

/** What a detector found, or a tracker reported, in one frame. */
export interface ScoredBox extends MotBox {
  readonly score: number;
}

/** One sequence of a benchmark; lists by frame, the first at 0. */
export interface MotSequence {
  readonly name: string;
  readonly frameRate: number;
  readonly width: number;
  readonly height: number;
  readonly truth: readonly (readonly TruthBox[])[];
  readonly detections: readonly (readonly ScoredBox[])[];
  /** Regions in which nothing is labelled (KITTI's DontCare). */
  readonly regions: readonly (readonly MotBox[])[];
}

/** The benchmarks differ in what counts; both are the rules of TrackEval (J. Luiten et al., 1.0). */
export type MotRules = 'mot15' | 'mot17' | 'kitti-car' | 'kitti-ped';

/** What makes a folder a sequence. */
const INFO = 'seqinfo.ini';

/** The rules of a benchmark by its folder's name; those of MOT15 (every box with a mark counts) for all others. */
export function rulesOf(benchmark: string): MotRules {
  if (/^MOT(16|17|20)/.test(benchmark)) return 'mot17';
  if (/^KITTI.*ped/i.test(benchmark)) return 'kitti-ped';
  return /^KITTI/i.test(benchmark) ? 'kitti-car' : 'mot15';
}

/** Names of the benchmarks in a folder, sorted: folders that hold sequences. */
export function benchmarksOf(data: string): readonly string[] {
  return foldersIn(data).filter((benchmark) =>
    sequencesOf(data, benchmark).some((name) => existsSync(join(data, benchmark, name, INFO))),
  );
}

/** Names of the sequences of a benchmark, sorted. */
export function sequencesOf(data: string, benchmark: string): readonly string[] {
  return foldersIn(join(data, benchmark));
}

/** Links to folders count as such: data sets lie where there is room. */
function foldersIn(path: string): readonly string[] {
  return readdirSync(path)
    .filter((name) => statSync(join(path, name), { throwIfNoEntry: false })?.isDirectory() === true)
    .sort();
}

/** Reads one sequence. Throws an Error that names the file when one is missing or not as expected. */
export function readSequence(data: string, benchmark: string, name: string): MotSequence {
  const folder = join(data, benchmark, name);
  const info = readInfo(join(folder, INFO));
  const rules = rulesOf(benchmark);
  const frames = info.frameCount;
  const labels = labelsOf(data, benchmark, name);
  const truth =
    labels === undefined || !rules.startsWith('kitti')
      ? { boxes: readMotTruth(join(folder, 'gt/gt.txt'), frames, rules), regions: byFrame<MotBox>(frames) }
      : readKittiTruth(labels, frames, rules);
  return {
    name,
    ...info,
    truth: truth.boxes,
    regions: truth.regions,
    detections: readBoxes(join(folder, 'det/det.txt'), frames),
  };
}

/** Boxes of a file of detections or results, `frame,id,x,y,width,height,score,…` with frames from 1. */
export function readBoxes(path: string, frames: number): readonly (readonly ScoredBox[])[] {
  const boxes = byFrame<ScoredBox>(frames);
  for (const [frame, id, x, y, width, height, score] of numbersOf(path, ','))
    boxes[frame! - 1]?.push({ id: id!, x: x!, y: y!, width: width!, height: height!, score: score! });
  return boxes;
}

const byFrame = <T>(frames: number): T[][] => Array.from({ length: frames }, () => []);

function* numbersOf(path: string, separator: string): Generator<readonly number[]> {
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line.trim() !== '') yield line.split(separator).map(Number);
  }
}

function readInfo(path: string) {
  const text = readFileSync(path, 'utf8');
  const valueOf = (key: string) => {
    const value = Number(new RegExp(`^${key}=\\s*([\\d.]+)`, 'm').exec(text)?.[1]);
    if (!(value > 0)) throw new Error(`${path}: expected ${key}=<number above 0>, got none`);
    return value;
  };
  return {
    frameRate: valueOf('frameRate'),
    frameCount: valueOf('seqLength'),
    width: valueOf('imWidth'),
    height: valueOf('imHeight'),
  };
}

const PEDESTRIAN = 1;
/** People on vehicles, static people, distractors and reflections. */
const MOT_DISTRACTORS = new Set([2, 7, 8, 12]);

function readMotTruth(path: string, frames: number, rules: MotRules): TruthBox[][] {
  const boxes = byFrame<TruthBox>(frames);
  for (const [frame, id, x, y, width, height, mark, kind] of numbersOf(path, ',')) {
    const isPerson = rules === 'mot15' || kind === PEDESTRIAN;
    boxes[frame! - 1]?.push({
      ...{ id: id!, x: x!, y: y!, width: width!, height: height! },
      isWanted: mark !== 0 && isPerson,
      isDistractor: rules === 'mot17' && MOT_DISTRACTORS.has(kind!),
    });
  }
  return boxes;
}

/** KITTI's own labels; those of one class are kept beside those of the other. */
function labelsOf(data: string, benchmark: string, name: string): string | undefined {
  return [benchmark, benchmark.replace(/ped/i, 'car')]
    .map((folder) => join(data, folder, name, 'gt/label_kitti.txt'))
    .find((path) => existsSync(path));
}

const KITTI_CLASSES = {
  'kitti-car': { wanted: 'car', distractor: 'van' },
  // What the benchmark's text calls "person sitting", its labels of sequences call "Person".
  'kitti-ped': { wanted: 'pedestrian', distractor: 'person' },
} as const;
/** Harder ones are ignored, as distractors are. */
const MAX_OCCLUSION = 2;
const MAX_TRUNCATION = 0;

function readKittiTruth(path: string, frames: number, rules: MotRules) {
  const { wanted, distractor } = KITTI_CLASSES[rules as keyof typeof KITTI_CLASSES];
  const boxes = byFrame<TruthBox>(frames);
  const regions = byFrame<MotBox>(frames);
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const words = line.split(' ');
    const kind = (words[2] ?? '').toLowerCase();
    const [frame, id, , truncation, occlusion, , x1, y1, x2, y2] = words.map(Number);
    const box = { id: id!, x: x1!, y: y1!, width: x2! - x1!, height: y2! - y1! };
    if (kind === 'dontcare') regions[frame!]?.push(box);
    if (kind !== wanted && kind !== distractor) continue;
    const isHard = occlusion! > MAX_OCCLUSION || truncation! > MAX_TRUNCATION;
    boxes[frame!]?.push({
      ...box,
      isWanted: kind === wanted && !isHard,
      isDistractor: kind === distractor || isHard,
    });
  }
  return { boxes, regions };
}
