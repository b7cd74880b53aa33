"""Judges a checkpoint or an ONNX graph on labelled pictures: COCO's AP, each label's, precision and recall.

python evaluate.py efficientvit-b0-416x256.onnx --data /data/training-set
python evaluate.py weights.pt --size 640x384 --data annotations.json --format coco --images pictures/
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # See train.py.

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from commandline import told
from data.formats import read_dataset
from export import parse_size
from judging.accuracy import average_precision, collect, operating_points
from judging.runner import labels_of, open_model


def judge(args: argparse.Namespace) -> dict[str, Any]:
    """Everything that is printed, as one object."""
    spec: dict[str, Any] = {"format": args.format, "path": args.data}
    if args.format == "coco":
        spec |= {"images": args.images, "split": args.split}
    names = args.names.split(",") if args.names else labels_of(args.model)
    labelled = read_dataset(spec, names).of_split(args.split)
    if not labelled.pictures:
        raise ValueError(f"{args.data}: expected pictures of the split {args.split}, got none")
    infer, size = open_model(args.model, args.size, args.device)
    _, scores = infer(np.zeros((1, size[1] * 3 // 2, size[0]), np.uint8))
    if scores.shape[2] != len(labelled.names):
        raise ValueError(f"{args.model}: expected {scores.shape[2]} labels, got {', '.join(labelled.names)}")
    truths, found = collect(infer, labelled, size, limit=args.limit)
    return {
        "model": str(args.model),
        "size": f"{size[0]}x{size[1]}",
        "pictures": len(truths),
        **average_precision(truths, found, labelled.names),
        "points": operating_points(truths, found),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="a .pt checkpoint or an .onnx graph")
    parser.add_argument("--data", required=True, help="a training set's folder, COCO's JSON or YOLO's data.yaml")
    parser.add_argument("--format", choices=("sightline", "coco", "yolo"), default="sightline")
    parser.add_argument("--images", help="the folder of COCO's pictures")
    parser.add_argument(
        "--names", help="labels of the model, with commas; default: its own, or those of the data where nothing tells them"
    )
    parser.add_argument("--split", default="val")
    parser.add_argument("--size", type=parse_size, help="WIDTHxHEIGHT, for a checkpoint")
    parser.add_argument("--limit", type=int, default=100, help="detections of one picture, at most")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="also write it all to this file")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with told(parser):
        result = judge(args)
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n")
    print(
        f"{result['model']} at {result['size']}, {result['pictures']} pictures: "
        f"AP {result['ap']}, AP50 {result['ap50']}, small {result['small']}, medium {result['medium']}, "
        f"large {result['large']}"
    )
    for name, label in result["labels"].items():
        print(f"  {name:12} AP {label['ap']:5}  AP50 {label['ap50']:5}  {label['objects']} objects")
    for threshold, (precision, recall) in result["points"].items():
        print(f"  from {threshold:.2f}: precision {precision:.2f}, recall {recall:.2f}")


if __name__ == "__main__":
    main()
