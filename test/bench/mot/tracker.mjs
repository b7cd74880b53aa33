import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { createTracker: create } = require('../../../dist/operators/tracking/tracker.js');

/**
 * Sightline's tracker with its defaults, for harnesses that know nothing of Sightline; `npm run build` makes what it needs.
 *
 * `update` takes the detections `{x, y, width, height, score, classId}` of each frame in turn, pixels, empty frames too, and
 * gives the tracks to report for it, `{id, x, y, width, height, score}`.
 */
export function createTracker({ frameRate, width, height }) {
  if (!(frameRate > 0)) throw new RangeError(`createTracker: expected a frameRate above 0, got ${frameRate}`);
  const tracker = create();
  const segment = { epoch: 0, isResumed: false };
  const source = { width, height };
  let seq = 0;
  return {
    update(detections) {
      const ptsMs = (seq * 1000) / frameRate;
      const frame = { cameraId: 'bench', mode: 'recorded', segment, seq, ptsMs, atMs: ptsMs, source };
      seq++;
      const given = [];
      for (const { x, y, width, height, score, classId = 0 } of detections) {
        given.push({ label: String(classId), score, box: [x, y, x + width, y + height] });
      }
      const reported = [];
      for (const { number, box, score, isVisible } of tracker.update(frame, given).tracks) {
        if (!isVisible) continue;
        reported.push({
          id: number,
          x: box[0],
          y: box[1],
          width: box[2] - box[0],
          height: box[3] - box[1],
          score,
        });
      }
      return reported;
    },
  };
}
