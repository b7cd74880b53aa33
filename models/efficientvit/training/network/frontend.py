"""The camera's own pixel format as input: what the exported graph takes and gives."""

from __future__ import annotations

import torch
from torch import nn

from network.detector import Detector, anchor_grid, decode, upsample

YUV_TO_RGB = (
    (255 / 219, 0.0, 1.402 * 255 / 224),
    (255 / 219, -1.772 * 0.114 / 0.587 * 255 / 224, -1.402 * 0.299 / 0.587 * 255 / 224),
    (255 / 219, 1.772 * 255 / 224, 0.0),
)
"""ITU-R BT.601 in limited range: R'G'B' of 0..255 from (Y - 16, U - 128, V - 128)."""


def colour_matrix(mean: torch.Tensor, std: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Conversion and normalisation as one 1x1 convolution: weight [3, 3, 1, 1] and bias [3] on Y, U, V of 0..255."""
    matrix = torch.tensor(YUV_TO_RGB, dtype=torch.float64)
    offset = matrix @ torch.tensor([16.0, 128.0, 128.0], dtype=torch.float64)
    mean, std = mean.double().flatten().cpu(), std.double().flatten().cpu()
    weight = matrix / 255 / std[:, None]
    bias = (-offset / 255 - mean) / std
    return weight.float().view(3, 3, 1, 1), bias.float()


class I420Detector(nn.Module):
    """The graph of the model card: frames uint8 [N, H * 3 / 2, W] -> boxes float32 [N, A, 4], scores [N, A, classes].

    Frames are I420: the luma plane, then U and V at half the size, one after the other. Chroma is repeated, colour
    conversion does not clip (a graph without clipping is what the published weights were made with). `half` computes all
    but the colours, the attention's sums and the boxes in float16.
    """

    colour_weight: torch.Tensor
    colour_bias: torch.Tensor
    centres: torch.Tensor
    strides: torch.Tensor

    def __init__(self, detector: Detector, height: int, width: int, half: bool = False) -> None:
        super().__init__()
        centres, strides = anchor_grid(height, width)
        self.height, self.width, self.half_precision = height, width, half
        weight, bias = colour_matrix(detector.mean, detector.std)
        self.register_buffer("colour_weight", weight)
        self.register_buffer("colour_bias", bias)
        self.register_buffer("centres", centres)
        self.register_buffer("strides", strides)
        self.d = detector.half() if half else detector

    def forward(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        height, width = self.height, self.width
        planes = frames.reshape(-1, 1, height * 3 // 2, width)
        luma = planes[:, :, :height].float()
        quarter = height // 4
        u = planes[:, :, height : height + quarter].reshape(-1, 1, height // 2, width // 2)
        v = planes[:, :, height + quarter :].reshape(-1, 1, height // 2, width // 2)
        chroma = upsample(torch.cat([u, v], dim=1).float())
        rgb = nn.functional.conv2d(torch.cat([luma, chroma], dim=1), self.colour_weight, self.colour_bias)
        regression, logits = self.d.raw(rgb.half() if self.half_precision else rgb)
        return decode(regression.float(), self.centres, self.strides), logits.float().sigmoid()
