import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../models/support/package-root';
import { countMot, scoreMot } from './bench/mot/score';
import { readSequence, sequencesOf } from './bench/mot/sequence';
import type { MotSequence, ScoredBox } from './bench/mot/sequence';

const DATA = join(packageRoot, '../shared/mot-devkit/data');

/** What a harness outside does with `tracker.mjs`: one tracker a sequence, every frame in turn. */
const HARNESS = `
  const { createTracker } = await import(process.argv[1]);
  let text = '';
  for await (const chunk of process.stdin) text += chunk;
  const results = JSON.parse(text).map(({ detections, ...about }) => {
    const tracker = createTracker(about);
    return detections.map((found) => tracker.update(found));
  });
  process.stdout.write(JSON.stringify(results));
`;

function track(sequences: readonly MotSequence[]): readonly (readonly (readonly ScoredBox[])[])[] {
  const input = JSON.stringify(
    sequences.map(({ frameRate, width, height, detections }) => ({
      ...{ frameRate, width, height },
      detections: detections.map((found) => found.map((box) => ({ ...box, classId: 0 }))),
    })),
  );
  const entry = pathToFileURL(join(packageRoot, 'test/bench/mot/tracker.mjs')).href;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', HARNESS, entry], {
    input,
    maxBuffer: 1e9,
  });
  return JSON.parse(output.toString()) as readonly (readonly (readonly ScoredBox[])[])[];
}

/** HOTA that each benchmark must reach: one below the best tracker that it was published with. */
const LEAST_HOTA = {
  MOT15: 38.1,
  'MOT17-half1': 75.1,
  'DANCE-val': 52,
  'KITTI-car': 83.7,
  'KITTI-ped': 70.5,
};

(existsSync(DATA) ? describe : describe.skip)('the tracker on public detections', () => {
  it('follows people and cars as well as the best, with one configuration', () => {
    const scores = Object.keys(LEAST_HOTA).map((benchmark) => {
      const sequences = sequencesOf(DATA, benchmark).map((name) => readSequence(DATA, benchmark, name));
      const results = track(sequences);
      return scoreMot(sequences.map((sequence, index) => countMot(sequence, results[index]!, benchmark)));
    });
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(scores.map(({ hota }) => hota))).toBeGreaterThan(65.4);
    expect(mean(scores.map(({ assA }) => assA))).toBeGreaterThan(62);
    expect(mean(scores.map(({ idf1 }) => idf1))).toBeGreaterThan(74.7);
    expect(scores.reduce((sum, { switches }) => sum + switches, 0)).toBeLessThan(1500);
    for (const [index, least] of Object.values(LEAST_HOTA).entries())
      expect(scores[index]!.hota).toBeGreaterThan(least);
  });

  it('gives the same again, whatever it is given in one frame', () => {
    const sequences = sequencesOf(DATA, 'MOT15').map((name) => readSequence(DATA, 'MOT15', name));
    const turned = sequences.map((sequence) => ({
      ...sequence,
      detections: sequence.detections.map((found) => [...found].reverse()),
    }));
    expect(track(turned)).toEqual(track(sequences));
  });
});
