"""Labels a folder of pictures with one or more teachers, as a set that train.py reads.

python distill.py /data/frames --teacher yolo11n.onnx:yolov8 --teacher yolov8n.onnx:yolov8 --output /data/frames-labelled
python distill.py /data/frames --teacher big.onnx:sightline --tiles 2 --output /data/frames-labelled
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import cv2

from commandline import told
from judging.fusion import fuse, to_labels
from judging.pictures import list_folder, read_rgb
from judging.teacher import LAYOUTS, TeacherOptions, names_of, open_teacher

NAMES = "person bicycle car motorcycle bus truck cat dog horse sheep cow"


def parse_teacher(text: str) -> tuple[Path, str]:
    """`PATH:LAYOUT`. argparse.ArgumentTypeError otherwise."""
    path, _, layout = text.rpartition(":")
    if not path or layout not in LAYOUTS:
        raise argparse.ArgumentTypeError(f"expected PATH:LAYOUT with a layout of {', '.join(LAYOUTS)}, got {text}")
    return Path(path), layout


def distill(args: argparse.Namespace) -> int:
    """Writes `labels.jsonl` (whole or not at all) and `names.json`; pictures are linked where they are. Returns how many."""
    wanted = args.names.split(",") if args.names else NAMES.split()
    teachers = []
    for path, layout in args.teacher:
        own = args.teacher_names.split(",") if args.teacher_names else names_of(path)
        options = TeacherOptions(layout, own, args.floor, tiles=args.tiles, threads=args.threads)
        teachers.append(open_teacher(path, wanted, options))
    args.output.mkdir(parents=True, exist_ok=True)
    partial = args.output / "labels.jsonl.part"
    paths = list_folder(args.pictures)
    with partial.open("w") as file:
        for path in paths:
            rgb = read_rgb(path)
            found = fuse([teach(rgb) for teach in teachers])
            name = str(path.relative_to(args.pictures))
            _link(path, args.output / name)
            row = {
                "file": name,
                "width": rgb.shape[1],
                "height": rgb.shape[0],
                "source": args.source or args.pictures.name,
                "split": args.split,
                "boxes": to_labels(found, args.keep, args.doubt),
            }
            file.write(json.dumps(row) + "\n")
    (args.output / "names.json").write_text(json.dumps(wanted))
    partial.replace(args.output / "labels.jsonl")
    return len(paths)


def _link(picture: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.resolve() == picture.resolve():
        return
    target.unlink(missing_ok=True)
    os.symlink(picture.resolve(), target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, help="a folder")
    parser.add_argument("--teacher", type=parse_teacher, action="append", required=True, metavar="ONNX:LAYOUT")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--names", help="labels wanted, with commas; default: Sightline's eleven")
    parser.add_argument("--teacher-names", help="the teachers' labels, where neither manifest nor metadata has them")
    parser.add_argument("--floor", type=float, default=0.05, help="least score of a teacher")
    parser.add_argument("--keep", type=float, default=0.28, help="least mean score of an object")
    parser.add_argument("--doubt", type=float, default=0.10, help="least mean score of a region to ignore")
    parser.add_argument("--tiles", type=int, default=1, help="also look at TILES x TILES parts")
    parser.add_argument("--source", help="default: the folder's name")
    parser.add_argument("--split", default="train")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    with told(parser):
        count = distill(args)
    print(f"{count} pictures labelled in {args.output}")


if __name__ == "__main__":
    main()
