"""Weights in and out: our own checkpoints, and the backbones that MIT publishes."""

from __future__ import annotations

import math
import pickle
import re
import textwrap
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from network.backbone import Backbone
from network.detector import Detector

_CONVS = {2: ("depth_conv", "point_conv"), 3: ("inverted_conv", "depth_conv", "point_conv")}
_PARTS = ("conv", "norm")


def save_checkpoint(
    path: Path, detector: Detector, names: list[str], iterations: int, more: dict[str, Any] | None = None
) -> None:
    """Writes `{state, names, variant, channels, iterations}` and `more`, whole or not at all."""
    content = {
        "state": {key: value.detach().cpu() for key, value in detector.state_dict().items()},
        "names": names,
        "variant": detector.variant,
        "channels": detector.channels,
        "iterations": iterations,
        **(more or {}),
    }
    _write(path, content)


@dataclass(frozen=True)
class Calibration:
    """A score's logit times `scale` plus `shift` is that of the chance that its box is right (`judging.calibration`)."""

    scale: float = 1.0
    shift: float = 0.0

    def __post_init__(self) -> None:
        if not (0 < self.scale < math.inf and math.isfinite(self.shift)):
            raise ValueError(f"calibration: expected a scale above 0 and a finite shift, got {self.scale} and {self.shift}")


def calibrate_checkpoint(source: Path, target: Path, calibrations: dict[str, Calibration]) -> None:
    """Writes a copy of a checkpoint with another calibration of each label, whole or not at all; all else stays."""
    content = _read(source)
    _write(target, {**content, "calibration": {name: asdict(calibrations[name]) for name in content["names"]}})


def mix_checkpoints(parts: list[tuple[Path, float]], target: Path) -> None:
    """Writes a copy of the first checkpoint, uncalibrated, whose weights are the mean of all by their shares.

    ValueError unless all are of one detector and the shares make 1.
    """
    shares = [share for _, share in parts]
    if not math.isclose(sum(shares), 1, abs_tol=1e-6):
        raise ValueError(f"expected shares that make 1, got {sum(shares):g}")
    contents = [_read(path) for path, _ in parts]
    first = contents[0]
    for (path, _), content in zip(parts, contents, strict=True):
        try:
            shapes = [{key: value.shape for key, value in one["state"].items()} for one in (first, content)]
        except AttributeError:
            shapes = [None, {}]
        if content["names"] != first["names"] or shapes[0] != shapes[1]:
            raise ValueError(f"{path}: expected a checkpoint with the labels and weights of {parts[0][0]}, got another")
    state = {
        key: sum(share * content["state"][key] for share, content in zip(shares, contents, strict=True))
        if value.is_floating_point()
        else value
        for key, value in first["state"].items()
    }
    kept = {key: value for key, value in first.items() if key != "calibration"}
    _write(target, {**kept, "state": state})


def load_checkpoint(path: Path, calibrated: bool = True) -> tuple[Detector, list[str]]:
    """The detector of a checkpoint, in evaluation mode, and its labels. Every name and shape must agree.

    With `calibrated` its scores are what the checkpoint's calibration makes of them: the last convolution gives logits that are
    scaled and shifted already, so that a graph does nothing more for it. Training wants them as they were learned.
    ValueError when the file is no checkpoint of a detector.
    """
    content = _read(path)
    variant, names, channels = content["variant"], content["names"], content["channels"]
    try:
        detector = Detector(variant, len(names), channels)
        calibrations = _calibrations(content) if calibrated else None
    except (TypeError, ValueError) as fault:
        raise ValueError(f"{path}: {fault}") from fault
    try:
        detector.load_state_dict(content["state"], strict=True)
    except (RuntimeError, TypeError) as fault:
        wanted = f"weights of {variant} with {channels} channels and {len(names)} labels"
        # PyTorch names every tensor that does not fit: hundreds.
        raise ValueError(f"{path}: expected {wanted}, got others: {textwrap.shorten(str(fault), 400)}") from fault
    if calibrations is not None:
        _fold(detector, calibrations)
    return detector.eval(), list(names)


def _calibrations(content: dict[str, Any]) -> list[Calibration] | None:
    """Of each label, in their order; None where there is none. Those before 2026-11-28 had one for all labels."""
    saved, names = content.get("calibration"), content["names"]
    if saved is None:
        return None
    of_all = isinstance(saved, dict) and isinstance(saved.get("scale"), float)
    if not of_all and not (isinstance(saved, dict) and saved.keys() == set(names)):
        raise ValueError(f"calibration: expected one of each of {', '.join(names)}, got {textwrap.shorten(str(saved), 200)}")
    return [Calibration(**(saved if of_all else saved[name])) for name in names]


