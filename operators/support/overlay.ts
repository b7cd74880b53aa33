import { GLYPH_ADVANCE, GLYPH_ROWS } from './bitmap-font';
import { createI420Painter } from './i420-painter';
import { trackColour } from './palette';
import type { I420Painter } from './i420-painter';
import type { Size } from '../../models/domain/geometry';
import type { Track } from '../../models/domain/track';

const DARK_TEXT = 16;
const LIGHT_TEXT = 235;
const DARK_TEXT_FROM_LUMA = 145;
const LONGEST_LABEL = 24;

/** Line width of boxes in pixels: 2 at 576 and 720 rows, 3 at 1080, 6 at 2160. */
export function boxThicknessPx({ height }: Size): number {
  return Math.max(1, Math.round(height / 360));
}

/** Pixels for a cell of the font: 2 at 576 and 720 rows, 3 at 1080, 7 at 2160; portraits count by their width. */
export function captionScale({ width, height }: Size): number {
  return Math.min(16, Math.max(1, Math.floor(Math.min(width, height) / 288)));
}

/** What stands over a track's box: `label #number score`. */
export function captionOf({ label, number }: Track): string {
  const name = label.length > LONGEST_LABEL ? `${label.slice(0, LONGEST_LABEL - 1)}.` : label;
  return `${name} #${number}`;
}

/**
 * Draws boxes and captions of the tracks that are visible in this frame into an I420 picture, in place. Boxes are in pixels
 * of this picture; the outer edges of their lines are exactly at the rounded corners. Captions lie over all boxes: above
 * their own box where there is room and no other caption, else below it, else inside its top. Where they must not hide
 * anything (`mayHide: false`), one that does not fit above or below as a whole is left out.
 */
export function drawTracks(
  pixels: Uint8Array,
  size: Size,
  tracks: readonly Track[],
  { mayHide = true }: { readonly mayHide?: boolean } = {},
): void {
  const visible = tracks.filter(({ isVisible }) => isVisible);
  if (visible.length === 0) return;
  const painter = createI420Painter(pixels, size);
  for (const track of visible) drawBox(painter, size, track);
  const taken: Place[] = [];
  for (const track of visible) {
    const place = placeCaption(size, track, taken, mayHide);
    if (place === undefined) continue;
    taken.push(place);
    drawCaption(painter, size, track, place);
  }
}

function drawBox(painter: I420Painter, size: Size, { box, number }: Track): void {
  const [x1, y1, x2, y2] = box.map(Math.round) as [number, number, number, number];
  // Even a box thinner than half a pixel shows.
  const right = Math.max(x2, x1 + 1);
  const bottom = Math.max(y2, y1 + 1);
  painter.outline(x1, y1, right, bottom, boxThicknessPx(size), trackColour(number));
}

/** Where a caption lies, in pixels. */
interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function placeCaption(
  size: Size,
  track: Track,
  taken: readonly Place[],
  mayHide: boolean,
): Place | undefined {
  const scale = captionScale(size);
  const width = captionOf(track).length * GLYPH_ADVANCE * scale - scale + 2 * marginXPx(scale);
  const height = GLYPH_ROWS * scale + 2 * marginYPx(scale);
  const x = Math.max(0, Math.min(Math.round(track.box[0]), size.width - width));
  const top = Math.round(track.box[1]);
  const bottom = Math.round(track.box[3]);
  const above = { x, y: top - height, width, height };
  const below = { x, y: bottom, width, height };
  const inside = { x, y: Math.max(0, top), width, height };
  const isFree = (place: Place) => !taken.some((other) => overlaps(place, other));
  const isWhole = ({ y }: Place) => y >= 0 && y + height <= size.height;
  if (!mayHide)
    return width > size.width ? undefined : [above, below].find((place) => isWhole(place) && isFree(place));
  return (
    [above, below, inside].find((place) => isWhole(place) && isFree(place)) ??
    (isWhole(above) ? above : inside)
  );
}

function overlaps(a: Place, b: Place): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function drawCaption(painter: I420Painter, size: Size, track: Track, { x, y, width, height }: Place): void {
  const scale = captionScale(size);
  const colour = trackColour(track.number);
  painter.fill(x, y, x + width, y + height, colour);
  const luma = colour[0] >= DARK_TEXT_FROM_LUMA ? DARK_TEXT : LIGHT_TEXT;
  painter.text(x + marginXPx(scale), y + marginYPx(scale), captionOf(track), scale, luma);
}

function marginXPx(scale: number): number {
  return scale * 2;
}

function marginYPx(scale: number): number {
  return scale + 1;
}
