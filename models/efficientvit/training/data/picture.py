"""One labelled picture, wherever it lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

IGNORE = -1.0
"""Weight of a box that is neither object nor background."""


@dataclass(frozen=True)
class Place:
    """Where a picture's bytes are: a file, or a part of one (a member of an uncompressed tar)."""

    path: Path
    offset: int = 0
    length: int = -1

    def read(self) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.length)


@dataclass(frozen=True)
class Picture:
    """`boxes` is float32 [n, 6]: class, x1, y1, x2, y2 in pixels of `width` x `height`, weight.

    Weight 1 is a person's label, 0.5 to 1 a teacher's, -1 `IGNORE`. A width of 0 says that boxes are fractions of a picture
    whose size nobody has looked up.
    """

    name: str
    place: Place
    width: int
    height: int
    source: str
    split: str
    boxes: np.ndarray


@dataclass(frozen=True)
class Labelled:
    """Pictures of one or more sets with one list of labels."""

    pictures: list[Picture]
    names: list[str]

    def of_split(self, split: str) -> Labelled:
        return Labelled([p for p in self.pictures if p.split == split], self.names)


def decode_rgb(picture: Picture) -> np.ndarray:
    """RGB uint8 [h, w, 3]. ValueError naming the picture when its bytes are none."""
    bytes_ = np.frombuffer(picture.place.read(), dtype=np.uint8)
    decoded = cv2.imdecode(bytes_, cv2.IMREAD_COLOR) if bytes_.size else None
    if decoded is None:
        raise ValueError(f"{picture.place.path}: {picture.name} is no picture that OpenCV can read")
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)


def scaled_boxes(picture: Picture, width: int, height: int) -> np.ndarray:
    """The picture's boxes [n, 6] in pixels of `width` x `height`, within it."""
    boxes = picture.boxes.copy()
    boxes[:, [1, 3]] *= width / (picture.width or 1)
    boxes[:, [2, 4]] *= height / (picture.height or 1)
    boxes[:, [1, 3]] = boxes[:, [1, 3]].clip(0, width)
    boxes[:, [2, 4]] = boxes[:, [2, 4]].clip(0, height)
    return boxes
