"""CSPDarknet, the backbone of YOLOv5, to be compared with EfficientViT under the same neck, head, data and steps.

Cross-stage partial connections: Wang et al., "CSPNet: A New Backbone that can Enhance Learning Capability of CNN", CVPR
Workshops 2020; fast pyramid pooling after He et al., SPP, ECCV 2014. Widths and depths are those of YOLOv5's smallest
published model ("n": a quarter of the channels, a third of the blocks); the code is ours, by the published description.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

CSP_WIDTHS = (16, 32, 64, 128, 256)
CSP_DEPTHS = (1, 2, 3, 1)


def conv_silu(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, padding: int | None = None) -> nn.Sequential:
    """Convolution, batch norm, SiLU: [N, inputs, H, W] -> [N, outputs, H / stride, W / stride]."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2 if padding is None else padding, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.SiLU())


class Bottleneck(nn.Module):
    """x + 3x3(1x1(x)), at one width."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.m = nn.Sequential(conv_silu(channels, channels), conv_silu(channels, channels, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.m(x)


class CspStage(nn.Module):
    """Half of the channels go through `depth` bottlenecks, half past them. Keeps the shape [N, channels, H, W]."""

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        half = channels // 2
        self.through, self.past = conv_silu(channels, half), conv_silu(channels, half)
        self.m = nn.Sequential(*(Bottleneck(half) for _ in range(depth)))
        self.out = conv_silu(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(torch.cat([self.m(self.through(x)), self.past(x)], dim=1))


class FastPyramidPooling(nn.Module):
    """Greatest values over 5, 9 and 13 cells, by a window of 5 applied again and again. Keeps the shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce, self.out = conv_silu(channels, channels // 2), conv_silu(channels * 2, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pyramid = [self.reduce(x)]
        for _ in range(3):
            pyramid.append(F.max_pool2d(pyramid[-1], 5, 1, 2))
        return self.out(torch.cat(pyramid, dim=1))


class CspBackbone(nn.Module):
    """[N, 3, H, W] -> features at strides 8, 16 and 32, with `CSP_WIDTHS[2:]` channels."""

    def __init__(self) -> None:
        super().__init__()
        widths = CSP_WIDTHS
        self.stem = conv_silu(3, widths[0], 6, 2, 2)
        self.stages = nn.ModuleList(
            nn.Sequential(conv_silu(before, width, 3, 2), CspStage(width, depth))
            for before, width, depth in zip(widths, widths[1:], CSP_DEPTHS, strict=False)
        )
        self.pool = FastPyramidPooling(widths[-1])

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        x = self.stem(x)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return [*features[1:-1], self.pool(features[-1])]
