"""Averaged weights (exponential moving average; Polyak and Juditsky, 1992): what is judged and shipped."""

from __future__ import annotations

import copy
import math
from typing import Generic, TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


class Average(Generic[Network]):
    """Follows a network: after step n the average moves towards it by 1 - decay * (1 - exp(-n / ramp)).

    `ramp` lets the average follow closely at first, when the weights are still far from anything. Buffers of batch norms
    are averaged too; counters are copied.
    """

    def __init__(self, network: Network, decay: float, ramp: float) -> None:
        self.network: Network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay, self.ramp = decay, ramp

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """`step` counts from 1."""
        keep = self.decay * (1 - math.exp(-step / self.ramp))
        own, new = self.network.state_dict(), network.state_dict()
        floats = [key for key, value in own.items() if value.is_floating_point()]
        torch._foreach_lerp_([own[key] for key in floats], [new[key] for key in floats], 1 - keep)
        for key, value in own.items():
            if not value.is_floating_point():
                value.copy_(new[key])
