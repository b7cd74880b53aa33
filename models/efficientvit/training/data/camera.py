"""What cameras do to pictures: light, night, infrared, haze, lens and motion blur, noise, compression.

All functions take and give RGB uint8 [h, w, 3]; chances are fixed among each other and scaled together by `strength`.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]

SMALLEST = 16
"""Side in pixels from which a picture is changed."""


def degrade(rgb: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Each change in the order in which light passes a camera, with its chance times `strength` (0 leaves all as it is).

    Slivers of pictures are left alone.
    """
    if min(rgb.shape[:2]) < SMALLEST:
        return rgb
    for chance, change in CHANGES:
        if rng.random() < chance * strength:
            rgb = change(rgb, rng)
    return rgb


def _curve(rgb: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Applies a table of 256 values, or of 256 x 3."""
    table = values.clip(0, 255).astype(np.uint8)
    return cv2.LUT(rgb, table.reshape(256, 1) if table.ndim == 1 else table.reshape(1, 256, 3))


_LEVELS = np.arange(256, dtype=np.float32)


def light(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exposure, contrast and white balance."""
    gain = np.exp(rng.uniform(-0.45, 0.45)) * np.exp(rng.uniform(-0.12, 0.12, 3))
    contrast = np.exp(rng.uniform(-0.35, 0.35))
    return _curve(rgb, ((_LEVELS[:, None] - 114) * contrast + 114) * gain)


def saturation(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Colours paler or stronger, at the same luma."""
    grey = cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    amount = rng.uniform(0.2, 1.7)
    return cv2.addWeighted(rgb, amount, grey, 1 - amount, 0)


def night(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Little light: a dark curve, colours nearly gone or those of sodium lamps, noise."""
    gamma, gain = rng.uniform(1.2, 2.4), rng.uniform(0.45, 0.9)
    cast = np.asarray([1.0, rng.uniform(0.8, 1.0), rng.uniform(0.55, 1.0)])
    dark = _curve(rgb, (255 * (_LEVELS / 255) ** gamma * gain)[:, None] * cast)
    grey = cv2.cvtColor(cv2.cvtColor(dark, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    amount = rng.uniform(0.2, 0.8)
    return _noise(cv2.addWeighted(dark, amount, grey, 1 - amount, 0), rng, rng.uniform(3, 12))


def infrared(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Grey, lit by the camera's own lamp: bright in the middle, dark at the corners."""
    height, width = rgb.shape[:2]
    mixed = rgb @ rng.dirichlet((2.0, 2.0, 2.0)).astype(np.float32)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] - rng.uniform(-0.4, 0.4)
    x = np.linspace(-1, 1, width, dtype=np.float32)[None] - rng.uniform(-0.4, 0.4)
    lamp = 1.15 - rng.uniform(0.15, 0.55) * (x * x + y * y)
    grey = (255 * (mixed / 255) ** rng.uniform(0.8, 1.6) * lamp.clip(0.1, 1.2)).clip(0, 255).astype(np.uint8)
    return _noise(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), rng, rng.uniform(0, 8))


def haze(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Fog, rain or a dirty dome: contrast towards a light grey."""
    return _curve(rgb, _LEVELS + (rng.uniform(150, 220) - _LEVELS) * rng.uniform(0.2, 0.6))


def lens(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Out of focus."""
    return cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.5, 1.6))


def motion(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blurred along a line of 3 to 7 pixels."""
    length = int(rng.integers(3, 8))
    angle = rng.uniform(0, np.pi)
    kernel = np.zeros((length, length), dtype=np.float32)
    middle = (length - 1) / 2
    steps = np.linspace(-middle, middle, 2 * length)
    kernel[np.round(middle + steps * np.sin(angle)).astype(int), np.round(middle + steps * np.cos(angle)).astype(int)] = 1
    return cv2.filter2D(rgb, -1, kernel / kernel.sum())


def coarse(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A smaller stream enlarged."""
    height, width = rgb.shape[:2]
    part = rng.uniform(0.4, 0.85)
    small = cv2.resize(rgb, (round(width * part), round(height * part)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def noise(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Of the sensor, as grains."""
    return _noise(rgb, rng, rng.uniform(2, 9))


def _noise(rgb: np.ndarray, rng: np.random.Generator, sigma: float) -> np.ndarray:
    height, width = rgb.shape[:2]
    grains = rng.integers(-128, 128, (height, width, 1), dtype=np.int8).astype(np.float32) * (sigma / 74)
    return np.clip(rgb + grains, 0, 255).astype(np.uint8)


def compress(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blocks and smeared colours: JPEG with halved chroma, quality 12 to 70 (an H.264 intra frame looks alike)."""
    quality = int(rng.integers(12, 71))
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality]
    _, data = cv2.imencode(".jpg", rgb, flags)
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded


CHANGES: tuple[tuple[float, Change], ...] = (
    (0.06, haze),
    (0.10, night),
    (0.08, infrared),
    (0.70, light),
    (0.40, saturation),
    (0.10, lens),
    (0.06, motion),
    (0.08, noise),
    (0.10, coarse),
    (0.35, compress),
)
