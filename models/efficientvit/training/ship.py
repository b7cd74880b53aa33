"""Lays a checkpoint into the project: graphs of both sizes, manifests with their accuracy, golden files.

python ship.py /tmp/run/checkpoint.pt --data /work/shared/training-set --sizes 416x256 --score 0.4
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # See train.py.

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from commandline import told
from data.formats import read_judged
from data.picture import Labelled
from export import export_onnx, parse_score, parse_size
from golden import make
from judging.accuracy import average_precision, collect, operating_points
from judging.manifest import write_manifest
from judging.runner import onnx_infer
from network.checkpoint import load_checkpoint

ROOT = Path(__file__).resolve().parents[3]
WEIGHTS = Path("models/efficientvit/weights")
GOLDEN = Path("test/golden/detector")
CLIP = ROOT / "config/examples/clips/plaza.mp4"


def judge(model: Path, labelled: Labelled) -> dict[str, Any]:
    """COCO's AP and points of operation of a graph on labelled pictures."""
    infer, size = onnx_infer(model)
    truths, found = collect(infer, labelled, size)
    return {**average_precision(truths, found, labelled.names), "points": operating_points(truths, found)}


def make_files(
    checkpoint: Path, labelled: Labelled, size: tuple[int, int], score: float, steps: str, folder: Path
) -> dict[str, Any]:
    """Writes all files of one size below `folder` as they lie below the project; returns what `judge` found."""
    detector, names = load_checkpoint(checkpoint)
    (folder / WEIGHTS).mkdir(parents=True, exist_ok=True)
    model = folder / WEIGHTS / f"efficientvit-{detector.variant}-{size[0]}x{size[1]}.onnx"
    export_onnx(detector, size, model)
    accuracy = judge(model, labelled)
    path = write_manifest(model, detector, names, size, "Apache-2.0", score)
    manifest = json.loads(path.read_text())
    manifest["accuracy"]["validation"] = {
        "set": f"validation split of the training set, {len(labelled.pictures)} pictures, mostly teacher labels",
        "ap": accuracy["ap"],
        "ap50": accuracy["ap50"],
        **({"personAp50": accuracy["labels"]["person"]["ap50"]} if "person" in accuracy["labels"] else {}),
    }
    manifest["origin"] = {
        "backboneInit": "MIT EfficientViT-B0, Cityscapes segmentation checkpoint (Apache-2.0)",
        "training": f"models/efficientvit/training, {steps}",
    }
    path.write_text(json.dumps(manifest, indent=2) + "\n")
    make(model, CLIP, folder / GOLDEN, [20, 100, 200], 0.35)
    return accuracy


def ship(root: Path, sizes: list[tuple[int, int]], **given: Any) -> dict[str, Any]:
    """Makes the files of all sizes, then lays them below `root`: what fails or is stopped before has changed nothing there."""
    # On the same file system, for a rename, and where git does not look.
    (root / "out").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ship-", dir=root / "out") as folder:
        results = {f"{w}x{h}": make_files(size=(w, h), folder=Path(folder), **given) for w, h in sizes}
        made = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        targets = [root / path.relative_to(folder) for path in made]
        for target in targets:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir():
                raise IsADirectoryError(f"{target}: expected a file or nothing, got a folder")
        for path, target in zip(made, targets, strict=True):
            path.replace(target)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", required=True, help="the training set's folder: its split val is judged on")
    parser.add_argument("--sizes", type=parse_size, nargs="+", default=[(416, 256), (640, 384)])
    parser.add_argument("--score", type=parse_score, default=0.4, help="threshold from which a detection counts")
    parser.add_argument("--steps", default="see README.md", help="of the run, for people")
    parser.add_argument("--root", type=Path, default=ROOT, help="lay the files below this folder (default: the project)")
    parser.add_argument("--json", type=Path, help="also write what was found to this file")
    args = parser.parse_args()
    torch.set_num_threads(1)
    # As Ctrl-C does: the files made so far are taken away.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with told(parser):
        labelled = read_judged(args.data, "val", load_checkpoint(args.checkpoint)[1])
        if args.json:
            args.json.parent.mkdir(parents=True, exist_ok=True)
        given = {"checkpoint": args.checkpoint, "labelled": labelled, "score": args.score, "steps": args.steps}
        results = ship(args.root, args.sizes, **given)
        if args.json:
            args.json.write_text(json.dumps(results, indent=2) + "\n")
    for size, found in results.items():
        print(f"{size}: AP {found['ap']}, AP50 {found['ap50']}, person AP50 {found['labels'].get('person', {}).get('ap50')}")


if __name__ == "__main__":
    main()
