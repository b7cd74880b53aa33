import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { createTracker: create } = require('../../../dist/operators/tracking/tracker.js');

/** Frames of made-up scenes, and the objects in each. */
const WARM_UP_FRAMES = 1500;
const WARM_UP_OBJECTS = 40;

/**
 * V8 interprets what was called a few times, thirty times slower than it runs later. A camera's tracker runs for days, so
 * harnesses that play a thousand frames are to measure what it is like then: this module plays some scenes when it is loaded.
 */
function warmUp() {
  for (let scene = 0; scene < 3; scene++) {
    const tracker = createTracker({ frameRate: 20, width: 1920, height: 1080 });
    for (let seq = 0; seq < WARM_UP_FRAMES / 3; seq++) {
      const detections = [];
      for (let index = 0; index < WARM_UP_OBJECTS; index++) {
        // Some are missed now and then, some are seen with low scores, and all walk through each other.
        const phase = (seq * 7 + index * 13 + scene * 5) % 29;
        if (phase < 3) continue;
        const along = (index * 83 + seq * (1 + (index % 5)) * (index % 2 === 0 ? 1 : -1)) % 1800;
        detections.push({
          x: Math.abs(along) + Math.sin(seq + index),
          y: 100 + ((index * 37) % 700) + Math.cos(seq * 2 + index),
          width: 40 + (index % 4) * 10,
          height: 100 + (index % 4) * 25 + Math.sin(seq),
          score: phase < 7 ? 0.3 : 0.95 - (index % 7) / 20,
          classId: 0,
        });
      }
      tracker.update(detections);
    }
  }
}

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

warmUp();
