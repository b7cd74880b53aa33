"""Foreign detectors as teachers: an ONNX graph of the layout `sightline`, `yolov8`, `yolov5` or `end2end` run over a picture."""

from __future__ import annotations

import ast
import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from judging.letterbox import GREY, fit_inside
from judging.runner import detect, onnx_infer, open_session
from judging.suppress import detections, suppress

Teacher = Callable[[np.ndarray], np.ndarray]
"""RGB uint8 [h, w, 3] -> [n, 6]: x1, y1, x2, y2 in its pixels, score, label (an index of the names wanted)."""

LAYOUTS = ("sightline", "yolov8", "yolov5", "end2end")


@dataclass(frozen=True)
class TeacherOptions:
    """`names`: the teacher's labels by index. `floor`: least score. `iou`: of suppression. `tiles`: a picture is also looked
    at in so many by so many overlapping parts (1: whole alone), which finds what is small. `threads` of ONNX Runtime."""

    layout: str
    names: list[str]
    floor: float = 0.1
    iou: float = 0.6
    tiles: int = 1
    threads: int = 2


def names_of(path: Path) -> list[str]:
    """A graph's labels: of the manifest beside it, or of the metadata `names` that YOLO exports carry.

    ValueError when there is neither.
    """
    manifest = path.with_suffix(".manifest.json")
    if manifest.exists():
        labels: list[str] = json.loads(manifest.read_text())["labels"]
        return labels
    text = open_session(path, 1).get_modelmeta().custom_metadata_map.get("names", "")
    # Written as Python's repr of a dict of numbers: {0: 'person', 1: 'bicycle'}.
    try:
        found = ast.literal_eval(text)
        return [str(found[index]) for index in range(len(found))]
    except (ValueError, SyntaxError, KeyError) as fault:
        raise ValueError(f"{path}: expected a manifest beside it or metadata `names`; give --names") from fault


def open_teacher(path: Path, wanted: list[str], options: TeacherOptions) -> Teacher:
    """A teacher that gives the labels in `wanted` alone. ValueError for a layout that is not known, or no common label."""
    common = [name for name in options.names if name in wanted]
    if not common:
        raise ValueError(f"{path}: expected a label of {wanted}, got {options.names}")
    to_wanted = np.asarray([wanted.index(name) if name in wanted else -1 for name in options.names])
    if options.layout == "sightline":
        infer, size = onnx_infer(path, options.threads)
        look: Teacher = functools.partial(detect, infer, size=size, floor=options.floor, limit=300)
    elif options.layout in LAYOUTS:
        look = _open_yolo(path, options)
    else:
        raise ValueError(f"{path}: expected a layout of {', '.join(LAYOUTS)}, got {options.layout}")

    def teach(rgb: np.ndarray) -> np.ndarray:
        found = look(rgb)
        if options.tiles > 1:
            found = _merge([found, *_look_at_tiles(look, rgb, options.tiles)], options.iou)
        found[:, 5] = to_wanted[found[:, 5].astype(int)]
        return found[found[:, 5] >= 0]

    return teach


def _open_yolo(path: Path, options: TeacherOptions) -> Teacher:
    """`images` float32 [1, 3, H, W] in 0..1 -> [1, 4 + C, A] (`yolov8`) or [1, A, 5 + C] (`yolov5`, with objectness),
    boxes as centres and sizes in input pixels; or [1, n, 6] (`end2end`, as YOLOv10's): corners, score, label."""
    session = open_session(path, options.threads)
    taken = session.get_inputs()[0]
    height, width = (side if isinstance(side, int) else 640 for side in taken.shape[2:])

    def look(rgb: np.ndarray) -> np.ndarray:
        fitted = fit_inside(rgb.shape[1], rgb.shape[0], width, height)
        canvas = np.full((height, width, 3), GREY, dtype=np.uint8)
        canvas[: fitted[1], : fitted[0]] = cv2.resize(
            rgb, fitted, interpolation=cv2.INTER_AREA if fitted[0] < rgb.shape[1] else cv2.INTER_LINEAR
        )
        blob = canvas.transpose(2, 0, 1)[None].astype(np.float32) / 255
        found = _read(session.run(None, {taken.name: blob})[0][0], options, path)
        found[:, [0, 2]] = (found[:, [0, 2]] * (rgb.shape[1] / fitted[0])).clip(0, rgb.shape[1])
        found[:, [1, 3]] = (found[:, [1, 3]] * (rgb.shape[0] / fitted[1])).clip(0, rgb.shape[0])
        return found

    return look


def _read(raw: np.ndarray, options: TeacherOptions, path: Path) -> np.ndarray:
    """One picture's output of a YOLO layout -> detections [n, 6] in input pixels."""
    if raw.ndim != 2:
        raise ValueError(f"{path}: expected an output of the layout {options.layout}, got one of shape {(1, *raw.shape)}")
    if options.layout == "end2end":
        if raw.shape[1] != 6:
            raise ValueError(f"{path}: expected rows of 6, got {raw.shape[1]}")
        found = raw[raw[:, 4] >= options.floor].astype(np.float32)
        if len(found) and found[:, 5].max() >= len(options.names):
            raise ValueError(f"{path}: expected {len(options.names)} labels, got the label {found[:, 5].max():.0f}")
        return found
    raw = raw.T if options.layout == "yolov8" else raw
    scores = raw[:, 4:] if options.layout == "yolov8" else raw[:, 5:] * raw[:, 4:5]
    if scores.shape[1] != len(options.names):
        raise ValueError(f"{path}: expected {len(options.names)} labels, got an output for {scores.shape[1]}")
    half = raw[:, 2:4] / 2
    boxes = np.concatenate([raw[:, :2] - half, raw[:, :2] + half], axis=1)
    return detections(boxes, scores, options.floor, options.iou, limit=300)


def _look_at_tiles(look: Teacher, rgb: np.ndarray, tiles: int) -> list[np.ndarray]:
    """Detections in each of tiles x tiles parts that overlap by a fifth; what a part cuts off is left to others."""
    height, width = rgb.shape[:2]
    found = []
    for row in range(tiles):
        for column in range(tiles):
            x1, x2 = _part(width, tiles, column)
            y1, y2 = _part(height, tiles, row)
            seen = look(np.ascontiguousarray(rgb[y1:y2, x1:x2]))
            edge = 2
            cut = (
                ((seen[:, 0] < edge) & (x1 > 0))
                | ((seen[:, 1] < edge) & (y1 > 0))
                | ((seen[:, 2] > x2 - x1 - edge) & (x2 < width))
                | ((seen[:, 3] > y2 - y1 - edge) & (y2 < height))
            )
            seen = seen[~cut]
            seen[:, [0, 2]] += x1
            seen[:, [1, 3]] += y1
            found.append(seen)
    return found


def _part(length: int, parts: int, index: int) -> tuple[int, int]:
    size = min(length, round(length / parts * 1.2))
    start = round((length - size) * index / (parts - 1))
    return start, start + size


def _merge(found: list[np.ndarray], iou: float) -> np.ndarray:
    joined = np.concatenate(found)
    joined = joined[np.argsort(-joined[:, 4], kind="stable")]
    return joined[suppress(joined[:, :4], joined[:, 5], iou, 300)]
