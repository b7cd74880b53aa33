"""Pictures of a folder, in natural order of their names."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}


def list_folder(folder: Path) -> list[Path]:
    """All pictures below a folder. ValueError when there is none."""
    found = [path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES]
    if not found:
        raise ValueError(f"{folder}: expected pictures ({', '.join(sorted(SUFFIXES))}), got none")
    return sorted(found, key=lambda p: [int(t) if t.isdigit() else t for t in re.split(r"(\d+)", str(p))])


def read_rgb(path: Path) -> np.ndarray:
    """RGB uint8 [h, w, 3]. ValueError when it is no picture."""
    decoded = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise ValueError(f"{path} is no picture that OpenCV can read")
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)


def read_folder(folder: Path, count: int) -> list[np.ndarray]:
    """At most `count` pictures, evenly spread over the folder."""
    paths = list_folder(folder)
    step = max(1, len(paths) // count)
    return [read_rgb(path) for path in paths[::step][:count]]
