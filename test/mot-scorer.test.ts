import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MotBox } from './bench/mot/boxes';
import { benchMot } from './bench/mot';
import { countMot, scoreMot } from './bench/mot/score';
import type { MotScores } from './bench/mot/score';
import { benchmarksOf, sequencesOf } from './bench/mot/sequence';
import type { MotSequence, TruthBox } from './bench/mot/sequence';
import { MOT_KIT, motScores } from './support/mot-scores';
import { tempFolder } from './support/temp-folder';

const box = (id: number, x: number): MotBox => ({ id, x, y: 0, width: 10, height: 40 });
const truth = (id: number, x: number, more: Partial<TruthBox> = {}): TruthBox => ({
  ...box(id, x),
  isWanted: true,
  isDistractor: false,
  ...more,
});

function score(
  truths: readonly (readonly TruthBox[])[],
  results: readonly (readonly MotBox[])[],
  { benchmark = 'MOT15', regions = truths.map((): MotBox[] => []) } = {},
): MotScores {
  const sequence: MotSequence = {
    ...{ name: 's', frameRate: 10, width: 640, height: 480, detections: [] },
    ...{ truth: truths, regions },
  };
  return scoreMot([countMot(sequence, results, benchmark)]);
}

const still = (frames: number, id: number, x: number) => Array.from({ length: frames }, () => [truth(id, x)]);

describe('the scorer of trackers', () => {
  it('gives everything to a tracker that is right', () => {
    const scores = score(
      still(4, 1, 0),
      [1, 2, 3, 4].map(() => [box(7, 0)]),
    );
    const { hota, detA, assA, mota, idf1 } = scores;
    for (const value of [hota, detA, assA, mota, idf1]) expect(value).toBeCloseTo(100, 9);
    expect(scores).toMatchObject({ switches: 0, fragments: 0, falsePositives: 0, falseNegatives: 0 });
  });

  it('halves the association of a track that changes its number half-way', () => {
    const scores = score(
      still(4, 1, 0),
      [7, 7, 8, 8].map((id) => [box(id, 0)]),
    );
    expect(scores).toMatchObject({ switches: 1, falsePositives: 0, falseNegatives: 0 });
    expect(scores.detA).toBeCloseTo(100, 9);
    // Each frame: 2 of its track's frames agree, of 4 of the object and 2 of the track.
    expect(scores.assA).toBeCloseTo(50, 9);
    expect(scores.hota).toBeCloseTo(100 * Math.sqrt(0.5), 9);
    expect(scores.mota).toBeCloseTo(75, 9);
    // The identity keeps one of the two: 2 right, 2 missed, 2 false.
    expect(scores.idf1).toBeCloseTo(50, 9);
  });

  it('counts overlaps by how many thresholds they pass', () => {
    // Shifted by a third of the width: 2/3 shared of 4/3, an overlap of one half, which passes 10 of 19 thresholds.
    const scores = score(still(1, 1, 0), [[box(1, 10 / 3)]]);
    expect(scores.detA).toBeCloseTo((100 * 10) / 19, 9);
    expect(scores.falsePositives).toBe(0);
    expect(score(still(1, 1, 0), [[box(1, 3.4)]])).toMatchObject({ falsePositives: 1, falseNegatives: 1 });
  });

  it('keeps who was matched while the overlap allows it', () => {
    // The second result lies better in the second frame.
    const results = [[box(7, 0), box(8, 100)], [box(7, 2), box(8, 0)]]; // prettier-ignore
    expect(score(still(2, 1, 0), results)).toMatchObject({ switches: 0, falsePositives: 2 });
  });

  it('counts an object that was lost and found again', () => {
    const results = [[box(7, 0)], [], [box(7, 0)], [box(7, 0)]];
    // A frame without any result ends no stretch, as TrackEval has it; one with another does.
    expect(score(still(4, 1, 0), results).fragments).toBe(0);
    const beside = [[box(7, 0)], [box(9, 300)], [box(7, 0)], [box(7, 0)]];
    expect(score(still(4, 1, 0), beside)).toMatchObject({ fragments: 1, falseNegatives: 1 });
  });

  it('neither asks for nor punishes what a benchmark ignores', () => {
    const sitting = truth(2, 100, { isWanted: false, isDistractor: true });
    const results = [[box(7, 0), box(8, 100)]];
    for (const benchmark of ['MOT17-x', 'KITTI-car'])
      expect(score([[truth(1, 0), sitting]], results, { benchmark })).toMatchObject({ falsePositives: 0 });
    expect(score([[truth(1, 0), sitting]], results)).toMatchObject({ falsePositives: 1 });
  });

  it('leaves out what lies in a region of KITTI that nobody labelled, and low boxes', () => {
    const low = { id: 9, x: 300, y: 0, width: 10, height: 25 };
    const results = [[box(7, 0), box(8, 100), low]];
    const regions = [[{ id: -1, x: 90, y: 0, width: 50, height: 100 }]];
    expect(score([[truth(1, 0)]], results, { benchmark: 'KITTI-ped', regions })).toMatchObject({
      falsePositives: 0,
    });
  });
});

