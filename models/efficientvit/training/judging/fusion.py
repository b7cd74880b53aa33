"""Detections of several teachers as labels: agreement makes an object, doubt a region to ignore."""

from __future__ import annotations

import numpy as np

from data.picture import IGNORE
from judging.suppress import iou_matrix


def fuse(found: list[np.ndarray], iou: float = 0.55) -> np.ndarray:
    """Detections [n, 6] of each teacher (corners, score, label) -> one list [m, 6], best first.

    Boxes of one label that overlap by at least `iou` are one object, each teacher's best at most once: corners are the mean
    weighted by score, the score is the mean over all teachers, 0 for those that did not see it (as weighted boxes fusion,
    Solovyev et al., 2021).
    """
    rows = [(*row, teacher) for teacher, of_teacher in enumerate(found) for row in of_teacher.tolist()]
    rows.sort(key=lambda row: -row[4])
    clusters: list[list[tuple[float, ...]]] = []
    for row in rows:
        best, best_iou = None, iou
        for cluster in clusters:
            first = cluster[0]
            if first[5] != row[5] or any(member[6] == row[6] for member in cluster):
                continue
            overlap = float(iou_matrix(np.asarray([row[:4]]), np.asarray([first[:4]]))[0, 0])
            if overlap >= best_iou:
                best, best_iou = cluster, overlap
        if best is None:
            clusters.append([row])
        else:
            best.append(row)
    merged = []
    for cluster in clusters:
        values = np.asarray(cluster)
        corners = np.average(values[:, :4], axis=0, weights=values[:, 4])
        merged.append([*corners, values[:, 4].sum() / len(found), values[0, 5]])
    merged.sort(key=lambda row: -row[4])
    return np.asarray(merged, dtype=np.float32).reshape(-1, 6)


def to_labels(detections: np.ndarray, keep: float, doubt: float) -> list[list[float]]:
    """[n, 6] (corners, score, label) -> rows of `labels.jsonl`: class, corners, weight.

    Scores from `keep` on are objects of weight 0.5 to 1, those from `doubt` on regions to ignore, the rest nothing.
    """
    rows = []
    for x1, y1, x2, y2, score, label in detections.tolist():
        if score < doubt:
            continue
        weight = IGNORE if score < keep else round(min(0.99, 0.5 + 0.5 * (score - keep) / max(1e-9, 1 - keep)), 2)
        rows.append([int(label), *(round(value, 1) for value in (x1, y1, x2, y2)), weight])
    return rows
