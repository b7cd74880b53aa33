"""Task-aligned assignment: which anchors learn which object, and how good they should say they are.

Feng et al., "TOOD: Task-aligned One-stage Object Detection", ICCV 2021, section 3.2:

    t = s^alpha * u^beta,    t_hat = t / max_i(t) * max_i(u)

with s the score that an anchor gives the object's label and u the IoU of its box with the object's, over the anchors of
one object; the best few become its positives and t_hat is the score they are to learn.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from learning.boxes import iou_matrix, iou_pairs


@dataclass(frozen=True)
class AssignOptions:
    """`top`: anchors of an object, at most. `inflate`: an anchor may learn an object when its centre lies in the object's
    box, which counts as at least so many of the anchor's strides wide and high; without it the smallest objects would
    have no anchor at all. `ignore`: of a region to ignore, whether only its own label is neither right nor wrong there
    (`label`), also those of its group (`group`: teachers that are unsure mix these up), or every label (`all`).
    `settled`: a region that overlaps an object by a higher IoU is none: the object says what is there. 1 leaves all of
    them. Two teachers that see a car and a truck in one van leave an object and a region; a network that is never told
    that it is no truck finds both.
    """

    top: int = 10
    alpha: float = 1.0
    beta: float = 4.0
    inflate: float = 1.5
    ignore: str = "group"
    groups: list[list[str]] = field(default_factory=list)
    settled: float = 1.0

    def __post_init__(self) -> None:
        if self.top < 1:
            raise ValueError(f"assign.top: expected at least 1 anchor, got {self.top}")
        if not 0 < self.settled <= 1:
            raise ValueError(f"assign.settled: expected an IoU above 0 and at most 1, got {self.settled}")
        if self.ignore not in ("label", "group", "all"):
            raise ValueError(f"assign.ignore: expected label, group or all, got {self.ignore}")


@dataclass(frozen=True)
class Assigned:
    """Of one picture. `anchors` [P], `objects` [P] and `quality` [P] (t_hat): positive anchors, the objects they learn, as
    indexes of those given, and how well they fit; `ignored` bool [A, C]: labels of which an anchor learns nothing."""

    anchors: torch.Tensor
    objects: torch.Tensor
    quality: torch.Tensor
    ignored: torch.Tensor


def ignore_scope(options: AssignOptions, names: list[str]) -> torch.Tensor:
    """bool [C, C]: of a region with the label of the row, the labels that are not learned there.

    ValueError when a group names a label that there is not.
    """
    scope = torch.eye(len(names), dtype=torch.bool)
    if options.ignore == "all":
        return torch.ones_like(scope)
    if options.ignore == "group":
        for group in options.groups:
            unknown = [name for name in group if name not in names]
            if unknown:
                raise ValueError(f"assign.groups: expected labels of {names}, got {unknown}")
            members = torch.tensor([names.index(name) for name in group])
            scope[members[:, None], members[None]] = True
    return scope


def inside(boxes: torch.Tensor, centres: torch.Tensor, strides: torch.Tensor, inflate: float) -> torch.Tensor:
    """bool [n, A]: centres [A, 2] within boxes [n, 4], each at least `inflate` strides [A] wide and high."""
    middle = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    half = torch.maximum((boxes[:, None, 2:] - boxes[:, None, :2]) / 2, (strides * (inflate / 2))[None, :, None])
    return ((centres[None] - middle).abs() < half).all(dim=2)


@torch.no_grad()
def assign(
    scores: torch.Tensor,
    predicted: torch.Tensor,
    objects: torch.Tensor,
    centres: torch.Tensor,
    strides: torch.Tensor,
    scope: torch.Tensor,
    options: AssignOptions,
) -> Assigned:
    """Assigns one picture's objects.

    `scores` [A, C] (probabilities) and `predicted` [A, 4] (corners in pixels) as the network gives them now, `objects`
    [n, 6] (class, corners, weight; weight below 0: ignore). An anchor that two objects want goes to the one that it
    overlaps more.
    """
    labels, boxes = objects[:, 0].long(), objects[:, 1:5]
    real = objects[:, 5] > 0
    candidates = inside(boxes, centres, strides, options.inflate)
    regions = ~real
    if options.settled < 1 and bool(real.any()):
        regions &= iou_matrix(boxes, boxes[real]).amax(dim=1) <= options.settled
    # bool @ bool as counts: an anchor ignores a label when any region there says so.
    ignored = (candidates[regions].float().T @ scope[labels[regions]].float()) > 0
    if not bool(real.any()):
        none = torch.empty(0, dtype=torch.long, device=scores.device)
        return Assigned(none, none, scores.new_empty(0), ignored)
    numbers = real.nonzero()[:, 0]
    of, anchors = candidates[numbers].nonzero(as_tuple=True)
    overlap = iou_pairs(boxes[numbers[of]], predicted[anchors]).clamp(min=0)
    alignment = scores[anchors, labels[numbers[of]]] ** options.alpha * overlap**options.beta
    metric = scores.new_full((len(numbers), len(scores)), -1.0)
    metric[of, anchors] = alignment
    iou = scores.new_zeros((len(numbers), len(scores)))
    iou[of, anchors] = overlap
    best, chosen = metric.topk(min(options.top, len(scores)), dim=1)
    positive = torch.zeros_like(metric, dtype=torch.bool).scatter_(1, chosen, best >= 0)
    owner = torch.where(positive, iou, -1.0).argmax(dim=0)
    picked = positive.any(dim=0).nonzero()[:, 0]
    owners = owner[picked]
    kept = torch.zeros_like(positive)
    kept[owners, picked] = True
    most_aligned = torch.where(kept, metric, 0.0).amax(dim=1)
    most_overlap = torch.where(kept, iou, 0.0).amax(dim=1)
    scale = most_overlap / most_aligned.clamp(min=1e-9)
    quality = (metric[owners, picked] * scale[owners]).clamp(0, 1)
    return Assigned(picked, numbers[owners], quality, ignored)