@torch.no_grad()
def _fold(detector: Detector, calibrations: list[Calibration]) -> None:
    scale, shift = (torch.tensor([getattr(one, part) for one in calibrations]) for part in ("scale", "shift"))
    for conv in detector.cls:
        assert isinstance(conv, nn.Conv2d) and conv.bias is not None
        conv.weight.mul_(scale[:, None, None, None])
        conv.bias.mul_(scale).add_(shift)


def _write(path: Path, content: dict[str, Any]) -> None:
    if path.exists() and not path.is_file():
        raise OSError(f"{path}: expected a file or nothing, got a folder or a device")
    partial = path.with_suffix(path.suffix + ".part")
    try:
        torch.save(content, partial)
        partial.replace(path)
    except RuntimeError as fault:
        # What PyTorch makes of a full disk.
        raise OSError(f"{path}: expected to write it, got {textwrap.shorten(str(fault), 200)}") from fault
    finally:
        partial.unlink(missing_ok=True)


def read_saved(path: Path) -> Any:
    """What `torch.save` wrote, tensors on the CPU. ValueError for another file."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (EOFError, KeyError, RuntimeError, pickle.UnpicklingError) as fault:
        raise ValueError(f"{path}: expected what PyTorch saved, got another file") from fault


def _read(path: Path) -> dict[str, Any]:
    content = read_saved(path)
    wanted = {"state", "names", "variant", "channels"}
    if not isinstance(content, dict) or not wanted <= content.keys():
        found = sorted(content) if isinstance(content, dict) else type(content).__name__
        raise ValueError(f"{path}: expected a checkpoint with {sorted(wanted)}, got {found}")
    return content


def mit_name(name: str) -> str:
    """A backbone's parameter under the name that MIT's code gives it (github.com/mit-han-lab/efficientvit).

    >>> mit_name("stages.2.1.a.m.agg.0.1.weight")
    'stages.2.op_list.1.context_module.main.aggreg.0.1.weight'
    """
    root, rest = name.split(".", 1)
    if root == "stem":
        prefix, block, rest = "input_stem", *rest.split(".", 1)
    else:
        stage, block, rest = rest.split(".", 2)
        prefix = f"stages.{stage}"
    place = f"{prefix}.op_list.{block}"
    if root == "stem" and block == "0":
        return f"{place}.{_leaf(rest)}"
    attention = re.fullmatch(r"a\.m\.(.+)", rest)
    if attention:
        inner = attention[1]
        if inner.startswith("agg."):
            return f"{place}.context_module.main.aggreg.{inner[4:]}"
        if inner.startswith("qkv."):
            return f"{place}.context_module.main.qkv.conv.{inner[4:]}"
        return f"{place}.context_module.main.proj.{_leaf(inner[5:])}"
    local = "local_module.main" if rest.startswith("l.m.") else "main"
    index, inner = re.sub(r"^(l\.)?m\.", "", rest).split(".", 1)
    convs = _CONVS[2 if root == "stem" else 3]
    return f"{place}.{local}.{convs[int(index)]}.{_leaf(inner)}"


def _leaf(rest: str) -> str:
    part, leaf = rest.split(".", 1)
    return f"{_PARTS[int(part)]}.{leaf}"


def load_mit_backbone(backbone: Backbone, path: Path) -> int:
    """Fills a backbone from a published checkpoint of any task (classification, segmentation); its head is left out.

    Returns how many tensors were loaded. ValueError naming what is missing or of another shape; nothing is loaded then.
    """
    content = read_saved(path)
    theirs: dict[str, torch.Tensor] = content.get("state_dict", content) if isinstance(content, dict) else {}
    theirs = {re.sub(r"^(module\.)?(backbone\.)?", "", key): value for key, value in theirs.items()}
    ours = backbone.state_dict()
    faults, filled = [], {}
    for key, value in ours.items():
        name = mit_name(key)
        if name not in theirs:
            if key.endswith("num_batches_tracked"):
                filled[key] = value
            else:
                faults.append(f"{name} is missing")
        elif theirs[name].shape != value.shape:
            faults.append(f"{name}: expected {tuple(value.shape)}, got {tuple(theirs[name].shape)}")
        else:
            filled[key] = theirs[name]
    if faults:
        more = f" and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise ValueError(f"{path} does not fit this backbone: {'; '.join(faults[:5])}{more}")
    backbone.load_state_dict(filled, strict=True)
    return len(filled)
