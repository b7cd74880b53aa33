"""What the programs say of arguments and files that they cannot use: one line and 2, never a traceback."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest
import torch

import sets
from network.checkpoint import save_checkpoint
from network.detector import Detector

TRAINING = Path(__file__).resolve().parents[3] / "models/efficientvit/training"


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a set, a checkpoint of other labels, and files of other kinds."""
    folder = tmp_path_factory.mktemp("given")
    sets.sightline_set(folder / "set")
    save_checkpoint(folder / "other.pt", Detector(classes=1, channels=16), ["boat"], 1)
    torch.manual_seed(0)
    save_checkpoint(folder / "blind.pt", Detector(classes=2, channels=16), sets.NAMES, 1)
    torch.save({**torch.load(folder / "blind.pt"), "channels": 32}, folder / "wider.pt")
    torch.save({**torch.load(folder / "blind.pt"), "variant": "b9"}, folder / "variant.pt")
    torch.save({**torch.load(folder / "blind.pt"), "state": [1]}, folder / "states.pt")
    (folder / "text").write_text("no checkpoint, no graph")
    (folder / "empty").touch()
    (folder / "no.yaml").write_text("steps: [")
    known = {
        "steps": 1,
        "channels": 16,
        "data": [{"path": str(folder / "set")}],
        "curriculum": [{"until": 1, "sizes": ["64x64"]}],
    }
    for name, changes in {
        "recipe": {"curriculum": []},
        "nowhere": {"data": [{"path": str(folder / "nowhere")}]},
        "init": {"init": str(folder / "text")},
    }.items():
        (folder / f"{name}.yaml").write_text(json.dumps({**known, **changes}))
    torch.save({"epoch": 1}, folder / "foreign.pt")
    return folder


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("train.py {}/none.yaml --output {}/run", "none.yaml"),
        ("train.py {}/no.yaml --output {}/run", "no.yaml: expected YAML, got"),
        ("train.py {}/recipe.yaml --output {}/run", "curriculum: expected rising"),
        ("train.py {}/nowhere.yaml --output {}/run", "nowhere"),
        ("train.py {}/init.yaml --output {}/run", "text: expected what PyTorch saved, got another file"),
        ("train.py {}/init.yaml --set init=null --from {}/empty --output {}/run", "empty: expected what PyTorch saved"),
        ("train.py {}/init.yaml --set steps --output {}/run", "expected KEY=VALUE, got steps"),
        ("calibrate.py {}/text --data {}/set", "text: expected what PyTorch saved, got another file"),
        ("calibrate.py {}/foreign.pt --data {}/set", "foreign.pt: expected a checkpoint with"),
        ("calibrate.py {}/other.pt --data {}/set", "expected objects of the split val labelled boat, got none"),
        ("calibrate.py {}/other.pt --data {}/set --split tset", "expected pictures of the split tset, got none"),
        ("calibrate.py {}/blind.pt --data {}/set --groups person", "--groups: expected each of person, car once, got person"),
        ("calibrate.py {}/blind.pt --data {}/set --sizes 64x64", "expected detections that are right and others that"),
        ("calibrate.py {}/blind.pt --data {}/set --output {}/text/x.pt", "text"),
        ("calibrate.py {}/wider.pt --data {}/set", "wider.pt: expected weights of b0 with 32 channels and 2 labels, got"),
        ("export.py {}/variant.pt --output {}/x.onnx", "variant.pt: expected a variant of b0, b1"),
        ("export.py {}/blind.pt --output {}/x.onnx --calibrate {}/none", "--calibrate is for --precision int8, got fp32"),
        ("export.py {}/blind.pt --output {}/x.onnx --calibrate-count 0", "--calibrate-count: expected at least 1, got 0"),
        ("export.py {}/blind.pt --output {}/set", "set"),
        ("train.py {}/nowhere.yaml --set steps=[ --output {}/run", "steps: expected YAML, got ["),
        ("train.py {}/nowhere.yaml --set data.5.path=x --output {}/run", "data: expected an index below 1, got 5"),
        ("train.py {}/nowhere.yaml --set save_every=0 --output {}/run", "save_every: expected at least 1, got 0"),
        ("train.py {}/nowhere.yaml --set channels=-8 --output {}/run", "channels: expected at least 1, got -8"),
        ("train.py {}/nowhere.yaml --set curriculum.0.batch=0 --output {}/run", "[0].batch: expected at least 1, got 0"),
        ("train.py {}/nowhere.yaml --set curriculum.0.chances=[0] --output {}/run", "[0].chances: expected some above 0, none"),
        ('train.py {}/nowhere.yaml --set curriculum.0.grids={"2x2":0} --output {}/run', "[0].grids: expected some above 0, none"),
        ("train.py {}/nowhere.yaml --set average.ramp=0 --output {}/run", "average: expected a decay of 0 to below 1 and a ramp"),
        ("train.py {}/nowhere.yaml --set average.decay=2 --output {}/run", "average: expected a decay of 0 to below 1"),
        ("train.py {}/nowhere.yaml --set assign.top=-1 --output {}/run", "assign.top: expected at least 1 anchor, got -1"),
        ("mix.py {}/blind.pt=1 --output {}/set", "set"),
        ("mix.py {}/states.pt=1 --output {}/x.pt", "states.pt: expected a checkpoint with the labels and weights of"),
        ("ship.py {}/blind.pt --data {}/set --root {}/text", "text/out"),
        ("mix.py {}/blind.pt --output {}/x.pt", "expected PATH=SHARE with a share above 0 and at most 1, got"),
        ("mix.py {}/blind.pt=1 --output /dev/null", "/dev/null: expected a file or nothing, got a folder or a device"),
        ("mix.py {}/blind.pt=0.7 {}/blind.pt=0.7 --output {}/x.pt", "expected shares that make 1, got 1.4"),
        ("mix.py {}/blind.pt=0.5 {}/text=0.5 --output {}/x.pt", "text: expected what PyTorch saved, got another file"),
        ("ship.py {}/none.pt --data {}/set", "none.pt"),
        ("export.py {}/empty --output {}/x.onnx", "empty: expected what PyTorch saved, got another file"),
        ("export.py {}/other.pt --output {}/x.onnx --precision int8 --calibrate {}/set/none", "none"),
        ("golden.py {}/text --clip {}/text --output {}/golden", "text"),
        ("export.py {}/other.pt --output {}/x.onnx --score 0.01", "expected a score of 0.05 to below 1, got 0.01"),
        ("export.py {}/other.pt --output {}/x.onnx --score nan", "expected a score of 0.05 to below 1, got nan"),
        ("evaluate.py {}/other.pt --size 64x64 --data {}/set --names person,car", "other.pt: expected 1 labels, got person, car"),
        ("ship.py {}/other.pt --data {}/set", "expected objects of the split val labelled boat, got none"),
        ("ship.py {}/other.pt --data {}/set --sizes", "expected at least one argument"),
        ("evaluate.py {}/text --data {}/set", "text"),
        ("evaluate.py {}/none.onnx --data {}/set", "none.onnx: expected an ONNX graph, got none"),
        ("distill.py {}/set --teacher {}/text:yolov8 --output {}/labelled", "text: expected an ONNX graph, got"),
    ],
)
def test_programs_say_what_was_expected(
    given: Path, arguments: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program, *rest = arguments.split()
    monkeypatch.setattr(sys, "argv", [program, *(argument.replace("{}", str(given)) for argument in rest)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(TRAINING / program), run_name="__main__")
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
    assert not list(given.glob("*.part")) and not list(given.glob("*.onnx"))
