import type { ScoredBox } from './sequence';
import { iouOf } from './boxes';

/** What trackers of the bench have in common. */
export interface BenchTracker {
  update(detections: readonly ScoredBox[]): readonly ScoredBox[];
}

const LEAST_SCORE = 0.5;
const LEAST_OVERLAP = 0.3;
const MOST_MISSES = 30;

/**
 * The floor, for speed and for scores: each detection, best first, continues the track whose last box it overlaps most; no
 * motion, nothing else.
 */
export function createGreedyTracker(): BenchTracker {
  let tracks: { box: ScoredBox; misses: number }[] = [];
  let lastId = 0;
  return {
    update(detections) {
      const found = detections.filter(({ score }) => score >= LEAST_SCORE).sort((a, b) => b.score - a.score);
      const isTaken = new Uint8Array(tracks.length);
      const reported: ScoredBox[] = [];
      const born: typeof tracks = [];
      for (const box of found) {
        let best = -1;
        let most = LEAST_OVERLAP;
        for (let index = 0; index < tracks.length; index++) {
          if (isTaken[index] === 1) continue;
          const overlap = iouOf(tracks[index]!.box, box);
          if (overlap >= most) [best, most] = [index, overlap];
        }
        const id = best < 0 ? ++lastId : tracks[best]!.box.id;
        const own = { ...box, id };
        if (best < 0) {
          born.push({ box: own, misses: 0 });
        } else {
          isTaken[best] = 1;
          tracks[best] = { box: own, misses: 0 };
        }
        reported.push(own);
      }
      for (let index = 0; index < isTaken.length; index++) if (isTaken[index] === 0) tracks[index]!.misses++;
      tracks = [...tracks.filter(({ misses }) => misses <= MOST_MISSES), ...born];
      return reported;
    },
  };
}
