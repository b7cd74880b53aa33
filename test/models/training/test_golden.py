"""The golden files are what FFmpeg and ONNX Runtime make of the weights that are shipped."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from golden import make
from ship import ship

import sets
from data.formats import read_judged
from export import export_onnx
from network.checkpoint import load_checkpoint, save_checkpoint
from network.detector import Detector

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


def test_shipping_lays_down_all_sizes_or_nothing(tmp_path: Path) -> None:
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "new.pt", Detector(classes=2, channels=16), ["person", "car"], 0)
    given = {
        "checkpoint": tmp_path / "new.pt",
        "labelled": read_judged(str(sets.sightline_set(tmp_path / "set")), "val", ["person", "car"]),
        "score": 0.4,
        "steps": "a test",
    }
    root = tmp_path / "project"
    old = root / "models/efficientvit/weights/efficientvit-b0-96x64.onnx"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"old")
    with pytest.raises(ValueError, match="33"):
        ship(root, [(96, 64), (33, 32)], **given)
    assert [path for path in root.rglob("*") if path.is_file()] == [old]
    assert old.read_bytes() == b"old"
    assert ship(root, [(96, 64)], **given).keys() == {"96x64"}
    manifest = json.loads(old.with_suffix(".manifest.json").read_text())
    assert manifest["sha256"] == hashlib.sha256(old.read_bytes()).hexdigest()
    golden = {path.name for path in (root / "test/golden/detector").iterdir()}
    frames = {f"{old.stem}.{index}.{kind}" for index in range(3) for kind in ("i420", "json")}
    assert golden == {*frames, f"plaza.{old.stem}.jsonl"}
    assert not any((root / "out").iterdir())
    # Of the files that it would lay down, one of the last cannot be laid.
    last = root / "test/golden/detector/plaza.efficientvit-b0-96x64.jsonl"
    last.unlink()
    last.mkdir()
    old.write_bytes(b"old")
    with pytest.raises(IsADirectoryError, match=r"96x64\.jsonl: expected a file or nothing, got a folder"):
        ship(root, [(96, 64)], **given)
    assert old.read_bytes() == b"old"


def test_shipping_that_is_stopped_leaves_nothing_behind(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "new.pt", Detector(classes=2, channels=16), ["person", "car"], 0)
    data, root = sets.sightline_set(tmp_path / "set"), tmp_path / "project"
    program = ROOT / "models/efficientvit/training/ship.py"
    command = [sys.executable, program, tmp_path / "new.pt", "--data", data, "--sizes", "96x64", "--root", root]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while not list(root.glob("out/ship-*/test/golden/detector/*.jsonl")):
            assert process.poll() is None
            time.sleep(0.02)
        process.terminate()
    assert process.returncode == 128 + signal.SIGTERM
    assert [path for path in root.rglob("*") if path != root / "out"] == []


def _labels(golden: dict[str, list[dict[str, str]]]) -> list[str]:
    return [found["label"] for found in golden["detections"]]
