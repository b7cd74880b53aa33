"""The detector: backbone, additive neck (as FPN, Lin et al., CVPR 2017, then PANet, Liu et al., CVPR 2018, with sums in
place of concatenations) and a decoupled anchor-free head that predicts distances to the four sides (FCOS, Tian et al.,
ICCV 2019)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from network.backbone import VARIANTS, Backbone
from network.csp import CSP_WIDTHS, CspBackbone
from network.layers import Residual, conv_norm, ds_conv, mb_conv

STRIDES = (8, 16, 32)
PRIOR = 0.01
"""Score of every anchor before training, so that the many that see background do not drown the first steps
(Lin et al., Focal loss, ICCV 2017)."""


def upsample(x: torch.Tensor) -> torch.Tensor:
    """Twice the size by repetition: [N, C, H, W] -> [N, C, 2H, 2W]."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def anchor_grid(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Centres [A, 2] in input pixels and strides [A] of all cells, by stride, then row by row.

    ValueError unless both sides are multiples of 32.
    """
    if height % STRIDES[-1] or width % STRIDES[-1] or min(height, width) <= 0:
        raise ValueError(f"expected a size of multiples of {STRIDES[-1]}, got {width}x{height}")
    centres, strides = [], []
    for stride in STRIDES:
        rows = (torch.arange(height // stride) + 0.5) * stride
        columns = (torch.arange(width // stride) + 0.5) * stride
        y, x = torch.meshgrid(rows, columns, indexing="ij")
        centres.append(torch.stack([x.reshape(-1), y.reshape(-1)], dim=1))
        strides.append(torch.full((x.numel(),), float(stride)))
    return torch.cat(centres), torch.cat(strides)


def decode(regression: torch.Tensor, centres: torch.Tensor, strides: torch.Tensor) -> torch.Tensor:
    """Raw distances [N, A, 4] (left, top, right, bottom) -> boxes [N, A, 4] as corners in input pixels, not clipped."""
    distances = F.softplus(regression) * strides[None, :, None]
    return torch.cat([centres - distances[..., :2], centres + distances[..., 2:]], dim=-1)


class Detector(nn.Module):
    """Normalised-from-here detector: RGB [N, 3, H, W] in 0..1 -> raw outputs of all anchors.

    `variant` is one of EfficientViT's, or `csp` for YOLOv5's backbone, which is there to compare with. Names of parameters
    and buffers are those of the published checkpoint. `mean` and `std` are ImageNet's. ValueError for a variant that is
    not known.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, variant: str = "b0", classes: int = 11, channels: int = 96) -> None:
        super().__init__()
        if variant != "csp" and variant not in VARIANTS:
            raise ValueError(f"expected a variant of {', '.join(VARIANTS)}, csp; got {variant}")
        self.variant, self.classes, self.channels = variant, classes, channels
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.b = CspBackbone() if variant == "csp" else Backbone(VARIANTS[variant])
        widths = CSP_WIDTHS[2:] if variant == "csp" else VARIANTS[variant].widths[2:]
        self.lat = nn.ModuleList(conv_norm(width, channels, 1) for width in widths)
        self.td = nn.ModuleList(self._fuse() for _ in range(2))
        self.down = nn.ModuleList(conv_norm(channels, channels, 3, 2, groups=channels, act=False) for _ in range(2))
        self.bu = nn.ModuleList(self._fuse() for _ in range(2))
        self.head = nn.ModuleList(nn.Sequential(*(ds_conv(channels, channels, last_act=True) for _ in range(2))) for _ in STRIDES)
        self.cls = nn.ModuleList(nn.Conv2d(channels, classes, 1) for _ in STRIDES)
        self.reg = nn.ModuleList(nn.Conv2d(channels, 4, 1) for _ in STRIDES)
        self._initialise()

    def _fuse(self) -> nn.Module:
        return Residual(mb_conv(self.channels, self.channels, expand=2))

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for heads, bias in ((self.cls, -math.log((1 - PRIOR) / PRIOR)), (self.reg, 1.0)):
            for conv in heads:
                assert isinstance(conv, nn.Conv2d) and conv.bias is not None
                nn.init.normal_(conv.weight, std=0.01)
                nn.init.constant_(conv.bias, bias)

    def neck(self, features: list[torch.Tensor]) -> list[torch.Tensor]:
        """Three levels [N, width, H/s, W/s] -> three levels [N, channels, H/s, W/s] that have seen one another."""
        low, middle, high = (lateral(f) for lateral, f in zip(self.lat, features, strict=True))
        middle = self.td[0](middle + upsample(high))
        low = self.td[1](low + upsample(middle))
        middle = self.bu[0](middle + self.down[0](low))
        high = self.bu[1](high + self.down[1](middle))
        return [low, middle, high]

    def raw(self, normalised: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalised RGB [N, 3, H, W] -> regression [N, A, 4], class logits [N, A, classes]."""
        outputs = []
        for level, feature in enumerate(self.neck(self.b(normalised))):
            shared = self.head[level](feature)
            outputs.append(torch.cat([self.reg[level](shared), self.cls[level](shared)], dim=1).flatten(2))
        joined = torch.cat(outputs, dim=2).transpose(1, 2)
        return joined[..., :4], joined[..., 4:]

    def forward(self, rgb: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """RGB [N, 3, H, W] in 0..1 -> regression [N, A, 4], class logits [N, A, classes]."""
        return self.raw((rgb - self.mean) / self.std)
