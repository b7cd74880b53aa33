import type { Manifest } from '../manifest-schema';
import { holdsNumber } from './layout';
import type { Layout, ManifestOf } from './layout';

/** Rows before the scores: centre x and y, width, height. */
const BEFORE = 4;

/**
 * One output, 4 + C rows of A numbers: centre x and y, width and height in input pixels, and a row of probabilities for each
 * label (Ultralytics' exports of YOLOv8, YOLO11 and others, without `nms`).
 *
 * The rows are read one after the other, as they lie in memory; what reaches `least` is noted by anchor.
 */
export function yolov8Layout({ outputs, labels, thresholds }: ManifestOf<Manifest, 'yolov8'>): Layout {
  const anchors = outputs.detections.shape[2];
  const classes = labels.length;
  /** 0 where no label of the anchor has reached what is wanted yet. */
  const best = new Float32Array(anchors);
  const labelOf = new Uint16Array(anchors);
  const noted = new Uint32Array(anchors);
  return {
    anchors,
    nmsIou: thresholds.nmsIou,
    hasScores(raw, index) {
      const first = index * anchors * (BEFORE + classes);
      return holdsNumber(raw['detections']!, first + BEFORE * anchors, first + (BEFORE + classes) * anchors);
    },
    read(raw, index, least, found) {
      const rows = raw['detections']!;
      const first = index * anchors * (BEFORE + classes);
      let count = 0;
      for (let label = 0, row = first + BEFORE * anchors; label < classes; label++, row += anchors) {
        for (let anchor = 0; anchor < anchors; anchor++) {
          const score = rows[row + anchor]!;
          if (!(score >= least)) continue;
          if (best[anchor] === 0) noted[count++] = anchor;
          else if (score <= best[anchor]!) continue;
          best[anchor] = score;
          labelOf[anchor] = label;
        }
      }
      for (let rank = 0; rank < count; rank++) {
        const anchor = noted[rank]!;
        const at = first + anchor;
        const x = rows[at]!;
        const y = rows[at + anchors]!;
        const halfWidth = rows[at + 2 * anchors]! / 2;
        const halfHeight = rows[at + 3 * anchors]! / 2;
        const score = best[anchor]!;
        best[anchor] = 0;
        found.add(
          anchor,
          labelOf[anchor]!,
          score,
          x - halfWidth,
          y - halfHeight,
          x + halfWidth,
          y + halfHeight,
        );
      }
    },
  };
}
