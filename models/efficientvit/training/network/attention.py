"""Lite multi-scale ReLU linear attention.

Cai et al., "EfficientViT: Multi-Scale Linear Attention for High-Resolution Dense Prediction", ICCV 2023, section 3.1:

    O_i = ReLU(Q_i) * (sum_j ReLU(K_j)^T V_j) / (ReLU(Q_i) * sum_j ReLU(K_j)^T)

The sums over j are made once, so that cost grows with the number of positions, not with its square.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from network.layers import Residual, conv_norm, mb_conv

EPSILON = 1e-5


def linear_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """The formula above, associated from the right: [N, heads, d, positions] each -> the same shape.

    A row of ones below V makes the numerator and the denominator one product. It runs in float32 whatever the
    caller's precision: sums over some thousand positions overflow float16, and lose all meaning in bfloat16.
    """
    with torch.autocast(q.device.type, enabled=False):
        q, k, v = F.relu(q).float(), F.relu(k).float(), v.float()
        v = F.pad(v, (0, 0, 0, 1), value=1.0)
        out = torch.matmul(torch.matmul(v, k.transpose(-1, -2)), q)
        return out[:, :, :-1] / (out[:, :, -1:] + EPSILON)


class LiteMultiScaleAttention(nn.Module):
    """Attention over the picture at its own scale and at those of nearby aggregated tokens.

    [N, C, H, W] -> [N, C, H, W], heads of `dim` channels. Tokens of a scale are made by a depthwise convolution of its
    size and a 1x1 convolution within each third of each head (the paper's figure 2).
    """

    def __init__(self, channels: int, dim: int, scales: tuple[int, ...] = (5,)) -> None:
        super().__init__()
        heads = channels // dim
        total = 3 * heads * dim
        self.dim = dim
        self.qkv = nn.Conv2d(channels, total, 1, bias=False)
        self.agg = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(total, total, scale, padding=scale // 2, groups=total, bias=False),
                nn.Conv2d(total, total, 1, groups=3 * heads, bias=False),
            )
            for scale in scales
        )
        self.proj = conv_norm(heads * dim * (1 + len(scales)), channels, 1, act=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, _, height, width = x.shape
        qkv = self.qkv(x)
        tokens = torch.cat([qkv, *(aggregate(qkv) for aggregate in self.agg)], dim=1)
        tokens = tokens.reshape(n, -1, 3 * self.dim, height * width)
        q, k, v = tokens.split(self.dim, dim=2)
        out = linear_attention(q, k, v).to(x.dtype)
        return self.proj(out.reshape(n, -1, height, width))


class EfficientViTBlock(nn.Module):
    """The paper's building block: attention for context, then an MBConv for what is near. Keeps the shape."""

    def __init__(self, channels: int, dim: int, expand: int = 4) -> None:
        super().__init__()
        self.a = Residual(LiteMultiScaleAttention(channels, dim))
        self.l = Residual(mb_conv(channels, channels, expand=expand, norms=(False, False, True)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.l(self.a(x))
