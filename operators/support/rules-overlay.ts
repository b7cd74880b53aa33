import type { Size } from '../../models/domain/geometry';
import type { Point, Polygon } from '../../models/domain/polygon';
import { GLYPH_ADVANCE, GLYPH_ROWS } from './bitmap-font';
import { createI420Painter } from './i420-painter';
import type { I420Painter, Yuv } from './i420-painter';
import { boxThicknessPx, captionScale } from './overlay';
import { trackColour } from './palette';
import { coveredRanges } from './polygon-raster';
import { createShapePainter } from './shape-painter';
import type { ShapePainter } from './shape-painter';

/** An area to draw, in fractions of the picture. */
export interface DrawnZone {
  readonly name: string;
  readonly points: Polygon;
}

/** A line to draw, in fractions of the picture: seen from its first point, `in` is towards its right. */
export interface DrawnLine {
  readonly name: string;
  readonly points: readonly [from: Point, to: Point];
  /** Distance from the line within which an object is on neither side, as part of the picture's height. */
  readonly band: number;
}

/** A measured place of the ground, in fractions of the picture and in metres. */
export interface DrawnPlace {
  readonly point: Point;
  readonly metres: Point;
}

export interface DrawnRules {
  readonly zones: readonly DrawnZone[];
  readonly lines: readonly DrawnLine[];
  readonly ground: readonly DrawnPlace[];
}

const WHITE: Yuv = [235, 128, 128];
const DARK_TEXT = 16;
const LIGHT_TEXT = 235;
const DARK_TEXT_FROM_LUMA = 145;
const ZONE_OPACITY = 0.3;
const BAND_OPACITY = 0.35;
const GRID_OPACITY = 0.3;
const GRID = [0, 0.25, 0.5, 0.75, 1] as const;
/** Length of a cross as part of the picture's shorter side. */
const CROSS = 0.04;
/** Length of an arrow as part of the picture's shorter side, and of its head as part of the arrow. */
const ARROW = 0.1;
const HEAD = 0.4;
const LONGEST_NAME = 24;

/**
 * Draws a grid of fractions, zones (tinted, with outline and name), lines (with their band, name and an arrow towards `in`) and
 * places of the ground (crosses, with their metres) into an I420 picture, in place. Colours go on from the zones to the lines.
 * Throws a RangeError for bytes of another size.
 */
export function drawRules(pixels: Uint8Array, size: Size, { zones, lines, ground }: DrawnRules): void {
  const shapes = createShapePainter(pixels, size);
  const painter = createI420Painter(pixels, size);
  const captions: Caption[] = [];
  drawGrid(shapes, painter, size);
  zones.forEach((zone, index) => captions.push(drawZone(shapes, size, zone, trackColour(index + 1))));
  lines.forEach((line, index) =>
    captions.push(...drawLine(shapes, size, line, trackColour(zones.length + index + 1))),
  );
  // First, so that metres stay at their places: they have no colour that tells whose they are.
  captions.unshift(...ground.map((place) => drawGround(shapes, size, place)));
  const taken: Place[] = [];
  for (const caption of captions) {
    const place = placeOf(caption, size, taken);
    taken.push(place);
    drawCaption(painter, captionScale(size), caption, place);
  }
}

function drawGrid(shapes: ShapePainter, painter: I420Painter, size: Size): void {
  const { width, height } = size;
  const scale = Math.max(1, captionScale(size) >> 1);
  for (const part of GRID) {
    // The outermost ones lie on the first and last pixels.
    const x = Math.min(Math.max(part * width, 0.5), width - 0.5);
    const y = Math.min(Math.max(part * height, 0.5), height - 0.5);
    shapes.stroke([x, 0], [x, height], 0.5, WHITE, GRID_OPACITY);
    shapes.stroke([0, y], [width, y], 0.5, WHITE, GRID_OPACITY);
    const text = String(part);
    const textWidth = text.length * GLYPH_ADVANCE * scale;
    const textX = Math.min(Math.round(x) + 2 * scale, width - textWidth);
    const textY = Math.min(Math.round(y) + 2 * scale, height - GLYPH_ROWS * scale);
    shadowed(painter, textX, 2 * scale, text, scale);
    if (part > 0) shadowed(painter, 2 * scale, textY, text, scale);
  }
}

/** Light text that is read on any ground. */
function shadowed(painter: I420Painter, x: number, y: number, text: string, scale: number): void {
  painter.text(x + scale, y + scale, text, scale, DARK_TEXT);
  painter.text(x, y, text, scale, LIGHT_TEXT);
}

function drawZone(shapes: ShapePainter, size: Size, { name, points }: DrawnZone, colour: Yuv): Caption {
  const corners = points.map((point) => toPixels(point, size));
  shapes.tint(corners, colour, ZONE_OPACITY);
  corners.forEach((from, index) =>
    shapes.stroke(from, corners[(index + 1) % corners.length]!, boxThicknessPx(size), colour),
  );
  const { at, widthPx } = middleOf(points, size);
  const scale = captionScale(size);
  const text = shortened(name);
  if (widthPx > (text.length + 2) * GLYPH_ADVANCE * scale) return { text, at, colour };
  // It would hide what it names.
  const lowest = Math.max(...corners.map(([, y]) => y));
  return { text, at: [at[0], lowest + GLYPH_ROWS * scale], colour };
}

