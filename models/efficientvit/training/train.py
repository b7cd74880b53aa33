"""Trains a detector by a recipe. Run it again with the same arguments to go on where it stopped.

python train.py recipe.yaml --output /tmp/run --threads 2 --workers 1
python train.py recipe.yaml --output /tmp/run --set steps=20000 --set optimiser.rate=0.001
python train.py recipe.yaml --output /tmp/new --from checkpoint.pt
"""

from __future__ import annotations

import os

# Before PyTorch loads OpenMP: threads that wait by spinning take the core from the one they wait for when others use the
# machine (measured on 2 busy cores: 10 s of CPU a step in place of 2).
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import json
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from commandline import told
from data.batches import Batches, batch_stream
from data.cache import PictureCache
from data.formats import join, read_dataset
from data.picture import Labelled
from data.sampling import picture_weights
from judging.accuracy import average_precision, collect
from judging.runner import torch_infer
from learning.average import Average
from learning.recipe import JudgeOptions, Recipe, read_recipe, size_of
from learning.run import Run
from learning.schedule import Curriculum
from network.detector import Detector


class Progress:
    """Lines of JSON in `log.jsonl`: means over the steps since the last line, and judgements."""

    def __init__(self, folder: Path, every: int) -> None:
        self._path, self._every = folder / "log.jsonl", every
        self._begin()

    def _begin(self) -> None:
        self._sums: dict[str, float] = {}
        self._count, self._since = 0, time.monotonic()

    def step(self, step: int, **values: float) -> None:
        for key, value in values.items():
            self._sums[key] = self._sums.get(key, 0.0) + value
        self._count += 1
        if self._count >= self._every:
            seconds = time.monotonic() - self._since
            means = {key: round(value / self._count, 4) for key, value in self._sums.items()}
            self.write({"step": step, **means, "stepsPerSecond": round(self._count / seconds, 3)})
            self._begin()

    def write(self, row: dict[str, Any]) -> None:
        print(json.dumps(row), flush=True)
        with self._path.open("a") as file:
            file.write(json.dumps(row) + "\n")


def judge(average: Average[Detector], labelled: Labelled, options: JudgeOptions, device: str) -> dict[str, Any]:
    """AP and AP50 of the averaged weights at each size."""
    few = labelled.of_split(options.split)
    if options.pictures:
        step = max(1, len(few.pictures) // options.pictures)
        few = Labelled(few.pictures[::step][: options.pictures], few.names)
    result = {}
    for text in options.sizes:
        size = size_of(text)
        truths, found = collect(torch_infer(average.network, size, device), few, size, floor=0.01)
        accuracy = average_precision(truths, found, labelled.names)
        people = accuracy["labels"].get("person", {})
        result[text] = {"ap": accuracy["ap"], "ap50": accuracy["ap50"], "person": people.get("ap50")}
    return result


def prepare(recipe: Recipe, folder: Path, device: str, begin: Path | None = None) -> tuple[Run, Labelled]:
    """A run as it stands in its folder, and all its data. OSError or ValueError where what the recipe names cannot be used.

    `begin` is a `checkpoint.pt` of the same recipe, to go on from where the folder has no state of its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    labelled = join([read_dataset(spec, recipe.names) for spec in recipe.data])
    if not labelled.of_split("train").pictures:
        raise ValueError(f"data: expected pictures of the split train, got none among {len(labelled.pictures)}")
    run = Run(recipe, labelled.names, device)
    if (folder / "state.pt").exists():
        run.load(folder / "state.pt")
    elif begin is not None:
        run.load(begin)
    return run, labelled


def train(run: Run, labelled: Labelled, folder: Path, workers: int, stop_after: int, log_every: int) -> Run:
    """Trains until the recipe's end, `stop_after` steps of this process (0: no limit), SIGINT or SIGTERM; saves, and returns.

    One who asks twice to stop gets the default of the signal.
    """
    recipe, device = run.recipe, str(run.device)
    if run.step >= recipe.steps:
        print(
            f"{folder}: all {recipe.steps} steps of the recipe are done; to go on, begin a new run with its checkpoint as init",
            flush=True,
        )
        return run
    training = labelled.of_split("train")
    cache = PictureCache(training, Path(recipe.cache.folder), recipe.cache.max_side)
    sampling = recipe.sampling
    weights = picture_weights(training.pictures, sampling.sources, len(labelled.names), sampling.balance, sampling.background)
    progress = Progress(folder, log_every)
    progress.write({"step": run.step, "of": recipe.steps, "pictures": len(cache), "device": device})
    stopping = False

    def stop(number: int, _: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    end = min(recipe.steps, run.step + stop_after) if stop_after else recipe.steps
    batches = Batches(cache, weights, Curriculum(recipe), recipe.seed)
    for batch in batch_stream(batches, run.step, end, workers):
        loss = run.advance(batch)
        progress.step(run.step, loss=loss.total.item(), cls=loss.cls, reg=loss.reg, iou=loss.iou, positives=loss.positives)
        due = recipe.judge.every and run.step % recipe.judge.every == 0
        if stopping or due or run.step % recipe.save_every == 0:
            run.save(folder)
        if stopping:
            break
        if due:
            progress.write({"step": run.step, **judge(run.average, labelled, recipe.judge, device)})
    run.save(folder)
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--output", type=Path, required=True, help="the run's folder, see README.md")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a value of the recipe")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of PyTorch on a CPU")
    parser.add_argument("--workers", type=int, default=1, help="processes that make batches; 0: none")
    parser.add_argument("--stop-after", type=int, default=0, help="steps after which this process ends; 0: at the end")
    parser.add_argument("--from", dest="begin", type=Path, help="a checkpoint.pt to go on from, in a new folder")
    parser.add_argument("--log-every", type=int, default=50)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    # Subnormal numbers, which averages of vanishing gradients are full of, cost a CPU a hundred times the others.
    torch.set_flush_denormal(True)
    with told(parser):
        run, labelled = prepare(read_recipe(args.recipe, args.set), args.output, args.device, args.begin)
    train(run, labelled, args.output, args.workers, args.stop_after, args.log_every)


if __name__ == "__main__":
    main()
