import type { Size } from '../../models/domain/geometry';
import type { Point, Polygon } from '../../models/domain/polygon';
import { i420ByteLength } from './i420-painter';
import type { Yuv } from './i420-painter';
import { coveredRanges } from './polygon-raster';

/** Draws shapes on one picture in place. Points are in pixels; what lies outside the picture is left out. */
export interface ShapePainter {
  /** Blends the inside of a polygon with a colour; 0 leaves it as it is, 1 is the colour alone. */
  tint(corners: Polygon, colour: Yuv, opacity: number): void;
  /** Draws a straight line as wide as `thicknessPx`, with flat ends. Nothing when both ends are one point. */
  stroke(from: Point, to: Point, thicknessPx: number, colour: Yuv, opacity?: number): void;
}

/** A painter for an I420 picture. Throws a RangeError for bytes of another size. */
export function createShapePainter(pixels: Uint8Array, size: Size): ShapePainter {
  const { width, height } = size;
  const expected = i420ByteLength(size);
  if (pixels.length !== expected) {
    throw new RangeError(
      `I420 picture of ${width}x${height}: expected ${expected} bytes, got ${pixels.length}`,
    );
  }
  const chromaWidth = Math.ceil(width / 2);
  const chromaHeight = Math.ceil(height / 2);
  const uStart = width * height;
  const planes = [
    { start: 0, columns: width, rows: height, unit: [width, height] },
    { start: uStart, columns: chromaWidth, rows: chromaHeight, unit: [width / 2, height / 2] },
    {
      start: uStart + chromaWidth * chromaHeight,
      columns: chromaWidth,
      rows: chromaHeight,
      unit: [width / 2, height / 2],
    },
  ] as const;

  function tint(corners: Polygon, colour: Yuv, opacity: number): void {
    const fractions = corners.map(([x, y]): Point => [x / width, y / height]);
    planes.forEach(({ start, columns, rows, unit }, plane) => {
      const ranges = coveredRanges([fractions], { columns, rows, stride: columns, unit, margin: [0, 0] });
      for (let index = 0; index < ranges.length; index += 2) {
        const end = start + ranges[index + 1]!;
        for (let at = start + ranges[index]!; at < end; at++)
          pixels[at] = Math.round(pixels[at]! + (colour[plane]! - pixels[at]!) * opacity);
      }
    });
  }

  return {
    tint,
    stroke([ax, ay], [bx, by], thicknessPx, colour, opacity = 1) {
      const length = Math.hypot(bx - ax, by - ay);
      if (length === 0) return;
      const [sideX, sideY] = [
        ((by - ay) / length) * (thicknessPx / 2),
        ((ax - bx) / length) * (thicknessPx / 2),
      ];
      tint(
        [
          [ax + sideX, ay + sideY],
          [bx + sideX, by + sideY],
          [bx - sideX, by - sideY],
          [ax - sideX, ay - sideY],
        ],
        colour,
        opacity,
      );
    },
  };
}

/** True when no sample of a polygon (in fractions of the picture) is outside others. */
export function isWithin(polygon: Polygon, others: readonly Polygon[], { width, height }: Size): boolean {
  const grid = {
    columns: width,
    rows: height,
    stride: width,
    unit: [width, height],
    margin: [0, 0],
  } as const;
  const samples = (polygons: readonly Polygon[]) => {
    const ranges = coveredRanges(polygons, grid);
    let count = 0;
    for (let index = 0; index < ranges.length; index += 2) count += ranges[index + 1]! - ranges[index]!;
    return count;
  };
  return others.length > 0 && samples([...others, polygon]) === samples(others);
}
