"""EfficientViT-B0 to B3 (Cai et al., ICCV 2023, table 1 and the published code's configurations)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from network.attention import EfficientViTBlock
from network.layers import Residual, conv_norm, ds_conv, mb_conv


@dataclass(frozen=True)
class Variant:
    """Widths and depths of the stem and the four stages, and the channels of an attention head."""

    widths: tuple[int, int, int, int, int]
    depths: tuple[int, int, int, int, int]
    head_dim: int


VARIANTS: dict[str, Variant] = {
    "b0": Variant((8, 16, 32, 64, 128), (1, 2, 2, 2, 2), 16),
    "b1": Variant((16, 32, 64, 128, 256), (1, 2, 3, 3, 4), 16),
    "b2": Variant((24, 48, 96, 192, 384), (1, 3, 4, 4, 6), 32),
    "b3": Variant((32, 64, 128, 256, 512), (1, 4, 6, 6, 9), 32),
}


class Backbone(nn.Module):
    """[N, 3, H, W] -> features of the last three stages, at strides 8, 16 and 32.

    Stem and stages 0 and 1 are MBConvs with a norm after each convolution; stages 2 and 3 begin with one that has a
    norm only at its end, and go on with EfficientViT blocks.
    """

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        widths, depths = variant.widths, variant.depths
        stem: list[nn.Module] = [conv_norm(3, widths[0], 3, 2)]
        stem += [Residual(ds_conv(widths[0], widths[0])) for _ in range(depths[0])]
        self.stem = nn.Sequential(*stem)
        stages = []
        for index in range(1, 5):
            before, width = widths[index - 1], widths[index]
            if index <= 2:
                blocks: list[nn.Module] = [mb_conv(before, width, stride=2)]
                blocks += [Residual(mb_conv(width, width)) for _ in range(depths[index] - 1)]
            else:
                blocks = [mb_conv(before, width, stride=2, norms=(False, False, True))]
                blocks += [EfficientViTBlock(width, variant.head_dim) for _ in range(depths[index])]
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        x = self.stem(x)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features[1:]
