import type { Detection } from '../domain/detection';
import { PipelineError } from '../domain/errors';
import { clipBox, fitInside } from '../domain/geometry';
import type { Box, Size } from '../domain/geometry';
import { createCandidates } from './candidates';
import { end2endLayout } from './layouts/end2end';
import type { Layout, RawOutputs } from './layouts/layout';
import { sightlineLayout } from './layouts/sightline';
import { yolov5Layout } from './layouts/yolov5';
import { yolov8Layout } from './layouts/yolov8';
import type { Manifest } from './manifest-schema';

/** Size of the picture that was fitted into a frame, and the least score wanted of it, where above the manifest's floor. */
export interface SourcePicture extends Size {
  readonly minScore?: number | undefined;
}

/** Turns the outputs of frame number `index` of a batch into detections in source pixels, best first. */
export type Postprocess = (outputs: RawOutputs, index: number, source: SourcePicture) => Detection[];

/** Half precision may round a certainty up by as much. */
const MOST_SCORE = 1.001;

function layoutOf(manifest: Manifest): Layout {
  switch (manifest.layout) {
    case 'sightline':
      return sightlineLayout(manifest);
    case 'yolov5':
      return yolov5Layout(manifest);
    case 'yolov8':
      return yolov8Layout(manifest);
    case 'end2end':
      return end2endLayout(manifest);
  }
}

/** `hasScores` of a manifest's layout, of the first frame. */
export function hasScores(manifest: Manifest, outputs: RawOutputs): boolean {
  return layoutOf(manifest).hasScores(outputs, 0);
}

/**
 * Post-processing of a manifest's layout: of every anchor the best label, if its score reaches the floor; greedy non-maximum
 * suppression within a label, unless the graph did it; at most `maxDetections`; letterbox undone by the very numbers FFmpeg
 * scaled with; clipped to the source. Boxes that lie in the padding alone are left out.
 *
 * Sorted by score, then by anchor, so that equal inputs give equal outputs. Its scratch memory makes it good for one
 * frame at a time; it allocates what it returns and nothing an anchor.
 *
 * What it returns throws PipelineError `inference` for a score above 1, which no event can have, and for a frame of which no
 * score is a number: that nothing was found is then not known.
 */
export function createPostprocess(manifest: Manifest): Postprocess {
  const { input, labels, thresholds } = manifest;
  const { floor, maxDetections } = thresholds;
  const layout = layoutOf(manifest);
  const { nmsIou } = layout;
  const candidates = createCandidates(layout.anchors);
  const { labelOf, scoreOf, corners } = candidates;
  const kept = new Uint32Array(Math.min(maxDetections, layout.anchors));

  /** True when a kept box of the same label overlaps this one by more than `most`. */
  function isSuppressed(anchor: number, keptCount: number, most: number): boolean {
    const at = anchor * 4;
    const x1 = corners[at]!;
    const y1 = corners[at + 1]!;
    const x2 = corners[at + 2]!;
    const y2 = corners[at + 3]!;
    const area = (x2 - x1) * (y2 - y1);
    for (let rank = 0; rank < keptCount; rank++) {
      const other = kept[rank]!;
      if (labelOf[other] !== labelOf[anchor]) continue;
      const to = other * 4;
      const width = Math.min(x2, corners[to + 2]!) - Math.max(x1, corners[to]!);
      const height = Math.min(y2, corners[to + 3]!) - Math.max(y1, corners[to + 1]!);
      if (width <= 0 || height <= 0) continue;
      const shared = width * height;
      const otherArea = (corners[to + 2]! - corners[to]!) * (corners[to + 3]! - corners[to + 1]!);
      if (shared > most * (area + otherArea - shared)) return true;
    }
    return false;
  }

  return (outputs, index, source) => {
    const fitted = fitInside(source, input);
    const scaleX = source.width / fitted.width;
    const scaleY = source.height / fitted.height;
    candidates.clear();
    // Suppression goes from the best down, so leaving out the lowest changes nothing above them.
    layout.read(outputs, index, Math.max(floor, source.minScore ?? 0), candidates);
    const found = candidates.rank();
    const best = found === 0 ? 0 : scoreOf[candidates.at(0)]!;
    if (best > MOST_SCORE) {
      throw new PipelineError(
        'inference',
        `expected scores of at most 1, got ${best.toPrecision(3)}: its outputs are not those of the layout ${manifest.layout}, ` +
          'or no probabilities',
      );
    }
    if (found === 0 && !layout.hasScores(outputs, index))
      throw new PipelineError('inference', 'expected scores, got nothing but NaN');
    const detections: Detection[] = [];
    for (let rank = 0; rank < found && detections.length < maxDetections; rank++) {
      const anchor = candidates.at(rank);
      if (nmsIou !== undefined && isSuppressed(anchor, detections.length, nmsIou)) continue;
      const at = anchor * 4;
      const undone: Box = [
        corners[at]! * scaleX,
        corners[at + 1]! * scaleY,
        corners[at + 2]! * scaleX,
        corners[at + 3]! * scaleY,
      ];
      const box = clipBox(undone, source);
      // Also false for NaN, which a broken graph may give.
      if (!(box[2] > box[0] && box[3] > box[1])) continue;
      kept[detections.length] = anchor;
      detections.push({ label: labels[labelOf[anchor]!]!, score: Math.min(scoreOf[anchor]!, 1), box });
    }
    return detections;
  };
}
