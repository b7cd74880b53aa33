"""Scores that say how likely a box is right.

Platt, "Probabilistic Outputs for Support Vector Machines", 1999: a sigmoid of the raw score's logit, its slope and shift fitted
to what turned out to be right. It changes no order within a label, so no AP; it gives scores and thresholds a meaning.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from network.checkpoint import Calibration

_EDGE = 1e-6
_STEPS = 100


def logit(scores: np.ndarray) -> np.ndarray:
    """Of probabilities; 0 and 1 count as just within."""
    inner = np.clip(scores.astype(np.float64), _EDGE, 1 - _EDGE)
    return np.log(inner / (1 - inner))


def calibrated(scores: np.ndarray, calibration: Calibration) -> np.ndarray:
    """Scores as they are after a calibration."""
    return 1 / (1 + np.exp(-(calibration.scale * logit(scores) + calibration.shift)))


def fit(scores: Sequence[np.ndarray], right: Sequence[np.ndarray]) -> Calibration:
    """The calibration of greatest likelihood for detections [n] and whether each was right, of one or more sets that count alike.

    ValueError unless there are right and wrong ones, and higher scores are right more often.
    """
    x = np.concatenate([logit(s) for s in scores])
    is_right = np.concatenate([r.astype(bool) for r in right])
    weight = np.concatenate([np.full(len(s), 1 / max(1, len(s))) for s in scores])
    hits, misses = int(is_right.sum()), int((~is_right).sum())
    if not hits or not misses:
        raise ValueError(f"expected detections that are right and others that are wrong, got {len(x)} of one kind")
    # Platt's targets: as if one more of each kind had been seen, without which few detections give a step from 0 to 1.
    y = np.where(is_right, (hits + 1) / (hits + 2), 1 / (misses + 2))
    inputs = np.stack([x, np.ones_like(x)], axis=1)
    mean = float(np.average(y, weights=weight))
    found = np.array([1.0, np.log(mean / (1 - mean))])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-(inputs @ found)))
        slope = inputs.T @ (weight * (p - y))
        curve = (inputs * (weight * p * (1 - p))[:, None]).T @ inputs
        step = np.linalg.solve(curve + 1e-12 * np.eye(2), slope)
        # Newton's method overshoots far from the end.
        found -= step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            break
    if found[0] <= 0:
        raise ValueError(f"expected higher scores to be right more often, got a slope of {found[0]:.2f}")
    return Calibration(float(found[0]), float(found[1]))


def calibration_error(scores: np.ndarray, right: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error (Naeini et al., AAAI 2015): how far scores are from the part that is right, over `bins` even
    bins, weighed by their detections."""
    at = np.minimum((scores * bins).astype(int), bins - 1)
    gaps = [abs(float(right[at == b].mean()) - float(scores[at == b].mean())) * (at == b).sum() for b in set(at.tolist())]
    return float(sum(gaps) / max(1, len(scores)))
