"""From raw outputs to detections: the same rules as `models/efficientvit/postprocess.ts`."""

from __future__ import annotations

import numpy as np


def iou_matrix(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of corner boxes: [n, 4] and [m, 4] -> [n, m]."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = [np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1) for boxes in (a, b)]
    return shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-9)


def suppress(boxes: np.ndarray, labels: np.ndarray, iou: float, limit: int) -> np.ndarray:
    """Greedy non-maximum suppression within a label, of boxes [n, 4] sorted from the best: at most `limit` indexes.

    Each kept box is compared with what is left, once; that is far less than all pairs when few are kept.
    """
    left = np.arange(len(boxes))
    kept: list[int] = []
    while len(left) and len(kept) < limit:
        best, rest = left[0], left[1:]
        kept.append(int(best))
        overlaps = iou_matrix(boxes[best : best + 1], boxes[rest])[0]
        left = rest[(overlaps <= iou) | (labels[rest] != labels[best])]
    return np.asarray(kept, dtype=np.int64)


def detections(
    boxes: np.ndarray,
    scores: np.ndarray,
    floor: float = 0.05,
    iou: float = 0.6,
    limit: int = 100,
    candidates: int = 1000,
) -> np.ndarray:
    """Outputs of one frame, [A, 4] and [A, C] -> [n, 6]: x1, y1, x2, y2, score, label; best first.

    Of each anchor the best label, if its score reaches `floor`; of those the best `candidates` are looked at.
    """
    labels = scores.argmax(axis=1)
    best = scores[np.arange(len(scores)), labels]
    order = np.argsort(-best, kind="stable")[:candidates]
    order = order[best[order] >= floor]
    kept = order[suppress(boxes[order], labels[order], iou, limit)]
    return np.concatenate([boxes[kept], best[kept, None], labels[kept, None]], axis=1).astype(np.float32)
