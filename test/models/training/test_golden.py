"""The golden files are what FFmpeg and ONNX Runtime make of the weights that are shipped."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from golden import make

from export import export_onnx
from network.checkpoint import load_checkpoint

ROOT = Path(__file__).parents[3]
CLIP = ROOT / "config/examples/clips/plaza.mp4"
GOLDEN = ROOT / "test/golden/detector"


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="FFmpeg is not installed")
@pytest.mark.parametrize("name", ["efficientvit-b0-416x256", "efficientvit-b0-640x384"])
def test_golden_files_belong_to_the_shipped_weights(tmp_path: Path, name: str) -> None:
    model = ROOT / "models/efficientvit/weights" / f"{name}.onnx"
    assert make(model, CLIP, tmp_path, [20, 100, 200], 0.35) == 240
    for index in range(3):
        frame = f"{name}.{index}"
        assert (tmp_path / f"{frame}.i420").read_bytes() == (GOLDEN / f"{frame}.i420").read_bytes()
        ours, committed = (json.loads((folder / f"{frame}.json").read_text()) for folder in (tmp_path, GOLDEN))
        for key, value in committed["sums"].items():
            assert ours["sums"][key] == pytest.approx(value, rel=1e-5)
        assert _labels(ours) == _labels(committed)
    lines = f"{CLIP.stem}.{name}.jsonl"
    pairs = zip(*((folder / lines).read_text().splitlines() for folder in (tmp_path, GOLDEN)), strict=True)
    for ours, committed in (map(json.loads, pair) for pair in pairs):
        assert ours["ptsMs"] == committed["ptsMs"]
        likely = [[found for found in row["detections"] if found["score"] >= 0.3] for row in (ours, committed)]
        assert [found["label"] for found in likely[0]] == [found["label"] for found in likely[1]]
        for a, b in zip(*likely, strict=True):
            np.testing.assert_allclose(a["box"], b["box"], atol=0.2)


@pytest.mark.parametrize("size", [(416, 256), (640, 384)])
def test_the_committed_checkpoint_exports_to_the_shipped_graph(tmp_path: Path, size: tuple[int, int]) -> None:
    detector, _ = load_checkpoint(ROOT / "models/efficientvit/training/checkpoint.pt")
    name = f"efficientvit-b0-{size[0]}x{size[1]}"
    export_onnx(detector, size, tmp_path / "ours.onnx")
    paths = tmp_path / "ours.onnx", ROOT / "models/efficientvit/weights" / f"{name}.onnx"
    frames = np.fromfile(GOLDEN / f"{name}.0.i420", np.uint8).reshape(1, size[1] * 3 // 2, size[0])
    ours, shipped = (ort.InferenceSession(str(path)).run(None, {"frames": frames}) for path in paths)
    for a, b in zip(ours, shipped, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)


def _labels(golden: dict[str, list[dict[str, str]]]) -> list[str]:
    return [found["label"] for found in golden["detections"]]
