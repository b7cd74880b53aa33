"""COCO's average precision (Lin et al., Microsoft COCO, ECCV 2014) by pycocotools, and points of operation."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from data.picture import Labelled, decode_rgb, scaled_boxes
from judging.runner import Infer, detect


def collect(
    infer: Infer, labelled: Labelled, size: tuple[int, int], floor: float = 0.001, limit: int = 100
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """For each picture its truth [n, 6] (class, x1, y1, x2, y2, weight) and its detections [m, 6], in its pixels."""
    truths, found = [], []
    for picture in labelled.pictures:
        rgb = decode_rgb(picture)
        truths.append(scaled_boxes(picture, rgb.shape[1], rgb.shape[0]))
        found.append(detect(infer, rgb, size, floor, limit))
    return truths, found


def average_precision(truths: list[np.ndarray], found: list[np.ndarray], names: list[str]) -> dict[str, Any]:
    """AP and AP50 over the labels that occur, of each label with its number of objects, AP by size (None: there is none);
    all in percent.

    Boxes of weight -1 are COCO's crowds: what lies within one counts neither as right nor as wrong.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for image, (truth, detected) in enumerate(zip(truths, found, strict=True), start=1):
        images.append({"id": image})
        for label, x1, y1, x2, y2, weight in truth.tolist():
            width, height = x2 - x1, y2 - y1
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": int(label) + 1,
                    "bbox": [x1, y1, width, height],
                    "area": width * height,
                    "iscrowd": int(weight < 0),
                }
            )
        for x1, y1, x2, y2, score, label in detected.tolist():
            box = [x1, y1, x2 - x1, y2 - y1]
            results.append({"image_id": image, "category_id": int(label) + 1, "bbox": box, "score": score})
    if not results:
        return {"ap": 0.0, "ap50": 0.0, "small": 0.0, "medium": 0.0, "large": 0.0, "labels": {}}
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        categories = [{"id": index + 1, "name": name} for index, name in enumerate(names)]
        coco.dataset = {"images": images, "annotations": annotations, "categories": categories}
        coco.createIndex()
        judge = COCOeval(coco, coco.loadRes(results), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    precision = judge.eval["precision"]

    def percent(values: np.ndarray) -> float | None:
        return round(100 * float(values[values > -1].mean()), 1) if (values > -1).any() else None

    labels = {}
    for index, name in enumerate(names):
        objects = sum(int(((t[:, 0] == index) & (t[:, 5] > 0)).sum()) for t in truths)
        if objects:
            of_label = precision[:, :, index, 0, 2]
            labels[name] = {"ap": percent(of_label), "ap50": percent(of_label[0]), "objects": objects}
    stats = [percent(value[None]) for value in np.asarray(judge.stats)]
    return dict(ap=stats[0], ap50=stats[1], ap75=stats[2], small=stats[3], medium=stats[4], large=stats[5], labels=labels)


def outcomes(truths: list[np.ndarray], found: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, int]:
    """Scores [n] of detections over all labels, whether each is right (bool [n]), and the number of objects.

    Right is what has an IoU of at least 0.5 with an object of its label that no better one has taken; a detection of which half
    lies in a region to ignore of its label is left out.
    """
    scores: list[float] = []
    right: list[bool] = []
    objects = 0
    for truth, detected in zip(truths, found, strict=True):
        real = truth[truth[:, 5] > 0]
        taken = np.zeros(len(real), dtype=bool)
        objects += len(real)
        for row in detected[np.argsort(-detected[:, 4], kind="stable")]:
            overlaps = _overlap(row[:4], real[:, 1:5], False) * (real[:, 0] == row[5]) * ~taken
            is_right = len(overlaps) > 0 and float(overlaps.max()) >= 0.5
            if is_right:
                taken[overlaps.argmax()] = True
            else:
                ignored = truth[(truth[:, 5] < 0) & (truth[:, 0] == row[5])]
                if len(ignored) and _overlap(row[:4], ignored[:, 1:5], True).max() >= 0.5:
                    continue
            scores.append(float(row[4]))
            right.append(is_right)
    return np.asarray(scores), np.asarray(right, dtype=bool), objects


def operating_points(
    truths: list[np.ndarray], found: list[np.ndarray], thresholds: tuple[float, ...] = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
) -> dict[float, tuple[float, float]]:
    """Precision and recall at IoU 0.5 over all labels for each score threshold (see `outcomes`)."""
    scores, right, objects = outcomes(truths, found)
    points = {}
    for threshold in thresholds:
        seen = scores >= threshold
        hits = int((right & seen).sum())
        points[threshold] = (round(hits / max(1, int(seen.sum())), 3), round(hits / max(1, objects), 3))
    return points


def _overlap(box: np.ndarray, others: np.ndarray, of_box: bool) -> np.ndarray:
    """Of a box [4] with others [n, 4]: intersection over union, or over the box's own area."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    own = (box[2:] - box[:2]).prod()
    total = own if of_box else own + (others[:, 2:] - others[:, :2]).prod(axis=1) - shared
    return shared / np.maximum(total, 1e-9)
