"""What the detector is punished for: scores that differ from how well a box fits, and boxes that fit badly."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from learning.assign import AssignOptions, assign
from learning.boxes import OVERLAPS
from network.detector import decode


@dataclass(frozen=True)
class LossOptions:
    """`quality`: `varifocal`, `focal` (quality focal) or `bce`; `gamma` and `negative` belong to the first two (see below).
    `box`: `ciou`, `giou` or `iou`. `cls` and `reg` weigh the two.

    `sharpen`: targets are quality ** sharpen; below 1 lifts what good boxes are to score. `teacher_target` and
    `teacher_weight`: a teacher's box of weight w asks for w ** teacher_target of the score and counts w ** teacher_weight;
    0 treats it as a person's.
    """

    quality: str = "varifocal"
    gamma: float = 2.0
    negative: float = 0.75
    box: str = "ciou"
    cls: float = 1.0
    reg: float = 2.0
    sharpen: float = 1.0
    teacher_target: float = 0.5
    teacher_weight: float = 1.0

    def __post_init__(self) -> None:
        for value, known, path in ((self.quality, QUALITIES, "quality"), (self.box, OVERLAPS, "box")):
            if value not in known:
                raise ValueError(f"loss.{path}: expected one of {', '.join(known)}, got {value}")


def varifocal(logits: torch.Tensor, target: torch.Tensor, gamma: float, negative: float) -> torch.Tensor:
    """Zhang et al., VarifocalNet, CVPR 2021: q * BCE(p, q) where q > 0, negative * p^gamma * BCE(p, 0) elsewhere.

    Good boxes count most; the many easy backgrounds hardly.
    """
    with torch.no_grad():
        weight = torch.where(target > 0, target, negative * logits.sigmoid() ** gamma)
    return weight * F.binary_cross_entropy_with_logits(logits, target, reduction="none")


def quality_focal(logits: torch.Tensor, target: torch.Tensor, gamma: float, negative: float) -> torch.Tensor:
    """Li et al., Generalized Focal Loss, NeurIPS 2020: |q - p|^gamma * BCE(p, q). `negative` is not used."""
    weight = (target - logits.sigmoid()).detach().abs() ** gamma
    return weight * F.binary_cross_entropy_with_logits(logits, target, reduction="none")


def plain(logits: torch.Tensor, target: torch.Tensor, gamma: float, negative: float) -> torch.Tensor:
    """Binary cross entropy with a soft target."""
    return F.binary_cross_entropy_with_logits(logits, target, reduction="none")


QUALITIES = {"varifocal": varifocal, "focal": quality_focal, "bce": plain}


@dataclass(frozen=True)
class Loss:
    """`total` is to be minimised; the rest are for people: its parts, mean IoU of positives and their number."""

    total: torch.Tensor
    cls: float
    reg: float
    iou: float
    positives: int


def detection_loss(
    regression: torch.Tensor,
    logits: torch.Tensor,
    boxes: torch.Tensor,
    grid: tuple[torch.Tensor, torch.Tensor],
    scope: torch.Tensor,
    assigning: AssignOptions,
    options: LossOptions,
) -> Loss:
    """Loss of a batch: raw outputs [N, A, 4] and [N, A, C], objects [G, 7] (number in the batch, class, corners, weight).

    Both parts are divided by the batch's sum of qualities, so that neither crowds nor empty pictures change the step's
    size. Everything runs in float32.
    """
    centres, strides = grid
    logits = logits.float()
    predicted = decode(regression.float(), centres, strides)
    scores = logits.detach().sigmoid()
    target = torch.zeros_like(logits)
    weight = torch.ones_like(logits)
    rows: list[tuple[torch.Tensor, ...]] = []
    for number in range(len(logits)):
        objects = boxes[boxes[:, 0] == number, 1:]
        if not len(objects):
            continue
        found = assign(scores[number], predicted[number].detach(), objects, centres, strides, scope, assigning)
        weight[number].masked_fill_(found.ignored, 0.0)
        wanted = objects[found.objects]
        labels, trust = wanted[:, 0].long(), wanted[:, 5]
        target[number, found.anchors, labels] = found.quality**options.sharpen * trust**options.teacher_target
        weight[number, found.anchors, labels] = trust**options.teacher_weight
        own = found.quality * trust**options.teacher_weight
        rows.append((torch.full_like(found.anchors, number), found.anchors, wanted[:, 1:5], own))
    quality = QUALITIES[options.quality](logits, target, options.gamma, options.negative)
    norm = target.sum().clamp(min=1.0)
    cls = (quality * weight).sum() / norm
    if not rows:
        return Loss(options.cls * cls + 0.0 * predicted.sum(), cls.item(), 0.0, 0.0, 0)
    numbers, anchors, wanted_boxes, own = (torch.cat(column) for column in zip(*rows, strict=True))
    overlap = OVERLAPS[options.box](predicted[numbers, anchors], wanted_boxes)
    reg = ((1 - overlap) * own).sum() / own.sum().clamp(min=1.0)
    iou = OVERLAPS["iou"](predicted[numbers, anchors].detach(), wanted_boxes).mean() if len(anchors) else reg * 0
    total = options.cls * cls + options.reg * reg
    return Loss(total, cls.item(), reg.item(), iou.item(), len(anchors))
