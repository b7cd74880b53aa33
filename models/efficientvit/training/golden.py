"""Makes the golden files that Sightline's own detector is tested against, with FFmpeg and ONNX Runtime alone.

python golden.py efficientvit-b0-416x256.onnx --clip plaza.mp4 --output golden

`<model>.<k>.i420` and `.json`: the raw input of a few frames, sums of both outputs, detections from `--score` in input pixels.
`<clip>.<model>.jsonl`: each frame's detections from 0.05 in pixels of the source.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from commandline import told
from judging.letterbox import fit_inside
from judging.runner import onnx_infer
from judging.suppress import detections

FLOOR, NMS_IOU = 0.05, 0.6


def _probe(clip: Path) -> tuple[int, int, float]:
    """Width, height and frames a second of a clip."""
    entries = "stream=width,height,r_frame_rate"
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", entries, "-of", "json", str(clip)]
    stream = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["streams"][0]
    over, under = stream["r_frame_rate"].split("/")
    return int(stream["width"]), int(stream["height"]), int(over) / int(under)


def read_frames(clip: Path, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Every frame as the detector's input, uint8 [height * 3 / 2, width], fitted by FFmpeg with the model card's filters."""
    width, height = size
    fitted = f"scale={width}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2"
    scale = f"{fitted}:flags=area+accurate_rnd+full_chroma_inp+bitexact"
    filters = f"{scale}:out_color_matrix=bt601:out_range=limited,pad={width}:{height}:0:0:color=0x727272"
    command = ["ffmpeg", "-v", "error", "-i", str(clip), "-vf", filters, "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while len(frame := process.stdout.read(width * height * 3 // 2)) == width * height * 3 // 2:
            yield np.frombuffer(frame, np.uint8).reshape(height * 3 // 2, width)
    if process.returncode != 0:
        raise RuntimeError(f"{clip}: ffmpeg ended with {process.returncode}")


def _rows(found: np.ndarray, names: list[str], digits: int, places: int) -> list[dict[str, Any]]:
    return [
        {
            "label": names[int(row[5])],
            "score": round(float(row[4]), digits),
            "box": [round(float(value), places) for value in row[:4]],
        }
        for row in found
    ]


def make(model: Path, clip: Path, output: Path, chosen: list[int], score: float) -> int:
    """Writes all files; returns the number of frames."""
    names = json.loads(model.with_suffix(".manifest.json").read_text())["labels"]
    infer, size = onnx_infer(model)
    width, height, rate = _probe(clip)
    fitted = fit_inside(width, height, *size)
    scales = width / fitted[0], height / fitted[1]
    output.mkdir(parents=True, exist_ok=True)
    count = 0
    with (output / f"{clip.stem}.{model.stem}.jsonl").open("w") as lines:
        for count, frame in enumerate(read_frames(clip, size), start=1):
            boxes, scores = infer(frame[None])
            if count - 1 in chosen:
                name = f"{model.stem}.{chosen.index(count - 1)}"
                frame.tofile(output / f"{name}.i420")
                golden = {
                    "model": model.stem,
                    "input": f"{name}.i420",
                    "frame": count - 1,
                    "scoreThreshold": score,
                    "nmsIou": NMS_IOU,
                    "sums": {
                        "boxes": float(boxes.sum(dtype=np.float64)),
                        "scores": float(scores.sum(dtype=np.float64)),
                        "maxScore": float(scores.max()),
                    },
                    "detections": _rows(detections(boxes[0], scores[0], score, NMS_IOU), names, 5, 3),
                }
                (output / f"{name}.json").write_text(json.dumps(golden, indent=2) + "\n")
            found = detections(boxes[0], scores[0], FLOOR, NMS_IOU)
            found[:, [0, 2]] = (found[:, [0, 2]] * scales[0]).clip(0, width)
            found[:, [1, 3]] = (found[:, [1, 3]] * scales[1]).clip(0, height)
            found = found[(found[:, 2] > found[:, 0]) & (found[:, 3] > found[:, 1])]
            row = {"frame": count - 1, "ptsMs": round((count - 1) * 1000 / rate, 3), "width": width, "height": height}
            lines.write(json.dumps({**row, "detections": _rows(found, names, 4, 1)}) + "\n")
    missing = [frame for frame in chosen if frame >= count]
    if missing:
        raise ValueError(f"{clip}: expected the frames {missing}, got {count} in all")
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="a graph with its manifest beside it")
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--frames", type=int, nargs="*", default=[20, 100, 200], help="of which the raw input is kept")
    parser.add_argument("--score", type=float, default=0.35)
    args = parser.parse_args()
    with told(parser):
        count = make(args.model, args.clip, args.output, args.frames, args.score)
    print(f"{args.output}: {count} frames of {args.clip.name} through {args.model.name}")


if __name__ == "__main__":
    main()
