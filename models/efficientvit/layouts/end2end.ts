import { PipelineError } from '../../domain/errors';
import type { Manifest } from '../manifest-schema';
import { holdsNumber } from './layout';
import type { Layout, ManifestOf } from './layout';

const VALUES = 6;

/**
 * One output, n rows of x1, y1, x2, y2 in input pixels, score, index of the label; suppression is done, and rows that are left
 * over have a score of 0 (YOLOv10, YOLO26, and Ultralytics' exports with `nms=True`).
 *
 * `read` throws PipelineError `inference` for a label that the manifest does not have.
 */
export function end2endLayout({ outputs, labels }: ManifestOf<Manifest, 'end2end'>): Layout {
  const anchors = outputs.detections.shape[1];
  return {
    anchors,
    nmsIou: undefined,
    hasScores: (raw, index) =>
      holdsNumber(raw['detections']!, index * anchors * VALUES + 4, (index + 1) * anchors * VALUES, VALUES),
    read(raw, index, least, found) {
      const rows = raw['detections']!;
      for (let anchor = 0, at = index * anchors * VALUES; anchor < anchors; anchor++, at += VALUES) {
        const score = rows[at + 4]!;
        if (!(score >= least)) continue;
        const label = rows[at + 5]!;
        if (labels[label] === undefined) {
          throw new PipelineError(
            'inference',
            `detections: expected the index of a label, 0 to ${labels.length - 1}, got ${label}`,
          );
        }
        found.add(anchor, label, score, rows[at]!, rows[at + 1]!, rows[at + 2]!, rows[at + 3]!);
      }
    },
  };
}
