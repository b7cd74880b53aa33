import { cameraId } from '../../models/domain/frame';
import type { FrameInfo, ViewFrame } from '../../models/domain/frame';
import type { Box, Size } from '../../models/domain/geometry';
import type { Track, TrackedFrame } from '../../models/domain/track';
import { i420ByteLength } from '../../operators/support/i420-painter';

/** Luma of a view frame unless told. */
export const GREY = 90;

/** Of a frame of camera `gate` in its first segment. */
export const infoOf = (source: Size, ptsMs: number, more: Partial<FrameInfo> = {}): FrameInfo => ({
  cameraId: cameraId('gate'),
  mode: 'recorded',
  segment: { epoch: 0, isResumed: false },
  seq: 0,
  ptsMs,
  atMs: ptsMs,
  source,
  ...more,
});

/** Makes view frames of one luma each and counts the holds that were not given back. */
export function createViews() {
  const held = { count: 0 };
  const view = (info: FrameInfo, luma = GREY): ViewFrame => {
    const pixels = new Uint8Array(i420ByteLength(info.source)).fill(128);
    pixels.fill(luma, 0, info.source.width * info.source.height);
    held.count++;
    return {
      kind: 'view',
      info,
      size: info.source,
      lease: { pixels, retain: () => held.count++, release: () => held.count-- },
    };
  };
  return { held, view };
}

/** A frame with one track of label `person`. */
export function tracked(frame: FrameInfo, box: Box, isVisible = true): TrackedFrame {
  const track: Track = {
    number: 1,
    epoch: frame.segment.epoch,
    label: 'person',
    score: 0.9,
    maxScore: 0.9,
    box,
    firstSeenPtsMs: 0,
    lastSeenPtsMs: frame.ptsMs,
    firstSeenAtMs: 0,
    lastSeenAtMs: frame.atMs,
    velocity: [0, 0],
    hits: 1,
    isVisible,
  };
  return {
    kind: 'tracked',
    frame,
    tracks: [track],
    isTracking: true,
    tracksUntilPtsMs: frame.ptsMs,
    started: [],
    ended: [],
  };
}
