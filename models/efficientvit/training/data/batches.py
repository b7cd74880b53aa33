"""Batches by number: a batch depends on the seed and its number alone, never on what was asked for before.

That is what makes training resumable to the step, with any number of loader processes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from data.cache import PictureCache
from data.camera import degrade
from data.canvas import CanvasOptions, compose


@dataclass(frozen=True)
class BatchPlan:
    """What the curriculum asks of one batch: `size` is (width, height), `strength` that of camera-like changes."""

    size: tuple[int, int]
    count: int
    strength: float
    canvas: CanvasOptions


@dataclass(frozen=True)
class Batch:
    """`images` uint8 [N, 3, H, W] (RGB); `boxes` float32 [G, 7]: number in the batch, class, corners in pixels, weight."""

    images: torch.Tensor
    boxes: torch.Tensor


class Batches(Dataset[Batch]):
    """Batch number `step` of a run, for any step. `plan(step, rng)` says what it is to be."""

    def __init__(
        self,
        cache: PictureCache,
        weights: np.ndarray,
        plan: Callable[[int, np.random.Generator], BatchPlan],
        seed: int,
    ) -> None:
        self.cache, self.plan, self.seed = cache, plan, seed
        self._cumulative = np.cumsum(weights)

    def __getitem__(self, step: int) -> Batch:
        cv2.setNumThreads(0)
        plan = self.plan(step, np.random.Generator(np.random.Philox(key=[self.seed, 2 * step])))
        images, boxes = [], []
        for index in range(plan.count):
            # A stream of its own for each picture: how much chance one used changes nothing for the next.
            rng = np.random.Generator(np.random.Philox(key=[self.seed, 2 * step + 1], counter=[0, 0, 0, index]))
            change = functools.partial(degrade, rng=rng, strength=plan.strength)
            rgb, found = compose(self._draw, change, rng, plan.size, plan.canvas)
            images.append(rgb)
            boxes.append(np.concatenate([np.full((len(found), 1), index, np.float32), found], axis=1))
        stacked = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
        return Batch(stacked, torch.from_numpy(np.concatenate(boxes).astype(np.float32)))

    def _draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        index = int(np.searchsorted(self._cumulative, rng.random() * self._cumulative[-1], side="right"))
        index = min(index, len(self.cache) - 1)
        return self.cache.rgb(index), self.cache.boxes[index]


def batch_stream(batches: Batches, start: int, end: int, workers: int) -> Iterator[Batch]:
    """Batches `start` to `end` - 1 in order, made by `workers` processes ahead of time (0: here, when asked for)."""
    loader = DataLoader(
        batches,
        batch_size=None,
        sampler=range(start, end),
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        persistent_workers=False,
    )
    yield from loader
