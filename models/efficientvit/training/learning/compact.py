"""A run's state at half of its size: small enough to be committed, so that training goes on on any machine.

It is a checkpoint of the averaged weights, which `evaluate.py` and `export.py` read as such, with what is needed to go on
beside them: how far the weights are from their average, and Adam's second moments, both in bfloat16 (8 bits of mantissa).
First moments are left out: they forget within some ten steps (beta 0.9). So a run goes on as it would have, not bit for bit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from network.checkpoint import read_saved, save_checkpoint
from network.detector import Detector

State = dict[str, Any]
"""What `Run.save` writes into `state.pt`."""


def save_compact(path: Path, average: Detector, state: State) -> None:
    """Writes the averaged weights and `state`, in about 8 bytes a parameter, whole or not at all."""
    network: dict[str, torch.Tensor] = state["network"]
    difference = {key: (value - state["average"][key]).bfloat16() for key, value in network.items() if value.is_floating_point()}
    moments = state["optimiser"]["state"]
    resume = {
        "recipe": state["recipe"],
        "step": state["step"],
        "difference": difference,
        "squares": {key: moment["exp_avg_sq"].bfloat16() for key, moment in moments.items()},
        "optimiserStep": max((float(moment["step"]) for moment in moments.values()), default=0.0),
    }
    save_checkpoint(path, average, state["names"], state["step"], {"resume": resume})


def load_compact(path: Path, optimiser: torch.optim.Optimizer) -> State:
    """A state as `state.pt` holds it; groups of parameters are those of `optimiser`. ValueError when the file is none."""
    content = read_saved(path)
    if not isinstance(content, dict) or "resume" not in content:
        raise ValueError(f"{path}: expected a checkpoint to go on from, got one without a run's state; use it as init")
    average, resume = content["state"], content["resume"]
    network = {
        key: value + resume["difference"][key].float() if value.is_floating_point() else value for key, value in average.items()
    }
    moments = {
        key: {
            "step": torch.tensor(resume["optimiserStep"]),
            "exp_avg": torch.zeros_like(square, dtype=torch.float32),
            "exp_avg_sq": square.float(),
        }
        for key, square in resume["squares"].items()
    }
    return {
        "recipe": resume["recipe"],
        "names": content["names"],
        "step": resume["step"],
        "network": network,
        "average": average,
        "optimiser": {"state": moments, "param_groups": optimiser.state_dict()["param_groups"]},
    }
