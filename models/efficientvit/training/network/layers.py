"""Convolutional blocks: what MobileNetV2 (Sandler et al., CVPR 2018) calls an inverted residual, and its parts.

Shapes are [N, C, H, W]. The positions of modules inside a Sequential are part of the names in a checkpoint, so
that a block without a normalisation has no second entry rather than an empty one.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


def conv_norm(
    inputs: int,
    outputs: int,
    kernel: int,
    stride: int = 1,
    groups: int = 1,
    norm: bool = True,
    act: bool = True,
) -> nn.Sequential:
    """Convolution with "same" padding, then batch norm (or a bias in its place), then hard-swish.

    [N, inputs, H, W] -> [N, outputs, ceil(H / stride), ceil(W / stride)]. Hard-swish is x * min(max(x + 3, 0), 6) / 6
    (Howard et al., Searching for MobileNetV3, ICCV 2019).
    """
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=not norm)
    parts: list[nn.Module] = [conv]
    if norm:
        parts.append(nn.BatchNorm2d(outputs))
    if act:
        parts.append(nn.Hardswish(inplace=False))
    return nn.Sequential(*parts)


def ds_conv(inputs: int, outputs: int, stride: int = 1, last_act: bool = False) -> nn.Sequential:
    """Depthwise 3x3, then pointwise: [N, inputs, H, W] -> [N, outputs, H / stride, W / stride]."""
    return nn.Sequential(
        conv_norm(inputs, inputs, 3, stride, groups=inputs),
        conv_norm(inputs, outputs, 1, act=last_act),
    )


def mb_conv(
    inputs: int,
    outputs: int,
    stride: int = 1,
    expand: int = 4,
    norms: Sequence[bool] = (True, True, True),
) -> nn.Sequential:
    """Inverted bottleneck: 1x1 to `expand` times the channels, depthwise 3x3, 1x1 without an activation.

    [N, inputs, H, W] -> [N, outputs, H / stride, W / stride]. `norms` says which of the three convolutions has a
    batch norm; the later stages of EfficientViT keep only the last.
    """
    middle = inputs * expand
    return nn.Sequential(
        conv_norm(inputs, middle, 1, norm=norms[0]),
        conv_norm(middle, middle, 3, stride, groups=middle, norm=norms[1]),
        conv_norm(middle, outputs, 1, norm=norms[2], act=False),
    )


class Residual(nn.Module):
    """x + m(x), for an `m` that keeps the shape."""

    def __init__(self, main: nn.Module) -> None:
        super().__init__()
        self.m = main

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.m(x)
