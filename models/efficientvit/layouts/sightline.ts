import type { Manifest } from '../manifest-schema';
import { bestLabel } from './best-label';
import { holdsNumber } from './layout';
import type { Layout, ManifestOf } from './layout';

/**
 * Outputs `boxes` (A times x1, y1, x2, y2 in input pixels, not clipped) and `scores` (A times a probability a label), as the
 * model card states it.
 */
export function sightlineLayout({ outputs, labels, thresholds }: ManifestOf<Manifest, 'sightline'>): Layout {
  const anchors = outputs.boxes.shape[1];
  const classes = labels.length;
  return {
    anchors,
    nmsIou: thresholds.nmsIou,
    hasScores: (raw, index) =>
      holdsNumber(raw['scores']!, index * anchors * classes, (index + 1) * anchors * classes),
    read(raw, index, least, found) {
      const boxes = raw['boxes']!;
      const scores = raw['scores']!;
      const firstBox = index * anchors * 4;
      const firstScore = index * anchors * classes;
      const end = firstScore + anchors * classes;
      for (let at = firstScore; at < end; at++) {
        // Nearly all scores are below: one comparison for each, and no more.
        if (!(scores[at]! >= least)) continue;
        const anchor = Math.floor((at - firstScore) / classes);
        const first = firstScore + anchor * classes;
        at = first + classes - 1;
        const label = bestLabel(scores, first, classes);
        const best = scores[first + label]!;
        // Not so when NaN stands among its scores, which a broken graph may give.
        if (!(best >= least)) continue;
        const box = firstBox + anchor * 4;
        found.add(anchor, label, best, boxes[box]!, boxes[box + 1]!, boxes[box + 2]!, boxes[box + 3]!);
      }
    },
  };
}