describe('the data of the bench of trackers', () => {
  const folder = tempFolder();

  it('may be linked, and has folders beside it that hold none', () => {
    const sequence = join(folder, 'elsewhere/one');
    mkdirSync(sequence, { recursive: true });
    writeFileSync(join(sequence, 'seqinfo.ini'), '');
    for (const name of ['data/MOT-own', 'data/empty/x']) mkdirSync(join(folder, name), { recursive: true });
    const data = join(folder, 'data');
    symlinkSync(join(folder, 'elsewhere'), join(data, 'MOT-linked'));
    symlinkSync(sequence, join(data, 'MOT-own/one'));
    symlinkSync(join(folder, 'gone'), join(data, 'MOT-gone'));
    expect(benchmarksOf(data)).toEqual(['MOT-linked', 'MOT-own']);
    expect(sequencesOf(data, 'MOT-own')).toEqual(['one']);
  });

  it('is asked for where there is none', async () => {
    mkdirSync(join(folder, 'nothing'));
    await expect(benchMot(['--data', join(folder, 'nothing')])).rejects.toThrow(
      'expected folders of sequences',
    );
  });
});

const BENCHMARKS = ['MOT15', 'MOT17-half1', 'DANCE-val', 'KITTI-car', 'KITTI-ped'];

(existsSync(MOT_KIT) ? describe : describe.skip)('the scorer beside TrackEval', () => {
  const references = () =>
    JSON.parse(readFileSync(join(MOT_KIT, 'reference_scores.json'), 'utf8')) as Record<
      string,
      Record<string, Record<string, Record<string, number>>>
    >;
  const NAMES: Readonly<Record<string, keyof MotScores>> = {
    ...{ HOTA: 'hota', DetA: 'detA', AssA: 'assA', MOTA: 'mota', IDF1: 'idf1' },
    ...{ IDSW: 'switches', Frag: 'fragments', FP: 'falsePositives', FN: 'falseNegatives' },
  };
  const cases = ['bytetrack', 'ocsort'].flatMap((tracker) =>
    BENCHMARKS.map((benchmark) => [tracker, benchmark] as const),
  );

  it.each(cases)('agrees on %s, %s, in every sequence and in all together', (tracker, benchmark) => {
    const known = references()[tracker]![benchmark]!;
    const scores = motScores(tracker, benchmark);
    expect(Object.keys(scores).sort()).toEqual(Object.keys(known).sort());
    for (const [name, own] of Object.entries(scores)) {
      for (const [theirs, ours] of Object.entries(NAMES))
        expect(Math.abs(own[ours] - known[name]![theirs]!)).toBeLessThan(0.001);
    }
  });
});
