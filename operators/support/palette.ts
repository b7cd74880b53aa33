import type { Yuv } from './i420-painter';

/** Sixteen colours that stay apart from each other and from most scenes; neighbours in the list differ most. */
const RGB = [
  [255, 214, 0],
  [0, 160, 255],
  [255, 72, 64],
  [64, 220, 96],
  [236, 96, 255],
  [0, 224, 216],
  [255, 140, 0],
  [128, 112, 255],
  [190, 240, 0],
  [255, 88, 160],
  [120, 200, 255],
  [255, 180, 140],
  [0, 190, 140],
  [216, 168, 255],
  [224, 176, 72],
  [150, 255, 190],
] as const;

/** BT.601, limited range: what FFmpeg converts by when a picture's matrix is not told. */
function toYuv([r, g, b]: readonly [number, number, number]): Yuv {
  return [
    Math.round(16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255),
    Math.round(128 + (-37.797 * r - 74.203 * g + 112 * b) / 255),
    Math.round(128 + (112 * r - 93.786 * g - 18.214 * b) / 255),
  ];
}

/** The colours of tracks in I420 pictures, in order of the track's number. */
export const TRACK_COLOURS: readonly Yuv[] = RGB.map(toYuv);

/** The colour of a track, the same in every frame and run; numbers count from 1. */
export function trackColour(number: number): Yuv {
  const count = TRACK_COLOURS.length;
  return TRACK_COLOURS[(((number - 1) % count) + count) % count]!;
}
