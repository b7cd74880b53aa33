"""Readers of the three formats that labels come in. Each gives the same `Labelled`; labels are matched by name."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from data.picture import IGNORE, Labelled, Picture, Place

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}


def read_dataset(spec: dict[str, Any], names: list[str] | None = None) -> Labelled:
    """Reads what a recipe names: `{format: sightline|coco|yolo, path, ...}`.

    `names` are the labels wanted, in order; others are left out. Without it the set's own are taken. ValueError for a
    format that is not known.
    """
    spec = dict(spec)
    kind = spec.pop("format", "sightline")
    path = Path(spec.pop("path"))
    readers: dict[str, Callable[..., Labelled]] = {"sightline": read_sightline, "coco": read_coco, "yolo": read_yolo}
    if kind not in readers:
        raise ValueError(f"expected a format of {', '.join(readers)}, got {kind}")
    try:
        return readers[kind](path, names, **spec)
    except (KeyError, TypeError, IndexError, json.JSONDecodeError, yaml.YAMLError) as fault:
        raise ValueError(f"{path}: expected the format {kind}, got {type(fault).__name__}: {fault}") from fault


def read_judged(folder: str, split: str, names: list[str]) -> Labelled:
    """A split of a training set to judge a model of these labels on. ValueError where nothing in it has one of them."""
    labelled = read_dataset({"format": "sightline", "path": folder}, names).of_split(split)
    if not labelled.pictures:
        raise ValueError(f"{folder}: expected pictures of the split {split}, got none")
    if not any(len(picture.boxes) for picture in labelled.pictures):
        raise ValueError(f"{folder}: expected objects of the split {split} labelled {', '.join(names)}, got none")
    return labelled


def join(sets: list[Labelled]) -> Labelled:
    """Sets with the same labels as one."""
    if any(other.names != sets[0].names for other in sets):
        raise ValueError(f"expected sets with the same labels, got {[other.names for other in sets]}")
    return Labelled([picture for one in sets for picture in one.pictures], sets[0].names)


def _as_boxes(rows: list[list[float]]) -> np.ndarray:
    return np.asarray(rows, dtype=np.float32).reshape(-1, 6)


def read_sightline(root: Path, names: list[str] | None = None) -> Labelled:
    """`labels.jsonl` (file, width, height, source, split, boxes), `names.json`, pictures in `*.tar` or beside them."""
    own: list[str] = json.loads((root / "names.json").read_text())
    wanted = names or own
    to_wanted = {index: wanted.index(name) for index, name in enumerate(own) if name in wanted}
    places: dict[str, Place] = {}
    for path in sorted(root.glob("*.tar")):
        with tarfile.open(path) as tar:
            places |= {m.name: Place(path, m.offset_data, m.size) for m in tar if m.isfile()}
    pictures = []
    for line in (root / "labels.jsonl").read_text().splitlines():
        row = json.loads(line)
        boxes = [[to_wanted[int(box[0])], *box[1:]] for box in row["boxes"] if int(box[0]) in to_wanted]
        name = row["file"]
        place = places.get(name, Place(root / name))
        picture = (name, place, row["width"], row["height"], row.get("source", root.name), row.get("split", "train"))
        pictures.append(Picture(*picture, _as_boxes(boxes)))
    return Labelled(pictures, wanted)


def read_coco(
    annotations: Path,
    names: list[str] | None = None,
    images: str | None = None,
    split: str = "train",
    source: str | None = None,
) -> Labelled:
    """COCO's instance annotations, with its pictures in the folder `images` (default: the annotations' own folder).

    `iscrowd` becomes a region to ignore.
    """
    content = json.loads(annotations.read_text())
    label_of = {category["id"]: category["name"] for category in content["categories"]}
    wanted = names or list(label_of.values())
    rows: dict[int, list[list[float]]] = {image["id"]: [] for image in content["images"]}
    for item in content["annotations"]:
        label = label_of[item["category_id"]]
        if label in wanted:
            x, y, width, height = item["bbox"]
            weight = IGNORE if item.get("iscrowd") else float(item.get("weight", 1.0))
            rows[item["image_id"]].append([wanted.index(label), x, y, x + width, y + height, weight])
    folder = Path(images) if images else annotations.parent
    pictures = [
        Picture(
            image["file_name"],
            Place(folder / image["file_name"]),
            image["width"],
            image["height"],
            source or annotations.stem,
            split,
            _as_boxes(rows[image["id"]]),
        )
        for image in content["images"]
    ]
    return Labelled(pictures, wanted)


def read_yolo(
    description: Path,
    names: list[str] | None = None,
    source: str | None = None,
    splits: tuple[str, ...] = ("train", "val"),
) -> Labelled:
    """A YOLO `data.yaml`: folders of pictures by split, and beside `images` a folder `labels` with a text file for each.

    Its lines are `class x-centre y-centre width height` in fractions; a picture without a file shows none of the labels.
    """
    content: dict[str, Any] = yaml.safe_load(description.read_text())
    listed = content["names"]
    own: list[str] = [listed[key] for key in sorted(listed)] if isinstance(listed, dict) else listed
    wanted = names or own
    root = description.parent / content.get("path", ".")
    pictures = []
    for split in splits:
        if not content.get(split):
            continue
        folder = (root / content[split]).resolve()
        for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES):
            boxes = [
                [wanted.index(own[int(c)]), x - w / 2, y - h / 2, x + w / 2, y + h / 2, 1.0]
                for c, x, y, w, h in _yolo_rows(path, folder)
                if own[int(c)] in wanted
            ]
            name = str(path.relative_to(folder))
            pictures.append(Picture(name, Place(path), 0, 0, source or description.stem, split, _as_boxes(boxes)))
    return Labelled(pictures, wanted)


def _yolo_rows(picture: Path, folder: Path) -> list[list[float]]:
    parts = list(picture.with_suffix(".txt").parts)
    depth = len(folder.parts)
    # The last "images" of the split's folder: those below it belong to the set, those above to whoever stored it.
    at = max((i for i, part in enumerate(parts[:depth]) if part == "images"), default=-1)
    if at >= 0:
        parts[at] = "labels"
    labels = Path(*parts)
    if not labels.exists():
        return []
    rows = [[float(cell) for cell in line.split()] for line in labels.read_text().splitlines() if line.strip()]
    for row in rows:
        if len(row) != 5:
            raise ValueError(f"{labels}: expected 5 numbers a line, got {len(row)}")
    return rows
