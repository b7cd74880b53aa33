"""Pictures as the input of a detector, fitted as Sightline does: top left, aspect kept, even size, grey beside."""

from __future__ import annotations

import cv2
import numpy as np

GREY = 114
"""Of the padding in luma, and in R, G and B of training's canvas (which differ slightly in what they mean)."""


def fit_inside(width: int, height: int, to_width: int, to_height: int) -> tuple[int, int]:
    """Size of a picture scaled into `to_width` x `to_height`, as FFmpeg's `force_original_aspect_ratio=decrease` with
    `force_divisible_by=2` computes it: rounded, then down to an even number, at least 2."""
    by_width = (to_height * width + height // 2) // height
    by_height = (to_width * height + width // 2) // width
    fitted = min(to_width, by_width), min(to_height, by_height)
    return max(2, fitted[0] // 2 * 2), max(2, fitted[1] // 2 * 2)


def to_i420(rgb: np.ndarray) -> np.ndarray:
    """RGB uint8 [h, w, 3] with even sides -> I420 uint8 [h * 3 / 2, w], BT.601 limited range."""
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420)


def letterbox_i420(rgb: np.ndarray, width: int, height: int) -> tuple[np.ndarray, tuple[float, float]]:
    """RGB uint8 [h, w, 3] -> I420 uint8 [height * 3 / 2, width], and what to multiply boxes by to undo it (x, y)."""
    fitted = fit_inside(rgb.shape[1], rgb.shape[0], width, height)
    smaller = fitted[0] < rgb.shape[1]
    scaled = cv2.resize(rgb, fitted, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    w, h = fitted
    planes = to_i420(scaled)
    frame = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
    frame[:height] = GREY
    frame[:h, :w] = planes[:h]
    chroma = frame[height:].reshape(2, height // 2, width // 2)
    chroma[:, : h // 2, : w // 2] = planes[h:].reshape(2, h // 2, w // 2)
    return frame, (rgb.shape[1] / w, rgb.shape[0] / h)
