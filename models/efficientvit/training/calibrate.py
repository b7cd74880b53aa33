"""Makes a checkpoint's scores say how likely a box is right, on labelled pictures at the sizes that are used.

python calibrate.py weights.pt --data /data/training-set --output calibrated.pt --groups person car,bus,truck cat,dog

The two numbers a group that come of it are kept in the checkpoint: evaluate.py, export.py and ship.py use them, training not.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # See train.py.

import argparse
from pathlib import Path

import numpy as np
import torch

from commandline import told
from data.formats import read_judged
from export import parse_size
from judging.accuracy import collect, outcomes
from judging.calibration import calibrated, calibration_error, fit
from judging.runner import torch_infer
from network.checkpoint import Calibration, calibrate_checkpoint, load_checkpoint

FLOOR = 0.02
"""Below it are hundreds of thousands of anchors that nobody will see: they would decide the fit."""


def groups_of(given: list[str] | None, names: list[str]) -> list[list[str]]:
    """Labels that are calibrated together. ValueError unless each label is in one group."""
    if given is None:
        return [names]
    groups = [group.split(",") for group in given]
    got = [name for group in groups for name in group]
    if sorted(got) != sorted(names):
        raise ValueError(f"--groups: expected each of {', '.join(names)} once, got {' '.join(given)}")
    return groups


def only(rows: list[np.ndarray], column: int, labels: list[int]) -> list[np.ndarray]:
    """Of each picture the rows of some labels."""
    return [each[np.isin(each[:, column], labels)] for each in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", required=True, help="a training set's folder")
    parser.add_argument("--split", default="val", help="of its pictures (default val)")
    parser.add_argument("--sizes", type=parse_size, nargs="+", default=[(416, 256), (640, 384)], help="default 416x256 640x384")
    help_groups = "labels whose scores mean the same: a,b c,d (default: all of them)"
    parser.add_argument("--groups", nargs="+", metavar="LABELS", help=help_groups)
    parser.add_argument("--output", type=Path, help="default: the checkpoint itself, which is written anew")
    args = parser.parse_args()
    torch.set_num_threads(1)
    output = args.output or args.checkpoint
    calibrations: dict[str, Calibration] = {}
    found: dict[tuple[int, int], list[tuple[np.ndarray, np.ndarray, Calibration]]] = {size: [] for size in args.sizes}
    with told(parser):
        detector, names = load_checkpoint(args.checkpoint, calibrated=False)
        groups = groups_of(args.groups, names)
        labelled = read_judged(args.data, args.split, names)
        output.parent.mkdir(parents=True, exist_ok=True)
        collected = [collect(torch_infer(detector, size), labelled, size, floor=FLOOR) for size in args.sizes]
        for group in groups:
            labels = [names.index(name) for name in group]
            each = [outcomes(only(truths, 0, labels), only(boxes, 5, labels))[:2] for truths, boxes in collected]
            try:
                calibration = fit([scores for scores, _ in each], [right for _, right in each])
            except ValueError as fault:
                raise ValueError(f"{', '.join(group)}: {fault}") from fault
            calibrations |= {name: calibration for name in group}
            print(f"{', '.join(group)}: scale {calibration.scale:.3f}, shift {calibration.shift:.3f}")
            for size, (scores, right) in zip(args.sizes, each, strict=True):
                found[size].append((scores, right, calibration))
        calibrate_checkpoint(args.checkpoint, output, calibrations)
    for (width, height), parts in found.items():
        scores = np.concatenate([part for part, _, _ in parts])
        right = np.concatenate([part for _, part, _ in parts])
        after = np.concatenate([calibrated(part, calibration) for part, _, calibration in parts])
        seen, seen_after = scores >= 0.1, after >= 0.1
        errors = calibration_error(scores[seen], right[seen]), calibration_error(after[seen_after], right[seen_after])
        print(f"{width}x{height}: error from 0.1 on {errors[0]:.3f} before, {errors[1]:.3f} after")
        for low in np.arange(0.1, 1.0, 0.1):
            within = (after >= low) & (after < low + 0.1)
            if within.any():
                print(f"  {low:.1f} to {low + 0.1:.1f}: {right[within].mean():.2f} of {within.sum()} right")


if __name__ == "__main__":
    main()
