"""The programs, from their arguments to the files they leave."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import calibrate
import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
import yaml

import evaluate
import sets
from export import compare, export_onnx
from export import main as export_main
from judging.accuracy import average_precision, operating_points
from judging.manifest import write_manifest
from learning.recipe import Recipe, recipe_of
from learning.run import Run
from network.checkpoint import load_checkpoint, save_checkpoint
from network.detector import Detector
from train import prepare, train

SIZE = (96, 64)


@pytest.fixture
def small() -> Detector:
    """Random weights, with norms that know what they see and scores that differ."""
    torch.manual_seed(0)
    detector = Detector(classes=2, channels=16)
    with torch.no_grad():
        for cls in detector.cls:
            cls.weight.mul_(50)
        for _ in range(20):
            detector(torch.rand(2, 3, 64, 96))
    return detector.eval()


def recipe_for(tmp_path: Path, **changes: object) -> dict[str, object]:
    stages = [
        {"until": 0.5, "sizes": ["64x64"], "batch": 2, "strength": 0.5},
        {"until": 1, "sizes": ["96x64", "64x64"], "batch": 2, "grids": {"2x2": 1}},
    ]
    return {
        "steps": 4,
        "channels": 16,
        "data": [{"path": str(sets.sightline_set(tmp_path / "set"))}],
        "cache": {"folder": str(tmp_path / "cache")},
        "curriculum": stages,
        "optimiser": {"warmup": 2},
        "save_every": 100,
        **changes,
    }


def run_of(recipe: Recipe, folder: Path, workers: int, stop_after: int, log_every: int, begin: Path | None = None) -> Run:
    return train(*prepare(recipe, folder, "cpu", begin), folder, workers, stop_after, log_every)


def test_training_goes_on_bit_for_bit_where_it_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = recipe_of(recipe_for(tmp_path))
    run_of(recipe, tmp_path / "straight", 0, 0, 1)
    run_of(recipe, tmp_path / "halves", 1, 2, 1)
    assert torch.load(tmp_path / "halves" / "state.pt")["step"] == 2
    run_of(recipe, tmp_path / "halves", 0, 0, 1)
    a, b = (torch.load(tmp_path / name / "state.pt") for name in ("straight", "halves"))
    assert a["step"] == b["step"] == 4
    for part in ("network", "average"):
        assert all(torch.equal(value, b[part][key]) for key, value in a[part].items())
    for one, other in zip(a["optimiser"]["state"].values(), b["optimiser"]["state"].values(), strict=True):
        assert all(torch.equal(one[key], other[key]) for key in one)
    detector, names = load_checkpoint(tmp_path / "halves" / "weights.pt")
    assert names == sets.NAMES and detector.channels == 16
    capsys.readouterr()
    assert run_of(recipe, tmp_path / "halves", 0, 0, 1).step == 4
    assert "all 4 steps of the recipe are done" in capsys.readouterr().out


def test_training_goes_on_from_a_small_checkpoint_elsewhere(tmp_path: Path) -> None:
    recipe = recipe_of(recipe_for(tmp_path, average={"decay": 0.5, "ramp": 2}))
    run = run_of(recipe, tmp_path / "run", 0, 3, 1)
    small = tmp_path / "run" / "checkpoint.pt"
    # Eight bytes a parameter, and what a file of tensors costs.
    count = sum(parameter.numel() for parameter in run.network.parameters())
    assert small.stat().st_size < 0.6 * (tmp_path / "run" / "state.pt").stat().st_size
    assert small.stat().st_size < 8 * count + 700 * len(run.network.state_dict()) * 3
    # It is a checkpoint of the averaged weights, too.
    detector, _ = load_checkpoint(small)
    assert all(torch.equal(value, detector.state_dict()[key]) for key, value in run.average.network.state_dict().items())

    other = run_of(recipe, tmp_path / "other", 0, 0, 1, small)
    straight = run_of(recipe, tmp_path / "run", 0, 0, 1)
    assert (other.step, straight.step) == (4, 4)
    for key, value in straight.network.state_dict().items():
        np.testing.assert_allclose(other.network.state_dict()[key], value, atol=0.01 + 0.01 * float(value.abs().max()))
    with pytest.raises(ValueError, match="one without a run's state"):
        run_of(recipe, tmp_path / "third", 0, 0, 1, tmp_path / "run" / "weights.pt")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of a short run and of its pictures."""
    folder = tmp_path_factory.mktemp("trained")
    pictures = sets.sightline_set(folder / "larger", 200)
    recipe = recipe_for(
        folder,
        steps=100,
        channels=32,
        data=[{"path": str(pictures)}],
        curriculum=[{"until": 1, "sizes": ["96x64"], "batch": 4, "strength": 0.3, "grids": {"1x1": 1}}],
        canvas={"scale": [0.8, 1.2]},
        optimiser={"warmup": 20, "rate": 0.004},
        average={"decay": 0.98, "ramp": 50},
        judge={"every": 100, "sizes": ["96x64"]},
    )
    run_of(recipe_of(recipe), folder / "run", 0, 0, 50)
    return folder / "run", pictures


