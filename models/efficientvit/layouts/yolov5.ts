import type { Manifest } from '../manifest-schema';
import { bestLabel } from './best-label';
import { holdsNumber } from './layout';
import type { Layout, ManifestOf } from './layout';

/** Numbers before the scores: centre, width, height, objectness. */
const BEFORE = 5;

/**
 * One output, A boxes of 5 + C: centre x and y, width and height in input pixels, objectness, and a probability of each label
 * given that there is an object. A score is objectness times probability (YOLOv5's export.py and YOLOv7's with --grid).
 */
export function yolov5Layout({ outputs, labels, thresholds }: ManifestOf<Manifest, 'yolov5'>): Layout {
  const anchors = outputs.detections.shape[1];
  const classes = labels.length;
  const values = BEFORE + classes;
  return {
    anchors,
    nmsIou: thresholds.nmsIou,
    hasScores(raw, index) {
      const rows = raw['detections']!;
      const end = (index + 1) * anchors * values;
      for (let at = index * anchors * values; at < end; at += values)
        // Not a number times a number is none either.
        if (!Number.isNaN(rows[at + 4]) && holdsNumber(rows, at + BEFORE, at + values)) return true;
      return false;
    },
    read(raw, index, least, found) {
      const rows = raw['detections']!;
      const first = index * anchors * values;
      for (let anchor = 0, at = first; anchor < anchors; anchor++, at += values) {
        const objectness = rows[at + 4]!;
        // Probabilities are 1 at most: without an object, no score reaches what is wanted.
        if (!(objectness >= least)) continue;
        const label = bestLabel(rows, at + BEFORE, classes);
        const score = objectness * rows[at + BEFORE + label]!;
        if (!(score >= least)) continue;
        const x = rows[at]!;
        const y = rows[at + 1]!;
        const halfWidth = rows[at + 2]! / 2;
        const halfHeight = rows[at + 3]! / 2;
        found.add(anchor, label, score, x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight);
      }
    },
  };
}
