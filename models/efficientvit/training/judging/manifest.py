"""The manifest beside a model's weights, as `models/efficientvit/manifest-schema.ts` wants it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from judging.letterbox import GREY
from network.detector import Detector, anchor_grid


def write_manifest(
    onnx_path: Path, detector: Detector, names: list[str], size: tuple[int, int], licence: str, score: float = 0.4
) -> Path:
    """Writes `<name>.manifest.json` beside the graph and returns its path. Accuracy is left for `evaluate.py` to add."""
    width, height = size
    anchors = len(anchor_grid(height, width)[1])

    def output(name: str, last: int, meaning: str) -> dict[str, Any]:
        return {"name": name, "type": "float32", "shape": ["batch", anchors, last], "format": meaning}

    manifest = {
        "schemaVersion": 1,
        "name": onnx_path.stem,
        "file": onnx_path.name,
        "sha256": hashlib.sha256(onnx_path.read_bytes()).hexdigest(),
        "layout": "sightline",
        "architecture": {
            "backbone": f"EfficientViT-{detector.variant.upper()}",
            "neck": f"additive FPN+PAN, {detector.channels} channels, last three stages (strides 8, 16, 32)",
            "head": "decoupled depthwise-separable, anchor-free (distances to the four sides)",
            "parameters": sum(parameter.numel() for parameter in detector.parameters()),
        },
        "input": {
            "name": "frames",
            "type": "uint8",
            "shape": ["batch", height * 3 // 2, width],
            "width": width,
            "height": height,
            "pixelFormat": "i420",
            "colorMatrix": "bt601",
            "range": "limited",
            "resize": "scale to fit keeping aspect, even size, top-left; pad right and bottom",
            "padValue": {"y": GREY, "u": 128, "v": 128},
        },
        "outputs": {
            "boxes": output("boxes", 4, "xyxy, input pixels"),
            "scores": output("scores", len(names), "sigmoid probability per label"),
        },
        "labels": names,
        "thresholds": {"score": score, "nmsIou": 0.6, "maxDetections": 100},
        "accuracy": {},
        "origin": {"training": "models/efficientvit/training"},
        "license": licence,
    }
    path = onnx_path.with_suffix(".manifest.json")
    path.write_text(json.dumps(manifest, indent=2) + "\n")
    return path
