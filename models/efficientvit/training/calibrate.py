"""Makes a checkpoint's scores say how likely a box is right, on labelled pictures at the sizes that are used.

python calibrate.py weights.pt --data /data/training-set --output calibrated.pt

The two numbers that come of it are kept in the checkpoint: evaluate.py, export.py and ship.py use them, training does not.
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
from network.checkpoint import calibrate_checkpoint, load_checkpoint

FLOOR = 0.02
"""Below it are hundreds of thousands of anchors that nobody will see: they would decide the fit."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", required=True, help="a training set's folder")
    parser.add_argument("--split", default="val", help="of its pictures (default val)")
    parser.add_argument("--sizes", type=parse_size, nargs="+", default=[(416, 256), (640, 384)], help="default 416x256 640x384")
    parser.add_argument("--output", type=Path, help="default: the checkpoint itself, which is written anew")
    args = parser.parse_args()
    torch.set_num_threads(1)
    output = args.output or args.checkpoint
    found: list[tuple[np.ndarray, np.ndarray]] = []
    with told(parser):
        detector, names = load_checkpoint(args.checkpoint, calibrated=False)
        labelled = read_judged(args.data, args.split, names)
        output.parent.mkdir(parents=True, exist_ok=True)
        for size in args.sizes:
            truths, detected = collect(torch_infer(detector, size), labelled, size, floor=FLOOR)
            found.append(outcomes(truths, detected)[:2])
        calibration = fit([scores for scores, _ in found], [right for _, right in found])
        calibrate_checkpoint(args.checkpoint, output, calibration)
    print(f"scale {calibration.scale:.3f}, shift {calibration.shift:.3f}")
    for (width, height), (scores, right) in zip(args.sizes, found, strict=True):
        after = calibrated(scores, calibration)
        seen, seen_after = scores >= 0.1, after >= 0.1
        errors = calibration_error(scores[seen], right[seen]), calibration_error(after[seen_after], right[seen_after])
        print(f"{width}x{height}: error from 0.1 on {errors[0]:.3f} before, {errors[1]:.3f} after")
        for low in np.arange(0.1, 1.0, 0.1):
            within = (after >= low) & (after < low + 0.1)
            if within.any():
                print(f"  {low:.1f} to {low + 0.1:.1f}: {right[within].mean():.2f} of {within.sum()} right")


if __name__ == "__main__":
    main()
