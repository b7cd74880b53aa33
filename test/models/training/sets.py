"""Small sets of pictures in the three formats, made up: coloured rectangles on noise."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import cv2
import numpy as np

NAMES = ["person", "car"]
COLOURS = ((200, 40, 40), (40, 40, 200))


def draw(seed: int, width: int = 96, height: int = 64) -> tuple[np.ndarray, list[list[float]]]:
    """A picture RGB [h, w, 3] and its rows of class, corners, weight."""
    rng = np.random.default_rng(seed)
    rgb = rng.integers(90, 140, (height, width, 3), dtype=np.uint8)
    rows = []
    for label, colour in enumerate(COLOURS):
        w, h = rng.integers(12, 30, 2)
        x, y = rng.integers(0, width - w), rng.integers(0, height - h)
        rgb[y : y + h, x : x + w] = colour
        rows.append([label, float(x), float(y), float(x + w), float(y + h), 1.0 if label else 0.8])
    return rgb, rows


def encode(rgb: np.ndarray) -> bytes:
    return cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()


def sightline_set(root: Path, count: int = 12) -> Path:
    """The last quarter is for validation."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "names.json").write_text(json.dumps(NAMES))
    with tarfile.open(root / "images-0.tar", "w") as tar, (root / "labels.jsonl").open("w") as labels:
        for index in range(count):
            rgb, rows = draw(index)
            data = encode(rgb)
            info = tarfile.TarInfo(f"{index}.png")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
            split = "val" if index >= count * 3 // 4 else "train"
            row = {"file": info.name, "width": 96, "height": 64, "source": f"s{index % 2}", "split": split, "boxes": rows}
            labels.write(json.dumps(row) + "\n")
    return root


def coco_set(root: Path) -> Path:
    """One picture with a person, a crowd of cars and a label that nobody wants."""
    root.mkdir(parents=True)
    (root / "a.png").write_bytes(encode(draw(0)[0]))
    content = {
        "images": [{"id": 5, "file_name": "a.png", "width": 96, "height": 64}],
        "categories": [{"id": 1, "name": "person"}, {"id": 3, "name": "car"}, {"id": 9, "name": "boat"}],
        "annotations": [
            {"id": 1, "image_id": 5, "category_id": 1, "bbox": [1, 2, 10, 20]},
            {"id": 2, "image_id": 5, "category_id": 3, "bbox": [4, 4, 8, 8], "iscrowd": 1},
            {"id": 3, "image_id": 5, "category_id": 9, "bbox": [4, 4, 8, 8]},
        ],
    }
    (root / "a.json").write_text(json.dumps(content))
    return root / "a.json"


def yolo_set(root: Path) -> Path:
    """One picture of each split; only the first has a file of labels."""
    for split in ("train", "val"):
        (root / "images" / split).mkdir(parents=True)
        (root / "images" / split / "a.png").write_bytes(encode(draw(0)[0]))
    (root / "labels" / "train").mkdir(parents=True)
    (root / "labels" / "train" / "a.txt").write_text("1 0.5 0.5 0.25 0.5\n0 0.1 0.1 0.1 0.1\n")
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: {0: boat, 1: car}\n")
    return root / "data.yaml"
