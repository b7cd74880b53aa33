import type { Size } from '../../models/domain/geometry';

/** Edge of a cell in pixels of the detector's input; at the right and lower edge of the picture cells may be smaller. */
const CELL_PX = 4;

/** A picture's brightness in coarse: the mean luma of each cell, row by row. */
export interface LumaGrid {
  readonly columns: number;
  readonly rows: number;
  /** Mean luma of each cell, as of the last `measure`. */
  readonly means: Float32Array;
  /** Takes the means of an I420 picture; allocates nothing. */
  measure(pixels: Uint8Array): void;
}

/** A grid over the content in the top left of pictures whose rows are `stride` pixels long; beyond it nothing is read. */
export function createLumaGrid(content: Size, stride: number): LumaGrid {
  const columns = Math.ceil(content.width / CELL_PX);
  const rows = Math.ceil(content.height / CELL_PX);
  const wholeColumns = Math.floor(content.width / CELL_PX);
  const lastWidth = content.width - wholeColumns * CELL_PX;
  const means = new Float32Array(columns * rows);
  const sums = new Uint16Array(columns);

  return {
    columns,
    rows,
    means,
    measure(pixels) {
      for (let row = 0; row < rows; row++) {
        const top = row * CELL_PX;
        const height = Math.min(CELL_PX, content.height - top);
        sums.fill(0);
        for (let y = top; y < top + height; y++) {
          let at = y * stride;
          for (let column = 0; column < wholeColumns; column++, at += CELL_PX) {
            sums[column]! += pixels[at]! + pixels[at + 1]! + pixels[at + 2]! + pixels[at + 3]!;
          }
          for (let x = 0; x < lastWidth; x++) sums[wholeColumns]! += pixels[at + x]!;
        }
        const first = row * columns;
        const share = 1 / (CELL_PX * height);
        for (let column = 0; column < wholeColumns; column++) means[first + column] = sums[column]! * share;
        if (lastWidth > 0) means[first + wholeColumns] = sums[wholeColumns]! / (lastWidth * height);
      }
    },
  };
}
