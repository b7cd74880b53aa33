"""Runs a checkpoint or an ONNX graph over pictures, the way Sightline does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch

from judging.letterbox import letterbox_i420
from judging.suppress import detections
from network.checkpoint import load_checkpoint
from network.detector import Detector
from network.frontend import I420Detector

Outputs = tuple[np.ndarray, np.ndarray]
Infer = Callable[[np.ndarray], Outputs]
"""I420 frames [N, H * 3 / 2, W] -> boxes [N, A, 4] in input pixels, scores [N, A, C]."""


def open_session(path: Path, threads: int) -> ort.InferenceSession:
    """On the CPU, with threads that sleep while they wait: others may be using the machine. ValueError for no graph."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not path.is_file():
        raise ValueError(f"{path}: expected an ONNX graph, got {'a folder' if path.is_dir() else 'none'}")
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as fault:  # A class for each of ONNX Runtime's codes, without one in common.
        raise ValueError(f"{path}: expected an ONNX graph, got {str(fault).splitlines()[0]}") from fault


def onnx_infer(path: Path, threads: int = 2) -> tuple[Infer, tuple[int, int]]:
    """A graph of the `sightline` layout, and its input's (width, height)."""
    session = open_session(path, threads)
    shape = session.get_inputs()[0].shape
    if session.get_inputs()[0].name != "frames" or len(shape) != 3:
        raise ValueError(f"{path}: expected an input frames [batch, height * 3 / 2, width], got {shape}")

    def infer(frames: np.ndarray) -> Outputs:
        boxes, scores = session.run(["boxes", "scores"], {"frames": frames})
        return boxes, scores

    return infer, (int(shape[2]), int(shape[1]) * 2 // 3)


def torch_infer(detector: Detector, size: tuple[int, int], device: str = "cpu") -> Infer:
    """A detector at (width, height)."""
    width, height = size
    graph = I420Detector(detector, height, width).eval().to(device)

    @torch.no_grad()
    def infer(frames: np.ndarray) -> Outputs:
        boxes, scores = graph(torch.from_numpy(frames).to(device))
        return boxes.cpu().numpy(), scores.cpu().numpy()

    return infer


def open_model(path: Path, size: tuple[int, int] | None, device: str = "cpu") -> tuple[Infer, tuple[int, int]]:
    """A `.pt` checkpoint (which needs a size) or an `.onnx` graph (which has one)."""
    if path.suffix == ".onnx":
        infer, own = onnx_infer(path)
        if size not in (None, own):
            raise ValueError(f"{path}: expected the graph's size {own[0]}x{own[1]}, got {size}")
        return infer, own
    if size is None:
        raise ValueError(f"{path}: a checkpoint needs a size")
    detector, _ = load_checkpoint(path)
    return torch_infer(detector, size, device), size


def labels_of(path: Path) -> list[str] | None:
    """Labels of a checkpoint, or of a graph by the manifest beside it; None where there is none."""
    if path.suffix != ".onnx":
        return load_checkpoint(path)[1]
    manifest = path.with_suffix(".manifest.json")
    return list(json.loads(manifest.read_text())["labels"]) if manifest.exists() else None


def detect(infer: Infer, rgb: np.ndarray, size: tuple[int, int], floor: float = 0.05, limit: int = 100) -> np.ndarray:
    """One picture uint8 [h, w, 3] -> [n, 6]: x1, y1, x2, y2 in its pixels, within it, score, label."""
    frame, (scale_x, scale_y) = letterbox_i420(rgb, *size)
    boxes, scores = infer(frame[None])
    found = detections(boxes[0], scores[0], floor, limit=limit)
    found[:, [0, 2]] = (found[:, [0, 2]] * scale_x).clip(0, rgb.shape[1])
    found[:, [1, 3]] = (found[:, [1, 3]] * scale_y).clip(0, rgb.shape[0])
    return found[(found[:, 2] > found[:, 0]) & (found[:, 3] > found[:, 1])]
