"""Overlap of boxes and the losses made of it. Boxes are corners x1, y1, x2, y2; `_pairs` take as many first as second."""

from __future__ import annotations

import math

import torch

_TINY = 1e-7


def _areas(a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Intersection and union, [n] each."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    shared = (high - low).clamp(min=0).prod(dim=1)
    sizes = [(box[:, 2:] - box[:, :2]).clamp(min=0).prod(dim=1) for box in (a, b)]
    return shared, sizes[0] + sizes[1] - shared


def iou_pairs(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Intersection over union of [n, 4] with [n, 4] -> [n]."""
    shared, union = _areas(a, b)
    return shared / (union + _TINY)


def iou_matrix(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Intersection over union of each of [n, 4] with each of [m, 4] -> [n, m]."""
    return iou_pairs(a.repeat_interleave(len(b), dim=0), b.repeat(len(a), 1)).view(len(a), len(b))


def giou_pairs(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Generalised IoU, -1..1 (Rezatofighi et al., CVPR 2019): IoU less the share of the common hull that neither covers."""
    shared, union = _areas(a, b)
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).clamp(min=0).prod(dim=1)
    return shared / (union + _TINY) - (hull - union) / (hull + _TINY)


def ciou_pairs(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Complete IoU (Zheng et al., AAAI 2020): IoU less the distance of centres, as a fraction of the common hull's
    diagonal, and the disagreement of aspects."""
    iou = iou_pairs(a, b)
    hull = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    diagonal = hull.square().sum(dim=1) + _TINY
    distance = ((a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) / 2).square().sum(dim=1)
    angles = [torch.atan((box[:, 2] - box[:, 0]) / (box[:, 3] - box[:, 1] + _TINY)) for box in (a, b)]
    aspect = (4 / math.pi**2) * (angles[0] - angles[1]).square()
    with torch.no_grad():
        share = aspect / (1 - iou + aspect + _TINY)
    return iou - distance / diagonal - share * aspect


OVERLAPS = {"iou": iou_pairs, "giou": giou_pairs, "ciou": ciou_pairs}
