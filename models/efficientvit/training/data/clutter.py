"""Clutter: small blobs cut out of what is nobody's box, laid where there is no box.

A heap of clothes, a rock, a bag on a lawn has the size, the rounding and the light of a far animal, and pictures gathered
because of what is on them have few such things. Cutting and pasting is Dwibedi et al., "Cut, Paste and Learn", ICCV 2017,
with background for objects: whatever a blob is made of, being a blob is no reason to be found.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class ClutterOptions:
    """`chance` that a picture gets any; then 1 to `most` blobs (256 at most) with sides of `sides` pixels (least and greatest,
    uniform in their logarithm; 1024 at most), lighter or darker by up to `contrast` (1: not at all; 2: half or twice; 16 at
    most)."""

    chance: float = 0.0
    most: int = 6
    sides: tuple[float, float] = (8.0, 56.0)
    contrast: float = 2.0

    def __post_init__(self) -> None:
        if not 0 <= self.chance <= 1:
            raise ValueError(f"expected a chance of 0 to 1, got {self.chance}")
        if not 1 <= self.most <= 256:
            raise ValueError(f"expected most of 1 to 256, got {self.most}")
        if len(self.sides) != 2 or not 1 <= self.sides[0] <= self.sides[1] <= 1024:
            raise ValueError(f"expected two rising sides of 1 to 1024 pixels, got {self.sides}")
        if not 1 <= self.contrast <= 16:
            raise ValueError(f"expected a contrast of 1 to 16, got {self.contrast}")


TRIES = 8
"""How often a place is looked for: one crowded with boxes is left as it is."""


def scatter(
    canvas: np.ndarray,
    boxes: np.ndarray,
    source: np.ndarray,
    taken: np.ndarray,
    rng: np.random.Generator,
    options: ClutterOptions,
) -> None:
    """Lays blobs cut from `source` on `canvas` (both RGB uint8 [h, w, 3]), in place.

    Neither a part of `source` that one of its boxes `taken` touches is cut out, nor one of `boxes` covered (both [n, 6],
    regions to ignore too).
    """
    if rng.random() >= options.chance:
        return
    for _ in range(int(rng.integers(1, options.most + 1))):
        side = np.exp(rng.uniform(*np.log(options.sides)))
        aspect = np.exp(rng.uniform(-0.6, 0.6))
        width, height = max(3, round(side * aspect)), max(3, round(side / aspect))
        # A part of the source is made smaller, never larger: as sharp as the picture around it.
        shrink = np.exp(rng.uniform(0.0, np.log(4.0)))
        piece = _free(source.shape, taken, (round(width * shrink), round(height * shrink)), rng)
        place = _free(canvas.shape, boxes, (width, height), rng)
        if piece is None or place is None:
            continue
        cut = source[piece[1] : piece[3], piece[0] : piece[2]]
        blob = cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
        blob *= np.exp(rng.uniform(-1, 1) * np.log(options.contrast))
        under = canvas[place[1] : place[3], place[0] : place[2]]
        cover = _outline(width, height, rng)[..., None]
        under[:] = np.round(under * (1 - cover) + blob.clip(0, 255) * cover).astype(np.uint8)


def _free(
    shape: tuple[int, ...], boxes: np.ndarray, size: tuple[int, int], rng: np.random.Generator
) -> tuple[int, int, int, int] | None:
    """A place (x1, y1, x2, y2) of `size` (width, height) that no box touches; None where none was met with."""
    room_x, room_y = shape[1] - size[0], shape[0] - size[1]
    if room_x < 0 or room_y < 0:
        return None
    for _ in range(TRIES):
        x1, y1 = int(rng.integers(0, room_x + 1)), int(rng.integers(0, room_y + 1))
        x2, y2 = x1 + size[0], y1 + size[1]
        touched = (boxes[:, 1] < x2) & (boxes[:, 3] > x1) & (boxes[:, 2] < y2) & (boxes[:, 4] > y1)
        if not touched.any():
            return x1, y1, x2, y2
    return None


def _outline(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """How much of each pixel a blob covers, [height, width] of 0 to 1: a round shape with dents, soft at its edge."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = (x + 0.5) / width * 2 - 1, (y + 0.5) / height * 2 - 1
    angle, waves = np.arctan2(y, x), np.arange(2, 6)[:, None, None]
    heights = rng.uniform(-0.14, 0.14, 4)[:, None, None] * (2 / waves)
    radius = 0.8 + (heights * np.sin(waves * angle + rng.uniform(0, 2 * np.pi, 4)[:, None, None])).sum(axis=0)
    softness = 1.5 / min(width, height)
    return ((radius - np.hypot(x, y)) / softness + 0.5).clip(0, 1)
