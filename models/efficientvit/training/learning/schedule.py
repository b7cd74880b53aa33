"""What changes while a run goes on: the rate of learning, and how large and how hard the pictures are."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from data.batches import BatchPlan
from learning.recipe import OptimiserOptions, Recipe, Stage, size_of


def rate_factor(step: int, steps: int, options: OptimiserOptions) -> float:
    """Of the full rate at `step` of `steps`: linear warm-up, constant, half cosine (Loshchilov and Hutter, SGDR, 2017)."""
    if step < options.warmup:
        return (step + 1) / options.warmup
    begin = max(options.warmup, round(options.hold * steps))
    if step < begin:
        return 1.0
    part = (step - begin) / max(1, steps - begin)
    return options.last + (1 - options.last) * (1 + math.cos(math.pi * min(1.0, part))) / 2


class Curriculum:
    """Easy first: small pictures, of which only low frequencies are left, changed little; then larger and harder ones.

    Wang et al., "EfficientTrain: Exploring Generalized Curriculum Learning for Training Visual Backbones", ICCV 2023: the
    low frequencies of a picture and weak augmentation first, which costs less and learns as much. There a part of the
    spectrum is cut out; area averaging to a smaller picture leaves out the same frequencies.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def stage(self, step: int) -> Stage:
        fraction = step / self.recipe.steps
        return next((stage for stage in self.recipe.curriculum if fraction < stage.until), self.recipe.curriculum[-1])

    def __call__(self, step: int, rng: np.random.Generator) -> BatchPlan:
        """Plan of one batch: all its pictures have one size."""
        stage = self.stage(step)
        chances = np.asarray(stage.chances or [1.0] * len(stage.sizes))
        size = size_of(stage.sizes[rng.choice(len(stage.sizes), p=chances / chances.sum())])
        canvas = self.recipe.canvas
        if stage.grids:
            canvas = dataclasses.replace(canvas, grids=stage.grids)
        return BatchPlan(size, stage.batch, stage.strength, canvas)
