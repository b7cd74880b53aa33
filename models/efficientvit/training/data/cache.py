"""Pictures decoded once, as one file of bytes that all processes map: the second reading of a picture costs nothing."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from data.picture import Labelled, Picture, decode_rgb, scaled_boxes


class PictureCache:
    """Pictures by index, RGB uint8 [h, w, 3], and their boxes [n, 6] in pixels of that.

    Built on first use in `folder` (16,000 pictures of 344 x 258: 4 GB); a file that is not complete is never used, and
    other pictures, other files or another `max_side` (longest side in pixels; larger pictures are made smaller) mean
    another file. Nothing removes old ones.
    """

    def __init__(self, labelled: Labelled, folder: Path, max_side: int, threads: int = 2) -> None:
        self.pictures = labelled.pictures
        if not self.pictures:
            raise ValueError("expected pictures to train on, got none")
        folder.mkdir(parents=True, exist_ok=True)
        stem = folder / _fingerprint(labelled.pictures, max_side)
        self._pixels_path, index_path = stem.with_suffix(".u8"), stem.with_suffix(".npy")
        if not index_path.exists():
            _build(labelled.pictures, self._pixels_path, index_path, max_side, threads)
        self._index = np.load(index_path)
        self._pixels: np.memmap | None = None
        self.boxes = [
            scaled_boxes(picture, int(width), int(height))
            for picture, (_, height, width) in zip(self.pictures, self._index, strict=True)
        ]

    def __len__(self) -> int:
        return len(self.pictures)

    def rgb(self, index: int) -> np.ndarray:
        """A view that nobody may write to."""
        if self._pixels is None:
            # Opened late, so that each process of a loader maps it itself rather than receiving a copy.
            self._pixels = np.memmap(self._pixels_path, dtype=np.uint8, mode="r")
        offset, height, width = (int(v) for v in self._index[index])
        return self._pixels[offset : offset + height * width * 3].reshape(height, width, 3)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_pixels": None}


def _fingerprint(pictures: list[Picture], max_side: int) -> str:
    digest = hashlib.sha256(str(max_side).encode())
    stats = {path: path.stat() for path in {picture.place.path for picture in pictures}}
    for picture in pictures:
        place, stat = picture.place, stats[picture.place.path]
        digest.update(f"{place.path}:{place.offset}:{place.length}:{stat.st_size}:{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _build(pictures: list[Picture], pixels: Path, index: Path, max_side: int, threads: int) -> None:
    rows, offset = [], 0
    partial = pixels.with_suffix(".part")
    with partial.open("wb") as file, ThreadPoolExecutor(threads) as pool:
        chunk = 256
        for start in range(0, len(pictures), chunk):
            for rgb in pool.map(lambda picture: _decode(picture, max_side), pictures[start : start + chunk]):
                rows.append((offset, rgb.shape[0], rgb.shape[1]))
                file.write(rgb.tobytes())
                offset += rgb.size
    partial.replace(pixels)
    index_part = index.with_suffix(".part.npy")
    np.save(index_part, np.asarray(rows, dtype=np.int64))
    index_part.replace(index)


def _decode(picture: Picture, max_side: int) -> np.ndarray:
    rgb = decode_rgb(picture)
    scale = max_side / max(rgb.shape[:2])
    if scale >= 1:
        return rgb
    size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