def test_training_finds_objects_in_pictures_that_it_never_saw(trained: tuple[Path, Path]) -> None:
    last = json.loads((trained[0] / "log.jsonl").read_text().splitlines()[-1])
    # Random weights reach 0.
    assert last["96x64"]["ap50"] > 25


def test_scores_are_calibrated_by_the_program(
    tmp_path: Path, trained: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = trained[0] / "weights.pt", tmp_path / "new" / "calibrated.pt"
    arguments = ["--data", str(trained[1]), "--sizes", "96x64", "--output", str(target)]
    monkeypatch.setattr(sys, "argv", ["calibrate.py", str(source), *arguments])
    calibrate.main()
    errors = re.search(r"96x64: error from 0\.1 on ([0-9.]+) before, ([0-9.]+) after", capsys.readouterr().out)
    assert errors is not None and float(errors[2]) < float(errors[1])
    person, car = (torch.load(target)["calibration"][name] for name in sets.NAMES)
    assert person == car and person["scale"] > 0
    assert "calibration" not in torch.load(source)
    monkeypatch.setattr(sys, "argv", ["calibrate.py", str(source), *arguments, "--groups", "car", "person"])
    calibrate.main()
    person, car = (torch.load(target)["calibration"][name] for name in sets.NAMES)
    assert person != car
    assert re.match(r"car: scale [0-9.]+, shift [-0-9.]+\nperson: scale", capsys.readouterr().out)


def test_a_run_is_not_gone_on_with_by_another_recipe(tmp_path: Path) -> None:
    run_of(recipe_of(recipe_for(tmp_path)), tmp_path / "run", 0, 1, 1)
    with pytest.raises(ValueError, match=r"expected the recipe that it was begun with.*optimiser"):
        run_of(recipe_of(recipe_for(tmp_path, optimiser={"warmup": 1})), tmp_path / "run", 0, 1, 1)


def test_bfloat16_judging_and_the_program_itself(tmp_path: Path) -> None:
    judge = {"every": 2, "sizes": ["96x64"], "pictures": 2}
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe_for(tmp_path, judge=judge)))
    program = Path(sys.modules["train"].__file__ or "")
    arguments = ["--output", tmp_path / "run", "--set", "precision=bf16", "--set", "steps=2", "--workers", "0"]
    done = subprocess.run(
        [sys.executable, program, path, *arguments, "--device", "cpu", "--threads", "1", "--log-every", "1"],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [0, 1, 2, 2]
    assert rows[1]["positives"] > 0 and np.isfinite(rows[1]["loss"])
    assert set(rows[3]["96x64"]) == {"ap", "ap50", "person"}


def test_training_starts_from_a_checkpoint_or_refuses_another_kind(tmp_path: Path, small: Detector) -> None:
    save_checkpoint(tmp_path / "init.pt", small, sets.NAMES, 0)
    init = str(tmp_path / "init.pt")
    run = run_of(recipe_of(recipe_for(tmp_path, init=init, steps=1, optimiser={"rate": 0.0})), tmp_path / "run", 0, 0, 1)
    assert torch.equal(run.network.cls[0].weight, small.cls[0].weight)
    with pytest.raises(ValueError, match="init: expected b0, 8 channels"):
        run_of(recipe_of(recipe_for(tmp_path, init=init, channels=8)), tmp_path / "other", 0, 0, 1)


@pytest.mark.parametrize("size", [(64, 32), (96, 64)])
def test_the_exported_graph_equals_pytorch(tmp_path: Path, small: Detector, size: tuple[int, int]) -> None:
    export_onnx(small, size, tmp_path / "a.onnx")
    frames = np.random.default_rng(0).integers(0, 256, (2, size[1] * 3 // 2, size[0]), dtype=np.uint8)
    boxes, scores = compare(small, tmp_path / "a.onnx", size, frames)
    assert boxes < 1e-4 and scores < 1e-4


def test_float16_and_int8_exports_come_near(tmp_path: Path, small: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(tmp_path / "a.pt", small, sets.NAMES, 0)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for index in range(4):
        (pictures / f"{index}.png").write_bytes(sets.encode(sets.draw(index)[0]))
    frames = np.random.default_rng(0).integers(16, 236, (1, 96, 96), dtype=np.uint8)
    for precision, kind, near in (("fp16", onnx.TensorProto.FLOAT16, 0.5), ("int8", onnx.TensorProto.INT8, 8.0)):
        path = tmp_path / f"{precision}.onnx"
        other = path.with_suffix(".fp32.onnx")
        other.write_text("of somebody else")
        arguments = ["--output", str(path), "--size", "96x64", "--precision", precision]
        typical = ["--calibrate", str(pictures)] if precision == "int8" else []
        monkeypatch.setattr(sys, "argv", ["export.py", str(tmp_path / "a.pt"), *arguments, *typical])
        export_main()
        assert other.read_text() == "of somebody else"
        boxes, scores = compare(load_checkpoint(tmp_path / "a.pt")[0], path, SIZE, frames)
        assert boxes < near and scores < 0.05
        graph = onnx.load(str(path)).graph
        assert kind in {tensor.data_type for tensor in graph.initializer}
        assert [output.type.tensor_type.elem_type for output in graph.output] == [onnx.TensorProto.FLOAT] * 2
        assert json.loads((tmp_path / f"{precision}.manifest.json").read_text())["outputs"]["scores"]["shape"][2] == 2


@pytest.mark.parametrize("size", [(416, 256), (640, 384)])
def test_the_published_checkpoint_exports_to_the_published_graph(tmp_path: Path, published: Path, size: tuple[int, int]) -> None:
    detector, names = load_checkpoint(published / "efficientvit-b0.pt")
    name = f"efficientvit-b0-{size[0]}x{size[1]}"
    export_onnx(detector, size, tmp_path / f"{name}.onnx")
    theirs, ours = (ort.InferenceSession(str(folder / f"{name}.onnx")) for folder in (published, tmp_path))
    for golden in sorted((published / "golden").glob(f"{name}.*.i420")):
        frames = np.fromfile(golden, np.uint8).reshape(1, size[1] * 3 // 2, size[0])
        for a, b in zip(theirs.run(None, {"frames": frames}), ours.run(None, {"frames": frames}), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-3)
        sums = json.loads(golden.with_suffix(".json").read_text())["sums"]
        assert ours.run(["scores"], {"frames": frames})[0].sum(dtype=float) == pytest.approx(sums["scores"], rel=1e-4)
    # The manifest says the same of both, but for what is of the file itself and what is written by people.
    manifest = json.loads(write_manifest(tmp_path / f"{name}.onnx", detector, names, size, "Apache-2.0").read_text())
    published_manifest = json.loads((published / f"{name}.manifest.json").read_text())
    for key in ("schemaVersion", "name", "file", "layout", "architecture", "input", "outputs", "labels"):
        assert manifest[key] == published_manifest[key]


def test_evaluation_is_perfect_where_detections_are_the_truth(tmp_path: Path) -> None:
    truth = [np.array([[0, 5, 5, 40, 40, 1], [1, 50, 5, 90, 60, 0.7], [0, 60, 60, 90, 90, -1]], np.float64)]
    found = [np.array([[5, 5, 40, 40, 0.9, 0], [50, 5, 90, 60, 0.8, 1], [61, 61, 89, 89, 0.95, 0]], np.float32)]
    result = average_precision(truth, found, ["a", "b", "c"])
    assert (result["ap"], result["ap50"]) == (100, 100)
    assert result["labels"] == {n: {"ap": 100.0, "ap50": 100.0, "objects": 1} for n in "ab"}
    assert operating_points(truth, found, (0.5, 0.85)) == {0.5: (1.0, 1.0), 0.85: (1.0, 0.5)}
    nothing = [np.zeros((0, 6), np.float32)]
    assert average_precision(truth, nothing, ["a"])["ap50"] == 0
    assert operating_points(truth, nothing, (0.5,)) == {0.5: (0.0, 0.0)}


def test_a_checkpoint_and_its_graph_are_judged_alike(
    tmp_path: Path, small: Detector, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = sets.sightline_set(tmp_path / "set")
    save_checkpoint(tmp_path / "a.pt", small, sets.NAMES, 0)
    export_onnx(small, SIZE, tmp_path / "a.onnx")
    results = []
    for arguments in ([str(tmp_path / "a.pt"), "--size", "96x64"], [str(tmp_path / "a.onnx")]):
        extra = ["--data", str(root), "--threads", "1", "--json", str(tmp_path / "r.json")]
        monkeypatch.setattr(sys, "argv", ["evaluate.py", *arguments, *extra])
        evaluate.main()
        results.append(json.loads((tmp_path / "r.json").read_text()))
    for result in results:
        del result["model"]
    assert results[0] == results[1] and results[0]["pictures"] == 3
    assert "AP50" in capsys.readouterr().out


def test_labels_of_a_model_are_matched_with_those_of_the_pictures_by_name(
    tmp_path: Path, small: Detector, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = sets.sightline_set(tmp_path / "set")
    of_pictures = json.loads((root / "names.json").read_text())
    of_model = [of_pictures[1], of_pictures[0]]
    save_checkpoint(tmp_path / "a.pt", small, of_model, 0)
    shared = ["evaluate.py", str(tmp_path / "a.pt"), "--data", str(root), "--threads", "1"]
    seen = []
    for extra in ([], ["--names", ",".join(of_model)]):
        monkeypatch.setattr(sys, "argv", [*shared, "--size", "96x64", "--json", str(tmp_path / "r.json"), *extra])
        evaluate.main()
        seen.append(json.loads((tmp_path / "r.json").read_text())["labels"])
    assert list(seen[0]) == [name for name in of_model if name in seen[0]] and seen[0] == seen[1]
    monkeypatch.setattr(sys, "argv", shared)
    with pytest.raises(SystemExit):
        evaluate.main()
    assert "a checkpoint needs a size" in capsys.readouterr().err
