"""Writes a checkpoint as the ONNX graph that Sightline runs: I420 frames in, boxes and scores out.

python export.py weights.pt --size 416x256 --output efficientvit-b0-416x256.onnx
python export.py weights.pt --size 640x384 --precision int8 --calibrate /data/frames --output small.onnx
"""

from __future__ import annotations

import argparse
import math
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch

from commandline import told
from judging.letterbox import letterbox_i420
from judging.manifest import write_manifest
from judging.pictures import read_folder
from network.checkpoint import load_checkpoint
from network.detector import Detector
from network.frontend import I420Detector

OPSET = 17
LOWEST_SCORE = 0.05
"""`thresholds.floor` of a manifest that does not say it."""


def parse_size(text: str) -> tuple[int, int]:
    """`WIDTHxHEIGHT` -> (width, height), multiples of 32. argparse.ArgumentTypeError otherwise."""
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdigit() and int(part) > 0 and int(part) % 32 == 0 for part in parts):
        raise argparse.ArgumentTypeError(f"expected WIDTHxHEIGHT in multiples of 32, got {text}")
    return int(parts[0]), int(parts[1])


def parse_score(text: str) -> float:
    """A threshold that a manifest may have: not below the lowest score that leaves the detector."""
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not LOWEST_SCORE <= score < 1:
        raise argparse.ArgumentTypeError(f"expected a score of {LOWEST_SCORE} to below 1, got {text}")
    return score


def export_onnx(detector: Detector, size: tuple[int, int], path: Path, half: bool = False) -> None:
    """Writes `frames: uint8 [batch, H * 3 / 2, W]` -> `boxes [batch, A, 4]`, `scores [batch, A, C]` (both float32).

    `size` is (width, height). Weights are float16 with `half`; the detector is converted in place then.
    """
    width, height = size
    graph = I420Detector(detector, height, width, half).eval()
    frames = torch.zeros((1, height * 3 // 2, width), dtype=torch.uint8)
    axes = {name: {0: "batch"} for name in ("frames", "boxes", "scores")}
    with warnings.catch_warnings():
        # The exporter by tracing writes opset 17, which the oldest ONNX Runtime we support reads; it announces its end.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph,
            (frames,),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=["frames"],
            output_names=["boxes", "scores"],
            dynamic_axes=axes,
        )
    onnx.checker.check_model(str(path), full_check=True)


class _Calibration:
    """Feeds letterboxed pictures to ONNX Runtime's calibration, one at a time."""

    def __init__(self, pictures: list[np.ndarray], size: tuple[int, int]) -> None:
        self._rest = iter(pictures)
        self._size = size

    def get_next(self) -> dict[str, np.ndarray] | None:
        picture = next(self._rest, None)
        if picture is None:
            return None
        return {"frames": letterbox_i420(picture, *self._size)[0][None]}


def quantise(source: Path, target: Path, pictures: list[np.ndarray], size: tuple[int, int]) -> None:
    """float32 graph -> int8 (static, per channel, QDQ), calibrated on RGB pictures [h, w, 3].

    Only the convolutions of neck and head become int8, without the last ones, of which scores and distances are made. The
    backbone stays in float32: it cost 8 of 27 points of AP (measured, B0), since half of its convolutions have no norm that
    would keep their outputs in a range, and attention's sums span more orders of magnitude than 8 bits.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    convs = [node for node in onnx.load(str(source)).graph.node if node.op_type == "Conv"]
    kept = [convs[0].name] + [n.name for n in convs if n.name.startswith(("/b/", "/cls.", "/reg."))]
    quantize_static(
        str(source),
        str(target),
        _Calibration(pictures, size),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        nodes_to_exclude=kept,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.Percentile,
        extra_options={"CalibPercentile": 99.99},
    )


def compare(detector: Detector, path: Path, size: tuple[int, int], frames: np.ndarray) -> tuple[float, float]:
    """Largest difference between PyTorch's and the graph's outputs: of boxes in pixels, of scores."""
    width, height = size
    with torch.no_grad():
        expected = I420Detector(detector, height, width).eval()(torch.from_numpy(frames))
    got = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"frames": frames})
    boxes, scores = (float(np.abs(e.numpy() - g).max()) for e, g in zip(expected, got, strict=True))
    return boxes, scores


def _noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--size", type=parse_size, default=(416, 256), help="WIDTHxHEIGHT, multiples of 32")
    parser.add_argument("--precision", choices=("fp32", "fp16", "int8"), default="fp32")
    parser.add_argument("--calibrate", type=Path, help="a folder of typical pictures, which int8 alone needs")
    parser.add_argument("--calibrate-count", type=int, default=128)
    parser.add_argument("--licence", default="Apache-2.0")
    parser.add_argument("--score", type=parse_score, default=0.4, help="threshold from which a detection counts (default 0.4)")
    args = parser.parse_args()
    if args.precision == "int8" and args.calibrate is None:
        parser.error("--precision int8 needs --calibrate FOLDER")
    if args.precision != "int8" and args.calibrate is not None:
        parser.error(f"--calibrate is for --precision int8, got {args.precision}")
    if args.calibrate_count < 1:
        parser.error(f"--calibrate-count: expected at least 1, got {args.calibrate_count}")
    with told(parser):
        _export(args)


def _export(args: argparse.Namespace) -> None:
    detector, names = load_checkpoint(args.checkpoint)
    width, height = args.size
    # Before anything is written: no graph is left behind without its manifest.
    pictures = read_folder(args.calibrate, args.calibrate_count) if args.calibrate else [_noise(width, height)]
    args.output.parent.mkdir(parents=True, exist_ok=True)
    if args.precision == "int8":
        with tempfile.TemporaryDirectory() as scratch:
            plain = Path(scratch) / "fp32.onnx"
            export_onnx(detector, args.size, plain)
            quantise(plain, args.output, pictures, args.size)
    else:
        export_onnx(detector, args.size, args.output, half=args.precision == "fp16")
    # Anew: with fp16 the export has converted the first.
    detector, names = load_checkpoint(args.checkpoint)
    few = pictures[:: max(1, len(pictures) // 4)][:4]
    frames = np.stack([letterbox_i420(picture, width, height)[0] for picture in few])
    boxes, scores = compare(detector, args.output, args.size, frames)
    manifest = write_manifest(args.output, detector, names, args.size, args.licence, args.score)
    print(f"{args.output}: against PyTorch, boxes within {boxes:.4f} px, scores within {scores:.6f}; {manifest}")


if __name__ == "__main__":
    main()
