"""Training pictures put together: one picture or several side by side (mosaic; Bochkovskiy et al., YOLOv4, 2020), scaled,
shifted, mirrored, cropped, with their boxes.

Several small pictures side by side at about their own size are what lets a set of small pictures teach a large input:
their far people stay as sharp as a camera's, where one picture enlarged would be blurred all over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from data.clutter import ClutterOptions, scatter
from data.picture import IGNORE

GREY = 114


@dataclass(frozen=True)
class CanvasOptions:
    """How training pictures are laid out.

    `grids`: chances of layouts, columns x rows. `letterbox`: chance that a single picture is fitted as at inference,
    neither scaled nor shifted. `scale`: least and greatest size of a picture relative to one that just fits its cell,
    uniform in its logarithm; `mosaic_scale` the same where there are several. `stretch`: greatest change of the aspect, as
    a fraction. `flip`: chance of a mirror image. `min_visible`: an object of which a smaller part is left becomes a region
    to ignore; so does one with a side below `min_side` pixels. `clutter`: things that are nothing, laid upon the whole.
    """

    grids: dict[str, float] = field(default_factory=lambda: {"1x1": 0.45, "2x2": 0.45, "3x2": 0.1})
    letterbox: float = 0.3
    scale: tuple[float, float] = (0.5, 1.8)
    mosaic_scale: tuple[float, float] = (0.85, 1.8)
    stretch: float = 0.1
    flip: float = 0.5
    min_visible: float = 0.35
    min_side: float = 3.0
    clutter: ClutterOptions = field(default_factory=ClutterOptions)


Draw = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]
"""A picture RGB uint8 [h, w, 3] and its boxes [n, 6], drawn at random."""

Change = Callable[[np.ndarray], np.ndarray]
"""Applied to each picture once it has the size that it is drawn at: RGB uint8 [h, w, 3], the shape stays."""

Placed = tuple[np.ndarray, np.ndarray]


def compose(draw: Draw, change: Change, rng: np.random.Generator, size: tuple[int, int], options: CanvasOptions) -> Placed:
    """A canvas of (width, height): RGB uint8 [height, width, 3] and boxes float32 [n, 6] in its pixels."""
    canvas, boxes = _lay_out(draw, change, rng, size, options)
    if options.clutter.chance > 0:
        scatter(canvas, boxes, *draw(rng), rng, options.clutter)
    return canvas, boxes


def _lay_out(draw: Draw, change: Change, rng: np.random.Generator, size: tuple[int, int], options: CanvasOptions) -> Placed:
    width, height = size
    canvas = np.full((height, width, 3), GREY, dtype=np.uint8)
    layouts = list(options.grids)
    chances = np.asarray([options.grids[layout] for layout in layouts], dtype=np.float64)
    columns, rows = (int(n) for n in layouts[rng.choice(len(layouts), p=chances / chances.sum())].split("x"))
    if columns * rows == 1 and rng.random() < options.letterbox:
        rgb, boxes = draw(rng)
        scale = min(width / rgb.shape[1], height / rgb.shape[0])
        placed = place(canvas, rgb, boxes, (0, 0, width, height), (scale, scale), (0.0, 0.0), False, options, change)
        return canvas, placed
    xs, ys = _cuts(rng, width, columns), _cuts(rng, height, rows)
    scales = options.scale if columns * rows == 1 else options.mosaic_scale
    found = []
    for row in range(rows):
        for column in range(columns):
            cell = xs[column], ys[row], xs[column + 1], ys[row + 1]
            found.append(_fill(canvas, draw, change, rng, cell, scales, options))
    return canvas, np.concatenate(found)


def _cuts(rng: np.random.Generator, length: int, parts: int) -> list[int]:
    """Where a side is cut: even parts, each border moved by up to a quarter of one."""
    inner = [round(length * (i + rng.uniform(-0.25, 0.25)) / parts) for i in range(1, parts)]
    return [0, *inner, length]


def _fill(
    canvas: np.ndarray,
    draw: Draw,
    change: Change,
    rng: np.random.Generator,
    cell: tuple[int, int, int, int],
    least_and_greatest: tuple[float, float],
    options: CanvasOptions,
) -> np.ndarray:
    rgb, boxes = draw(rng)
    width, height = cell[2] - cell[0], cell[3] - cell[1]
    fit = min(width / rgb.shape[1], height / rgb.shape[0])
    scale = fit * np.exp(rng.uniform(*np.log(least_and_greatest)))
    stretch = np.exp(rng.uniform(-1, 1) * np.log1p(options.stretch) / 2)
    scales = float(scale * stretch), float(scale / stretch)
    shift = float(rng.random()), float(rng.random())
    return place(canvas, rgb, boxes, cell, scales, shift, rng.random() < options.flip, options, change)


def place(
    canvas: np.ndarray,
    rgb: np.ndarray,
    boxes: np.ndarray,
    cell: tuple[int, int, int, int],
    scales: tuple[float, float],
    shift: tuple[float, float],
    flip: bool,
    options: CanvasOptions,
    change: Change = lambda rgb: rgb,
) -> np.ndarray:
    """Draws a picture scaled by `scales` (x, y) into the cell (x1, y1, x2, y2) and returns its boxes [n, 6] there.

    `shift` (0..1 each) says where in the room that is left, or which part of what does not fit.
    """
    x1, y1, x2, y2 = cell
    boxes = boxes.copy()
    if flip:
        rgb = rgb[:, ::-1]
        boxes[:, [1, 3]] = rgb.shape[1] - boxes[:, [3, 1]]
    starts, spans = [], []
    for length, room, scale, part in (
        (rgb.shape[1], x2 - x1, scales[0], shift[0]),
        (rgb.shape[0], y2 - y1, scales[1], shift[1]),
    ):
        size = max(1, round(length * scale))
        start = int((room - size) * part) if size <= room else -int((size - room) * part)
        starts.append(start)
        spans.append((max(0, start), min(room, start + size), size))
    (left, right, width), (top, bottom, height) = spans
    scale_x, scale_y = width / rgb.shape[1], height / rgb.shape[0]
    # Only the part that can be seen is scaled: its source with a pixel to spare on each side, cut to size afterwards.
    from_x, to_x = (
        max(0, int((left - starts[0]) / scale_x) - 1),
        min(rgb.shape[1], int((right - starts[0]) / scale_x) + 2),
    )
    from_y, to_y = (
        max(0, int((top - starts[1]) / scale_y) - 1),
        min(rgb.shape[0], int((bottom - starts[1]) / scale_y) + 2),
    )
    seen = np.ascontiguousarray(rgb[from_y:to_y, from_x:to_x])
    matrix = np.asarray(
        [
            [scale_x, 0, (from_x + 0.5) * scale_x - 0.5 + starts[0] - left],
            [0, scale_y, (from_y + 0.5) * scale_y - 0.5 + starts[1] - top],
        ]
    )
    if min(scale_x, scale_y) < 0.75:
        # Area averages where samples would skip pixels; sizes are whole there, which shifts the part by less than one.
        size = max(1, round(seen.shape[1] * scale_x)), max(1, round(seen.shape[0] * scale_y))
        matrix[0, 0], matrix[1, 1] = seen.shape[1] * scale_x / size[0], seen.shape[0] * scale_y / size[1]
        seen = cv2.resize(seen, size, interpolation=cv2.INTER_AREA)
        matrix[0, 2] = from_x * scale_x + 0.5 * matrix[0, 0] - 0.5 + starts[0] - left
        matrix[1, 2] = from_y * scale_y + 0.5 * matrix[1, 1] - 0.5 + starts[1] - top
    drawn = cv2.warpAffine(seen, matrix, (right - left, bottom - top), borderMode=cv2.BORDER_REPLICATE)
    canvas[y1 + top : y1 + bottom, x1 + left : x1 + right] = change(drawn)
    boxes[:, [1, 3]] = boxes[:, [1, 3]] * scale_x + starts[0] + x1
    boxes[:, [2, 4]] = boxes[:, [2, 4]] * scale_y + starts[1] + y1
    return crop_boxes(boxes, cell, options)


def crop_boxes(boxes: np.ndarray, cell: tuple[int, int, int, int], options: CanvasOptions) -> np.ndarray:
    """Boxes [n, 6] cut off at the cell's borders; what is hardly visible or tiny is to be ignored, what is gone is left out."""
    before = (boxes[:, 3] - boxes[:, 1]) * (boxes[:, 4] - boxes[:, 2])
    cut = boxes.copy()
    cut[:, [1, 3]] = cut[:, [1, 3]].clip(cell[0], cell[2])
    cut[:, [2, 4]] = cut[:, [2, 4]].clip(cell[1], cell[3])
    sides = cut[:, 3:5] - cut[:, 1:3]
    visible = sides.prod(axis=1) / np.maximum(before, 1e-6)
    cut[(visible < options.min_visible) | (sides.min(axis=1) < options.min_side), 5] = IGNORE
    return cut[(sides.min(axis=1) > 0.5) & (visible > 0.02)]
