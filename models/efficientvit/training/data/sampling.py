"""Which pictures are drawn, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch

import numpy as np

from data.picture import Picture


def picture_weights(
    pictures: list[Picture], sources: Mapping[str, float], labels: int, balance: float, background: float
) -> np.ndarray:
    """Chances [n] of being drawn, in sum 1.

    `sources`: weights by name of the source, `*` allowed, the first that fits counts; a source that fits none has 1.
    `balance`: pictures with a rare label are repeated by (t / f) ** balance (Gupta et al., LVIS, CVPR 2019: repeat
    factors, where balance is 0.5), where f is the share of pictures with the label and t the median share; 0 leaves it
    out. `background`: weight of pictures without an object.
    """
    present = np.zeros((len(pictures), labels), dtype=bool)
    for index, picture in enumerate(pictures):
        present[index, picture.boxes[picture.boxes[:, 5] > 0, 0].astype(int)] = True
    share = present.mean(axis=0)
    typical = np.median(share[share > 0]) if (share > 0).any() else 1.0
    repeat = np.maximum(1.0, (typical / np.maximum(share, 1e-9)) ** balance)
    factors = np.where(present, repeat[None], 0.0).max(axis=1, initial=0.0)
    factors[factors == 0] = background
    weights = factors * [_source_weight(picture.source, sources) for picture in pictures]
    if weights.sum() <= 0:
        raise ValueError("expected a picture of positive weight, got none: look at sampling.sources")
    return weights / weights.sum()


def _source_weight(source: str, sources: Mapping[str, float]) -> float:
    return next((weight for pattern, weight in sources.items() if fnmatch(source, pattern)), 1.0)
