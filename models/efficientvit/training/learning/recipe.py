"""A recipe: everything that decides what a training run does, read from YAML, each value changeable on the command line."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from data.canvas import CanvasOptions
from learning.assign import AssignOptions
from learning.losses import LossOptions


@dataclass(frozen=True)
class Stage:
    """A part of the run: up to the fraction `until` of its steps, pictures of one of `sizes` (WIDTHxHEIGHT, drawn anew for
    each step with `chances`, alike by default), `batch` of them, camera-like changes at `strength` of their chances, and
    layouts other than the recipe's (`grids`)."""

    until: float
    sizes: list[str]
    chances: list[float] | None = None
    batch: int = 32
    strength: float = 1.0
    grids: dict[str, float] | None = None


@dataclass(frozen=True)
class CacheOptions:
    """Decoded pictures: in which folder, and their longest side at most."""

    folder: str = "/tmp/sightline-cache"
    max_side: int = 640


@dataclass(frozen=True)
class SamplingOptions:
    """See `data.sampling.picture_weights`."""

    sources: dict[str, float] = field(default_factory=dict)
    balance: float = 0.0
    background: float = 1.0


@dataclass(frozen=True)
class OptimiserOptions:
    """AdamW (Loshchilov and Hutter, ICLR 2019). `rate` after `warmup` steps; constant until the fraction `hold` of the run,
    then down a half cosine to `rate * last`. `decay` of weights, not of norms and biases. `clip`: greatest norm of the
    gradient. `backbone`: factor on the rate of the backbone."""

    rate: float = 2e-3
    warmup: int = 300
    hold: float = 0.0
    last: float = 0.01
    decay: float = 0.03
    clip: float = 10.0
    backbone: float = 1.0


@dataclass(frozen=True)
class AverageOptions:
    """See `learning.average.Average`."""

    decay: float = 0.9998
    ramp: float = 1000.0

    def __post_init__(self) -> None:
        if not 0 <= self.decay < 1 or self.ramp <= 0:
            raise ValueError(f"expected a decay of 0 to below 1 and a ramp above 0, got {self.decay} and {self.ramp}")


@dataclass(frozen=True)
class JudgeOptions:
    """AP of the averaged weights every so many steps (0: never) at each size, on at most `pictures` of the split (0: all)."""

    every: int = 0
    sizes: list[str] = field(default_factory=lambda: ["416x256", "640x384"])
    split: str = "val"
    pictures: int = 0


@dataclass(frozen=True)
class Recipe:
    """`init` is a checkpoint of ours to start from, `backbone` one of MIT's; without both all weights are random."""

    steps: int
    data: list[dict[str, Any]]
    curriculum: list[Stage]
    seed: int = 1
    variant: str = "b0"
    channels: int = 96
    names: list[str] | None = None
    init: str | None = None
    backbone: str | None = None
    precision: str = "fp32"
    save_every: int = 500
    cache: CacheOptions = field(default_factory=CacheOptions)
    sampling: SamplingOptions = field(default_factory=SamplingOptions)
    canvas: CanvasOptions = field(default_factory=CanvasOptions)
    assign: AssignOptions = field(default_factory=AssignOptions)
    loss: LossOptions = field(default_factory=LossOptions)
    optimiser: OptimiserOptions = field(default_factory=OptimiserOptions)
    average: AverageOptions = field(default_factory=AverageOptions)
    judge: JudgeOptions = field(default_factory=JudgeOptions)

    def __post_init__(self) -> None:
        faults = []
        for key in ("steps", "channels", "save_every"):
            if getattr(self, key) < 1:
                faults.append(f"{key}: expected at least 1, got {getattr(self, key)}")
        if self.precision not in ("fp32", "bf16"):
            faults.append(f"precision: expected fp32 or bf16, got {self.precision}")
        if self.init and self.backbone:
            faults.append("init, backbone: expected one of them, got both")
        if not self.data:
            faults.append("data: expected at least one set, got none")
        for index, spec in enumerate(self.data):
            if not isinstance(spec.get("path"), str):
                faults.append(f"data[{index}]: expected a path, got {spec}")
        untils = [stage.until for stage in self.curriculum]
        if not untils or untils != sorted(untils) or untils[-1] != 1:
            faults.append(f"curriculum: expected rising `until` that end with 1, got {untils}")
        for index, stage in enumerate(self.curriculum):
            faults += _size_faults(f"curriculum[{index}].sizes", stage.sizes)
            if not stage.sizes or (stage.chances is not None and len(stage.chances) != len(stage.sizes)):
                faults.append(f"curriculum[{index}]: expected sizes, and as many chances if any")
            if stage.batch < 1:
                faults.append(f"curriculum[{index}].batch: expected at least 1, got {stage.batch}")
            for part, chances in (("chances", stage.chances), ("grids", stage.grids and list(stage.grids.values()))):
                if chances and (min(chances) < 0 or not 0 < sum(chances) < math.inf):
                    faults.append(f"curriculum[{index}].{part}: expected some above 0, none below, got {chances}")
        faults += _size_faults("judge.sizes", self.judge.sizes)
        if faults:
            raise ValueError("\n".join(faults))