function drawLine(
  shapes: ShapePainter,
  size: Size,
  { name, points, band }: DrawnLine,
  colour: Yuv,
): readonly Caption[] {
  const [from, to] = [toPixels(points[0], size), toPixels(points[1], size)];
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const thickness = boxThicknessPx(size);
  shapes.stroke(from, to, 2 * band * size.height, colour, BAND_OPACITY);
  shapes.stroke(from, to, thickness, colour);
  // Seen along the line with y down, the right is a quarter turn clockwise.
  const right: Point = [(from[1] - to[1]) / length, (to[0] - from[0]) / length];
  const middle: Point = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
  const reachPx = ARROW * Math.min(size.width, size.height) + band * size.height;
  const headPx = HEAD * ARROW * Math.min(size.width, size.height);
  const along = (point: Point, toRight: number, forward: number): Point => [
    point[0] + right[0] * toRight + right[1] * forward,
    point[1] + right[1] * toRight - right[0] * forward,
  ];
  const tip = along(middle, reachPx, 0);
  // At the picture's edge the arrow comes to the line from the other side: beyond it, it could not be seen.
  const isSeen = tip[0] >= 0 && tip[0] <= size.width && tip[1] >= 0 && tip[1] <= size.height;
  const tipPx = isSeen ? reachPx : 0;
  shapes.stroke(
    along(middle, tipPx - reachPx, 0),
    along(middle, tipPx - headPx / 2, 0),
    2 * thickness,
    colour,
  );
  shapes.tint(
    [
      along(middle, tipPx, 0),
      along(middle, tipPx - headPx, headPx / 2),
      along(middle, tipPx - headPx, -headPx / 2),
    ],
    colour,
    1,
  );
  const apartPx = GLYPH_ROWS * captionScale(size) * 1.5;
  const namePx = isSeen ? -(band * size.height + apartPx) : -(reachPx + apartPx);
  const inPx = isSeen ? reachPx + apartPx : namePx;
  return [
    { text: shortened(name), at: along(middle, namePx, 0), colour },
    { text: 'in', at: along(middle, inPx, 0), colour },
  ];
}

function drawGround(shapes: ShapePainter, size: Size, { point, metres }: DrawnPlace): Caption {
  const [x, y] = toPixels(point, size);
  const reachPx = (CROSS * Math.min(size.width, size.height)) / 2;
  const thickness = boxThicknessPx(size);
  shapes.stroke([x - reachPx, y], [x + reachPx, y], thickness, WHITE);
  shapes.stroke([x, y - reachPx], [x, y + reachPx], thickness, WHITE);
  const apartPx = reachPx + GLYPH_ROWS * captionScale(size);
  return { text: shortened(`${metres.join(', ')} m`), at: [x, y + apartPx], colour: WHITE };
}

function toPixels([x, y]: Point, { width, height }: Size): Point {
  return [x * width, y * height];
}

function shortened(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}.` : name;
}

/** The middle of the longest stretch inside at half the polygon's height, and its width, in pixels. */
function middleOf(
  points: Polygon,
  { width, height }: Size,
): { readonly at: Point; readonly widthPx: number } {
  const ys = points.map(([, y]) => y * height);
  const middleY = (Math.min(...ys) + Math.max(...ys)) / 2;
  const row = Math.min(Math.floor(middleY), height - 1);
  const ranges = coveredRanges([points.map(([x, y]): Point => [x, y - row / height])], {
    columns: width,
    rows: 1,
    stride: width,
    unit: [width, height],
    margin: [0, 0],
  });
  let [from, to] = [0, 0];
  for (let index = 0; index < ranges.length; index += 2) {
    if (ranges[index + 1]! - ranges[index]! > to - from) [from, to] = [ranges[index]!, ranges[index + 1]!];
  }
  return { at: [(from + to) / 2, middleY], widthPx: to - from };
}

/** Text to be centred at a point, in pixels. */
interface Caption {
  readonly text: string;
  readonly at: Point;
  readonly colour: Yuv;
}

/** Where a caption lies, in pixels. */
interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where it is wanted, or below what is there already. */
function placeOf({ text, at }: Caption, size: Size, taken: readonly Place[]): Place {
  const scale = captionScale(size);
  const width = text.length * GLYPH_ADVANCE * scale + 3 * scale;
  const height = (GLYPH_ROWS + 2) * scale + 2;
  const x = Math.max(0, Math.min(Math.round(at[0] - width / 2), size.width - width));
  const lowest = Math.max(0, size.height - height);
  let y = Math.max(0, Math.min(Math.round(at[1] - height / 2), lowest));
  for (let tries = 0; tries < taken.length; tries++) {
    const other = taken.find(
      (one) => x < one.x + one.width && one.x < x + width && y < one.y + one.height && one.y < y + height,
    );
    if (other === undefined) break;
    y = Math.min(other.y + other.height, lowest);
  }
  return { x, y, width, height };
}

function drawCaption(painter: I420Painter, scale: number, { text, colour }: Caption, place: Place): void {
  const { x, y, width, height } = place;
  painter.fill(x, y, x + width, y + height, colour);
  const luma = colour[0] >= DARK_TEXT_FROM_LUMA ? DARK_TEXT : LIGHT_TEXT;
  painter.text(x + 2 * scale, y + scale + 1, text, scale, luma);
}
