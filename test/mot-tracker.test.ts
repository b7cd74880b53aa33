import { existsSync } from 'node:fs';
import { MOT_KIT, motScores } from './support/mot-scores';

/** HOTA that each benchmark must reach: one below the best tracker that it was published with. */
const LEAST_HOTA = {
  MOT15: 38.1,
  'MOT17-half1': 75.1,
  'DANCE-val': 52,
  'KITTI-car': 83.7,
  'KITTI-ped': 70.5,
};

(existsSync(MOT_KIT) ? describe : describe.skip)('the tracker on public detections', () => {
  it('follows people and cars as well as the best, with one configuration', () => {
    const scores = Object.keys(LEAST_HOTA).map((benchmark) => motScores('ours', benchmark)['COMBINED']!);
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(scores.map(({ hota }) => hota))).toBeGreaterThan(65.4);
    expect(mean(scores.map(({ assA }) => assA))).toBeGreaterThan(62);
    expect(mean(scores.map(({ idf1 }) => idf1))).toBeGreaterThan(74.7);
    expect(scores.reduce((sum, { switches }) => sum + switches, 0)).toBeLessThan(1500);
    for (const [index, least] of Object.values(LEAST_HOTA).entries())
      expect(scores[index]!.hota).toBeGreaterThan(least);
  });
});