def _size_faults(path: str, sizes: list[str]) -> list[str]:
    faults = []
    for size in sizes:
        sides = [int(side) if side.isdecimal() else 0 for side in size.split("x")]
        if len(sides) != 2 or any(side <= 0 or side % 32 for side in sides):
            faults.append(f"{path}: expected WIDTHxHEIGHT in multiples of 32, got {size}")
    return faults


def read_recipe(path: Path, changes: list[str]) -> Recipe:
    """Reads a recipe and applies changes such as `optimiser.rate=0.001` or `data.0.path=/data` (values are YAML).

    ValueError with the path of what is unknown or of the wrong type.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, ValueError) as fault:
        raise ValueError(f"{path}: expected YAML, got {' '.join(str(fault).split())}") from fault
    for change in changes:
        _apply(change, content)
    return recipe_of(content)


def _apply(change: str, content: Any) -> None:
    key, separator, text = change.partition("=")
    if not separator:
        raise ValueError(f"expected KEY=VALUE, got {change}")
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as fault:
        # ValueError: what looks like a date and is none.
        raise ValueError(f"{key}: expected YAML, got {text}") from fault
    parts = key.split(".")
    inner = content
    for depth, part in enumerate(parts):
        path = ".".join(parts[:depth]) or "recipe"
        if isinstance(inner, list):
            if not part.isdecimal() or int(part) >= len(inner):
                raise ValueError(f"{path}: expected an index below {len(inner)}, got {part}")
        elif not isinstance(inner, dict):
            raise ValueError(f"{path}: expected a mapping or a list, got {inner!r}")
        place: Any = int(part) if isinstance(inner, list) else part
        if depth == len(parts) - 1:
            inner[place] = value
        else:
            inner = inner[place] if isinstance(inner, list) else inner.setdefault(place, {})


def recipe_of(content: dict[str, Any]) -> Recipe:
    """A recipe of plain values, as `read_recipe` and a resumed run have them."""
    recipe: Recipe = _build(Recipe, content, "")
    return recipe


def size_of(text: str) -> tuple[int, int]:
    """`WIDTHxHEIGHT` -> (width, height)."""
    width, height = text.split("x")
    return int(width), int(height)


def _build(kind: Any, value: Any, path: str) -> Any:
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise ValueError(f"{path or 'recipe'}: expected a mapping, got {value!r}")
        known = typing.get_type_hints(kind)
        unknown = [key for key in value if key not in known]
        if unknown:
            raise ValueError(f"{path or 'recipe'}: expected {', '.join(known)}; got {', '.join(map(str, unknown))}")
        build: Any = kind
        made = {key: _build(known[key], inner, f"{path}.{key}".strip(".")) for key, inner in value.items()}
        try:
            return build(**made)
        except TypeError as fault:
            raise ValueError(f"{path or 'recipe'}: {fault}") from fault
        except ValueError as fault:
            # The recipe itself names its paths.
            raise ValueError(f"{path}: {fault}" if path else str(fault)) from fault
    origin, of = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return None if value is None else _build(next(k for k in of if k is not types.NoneType), value, path)
    if origin in (list, tuple) and isinstance(value, list | tuple):
        return origin(_build(of[0], inner, f"{path}[{index}]") for index, inner in enumerate(value))
    if origin is dict and isinstance(value, dict):
        return {str(key): _build(of[1], inner, f"{path}.{key}") for key, inner in value.items()}
    if kind is float and isinstance(value, int | float | str) and not isinstance(value, bool):
        # YAML 1.1 reads 2e-3 as text.
        with contextlib.suppress(ValueError, OverflowError):
            number = float(value)
            if math.isfinite(number):
                return number
    elif kind is Any or (isinstance(kind, type) and isinstance(value, kind) and not (kind is int and value is True)):
        return value
    raise ValueError(f"{path}: expected {getattr(kind, '__name__', kind)}, got {value!r}")
