"""Assignment, losses, averaging and schedules against their papers' formulas, and what a recipe may say."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import reference
from learning.assign import AssignOptions, assign, ignore_scope
from learning.average import Average
from learning.boxes import ciou_pairs, giou_pairs, iou_pairs
from learning.losses import LossOptions, detection_loss, quality_focal, varifocal
from learning.recipe import OptimiserOptions, read_recipe, recipe_of
from learning.run import Run
from learning.schedule import Curriculum, rate_factor
from network.checkpoint import load_checkpoint
from network.detector import anchor_grid

GRID = anchor_grid(64, 64)
ALONE = torch.eye(3, dtype=torch.bool)
TRAINING = Path(__file__).resolve().parents[3] / "models" / "efficientvit" / "training"


def minimal(**changes: Any) -> dict[str, Any]:
    stage = {"until": 1, "sizes": ["32x32"], "batch": 2}
    return {"steps": 10, "data": [{"path": "x"}], "curriculum": [stage], **changes}


def some_boxes(seed: int) -> np.ndarray:
    corners = np.random.default_rng(seed).uniform(0, 60, (20, 2, 2))
    return np.concatenate([corners.min(axis=1), corners.max(axis=1) + 1], axis=1)


@pytest.mark.parametrize(
    ("ours", "paper"), [(iou_pairs, reference.iou), (giou_pairs, reference.giou), (ciou_pairs, reference.ciou)]
)
def test_overlaps_follow_their_formulas(ours: Any, paper: Any) -> None:
    a, b = some_boxes(1), some_boxes(2)
    got = ours(torch.from_numpy(a), torch.from_numpy(b))
    np.testing.assert_allclose(got, [paper(x, y) for x, y in zip(a, b, strict=True)], atol=1e-5)


def test_quality_losses_follow_their_formulas() -> None:
    logits, target = torch.tensor([-2.0, 0.5, 3.0, 0.1]), torch.tensor([0.0, 0.7, 0.9, 0.0])
    p, q = logits.sigmoid().numpy(), target.numpy()
    cross = -(q * np.log(p) + (1 - q) * np.log(1 - p))
    np.testing.assert_allclose(varifocal(logits, target, 2, 0.75), np.where(q > 0, q, 0.75 * p**2) * cross, rtol=1e-5)
    np.testing.assert_allclose(quality_focal(logits, target, 2, 0), np.abs(q - p) ** 2 * cross, rtol=1e-5)


def naive_assignment(
    scores: np.ndarray, predicted: np.ndarray, objects: np.ndarray, options: AssignOptions
) -> dict[int, tuple[int, float]]:
    """TOOD, section 3.2, in loops: anchor -> (object, t_hat)."""
    centres, strides = (part.numpy() for part in GRID)
    chosen: dict[int, list[int]] = {}
    overlap = np.array([[reference.iou(box, o[1:5]) for box in predicted] for o in objects])
    metric = np.array([scores[:, int(o[0])] ** options.alpha * overlap[n] ** options.beta for n, o in enumerate(objects)])
    for n, o in enumerate(objects):
        middle, half = (o[1:3] + o[3:5]) / 2, (o[3:5] - o[1:3]) / 2
        near = [
            a
            for a in range(len(centres))
            if (np.abs(centres[a] - middle) < np.maximum(half, strides[a] * options.inflate / 2)).all()
        ]
        for a in sorted(near, key=lambda a: -metric[n, a])[: options.top]:
            chosen.setdefault(a, []).append(n)
    owner = {a: max(wanting, key=lambda n: overlap[n, a]) for a, wanting in chosen.items()}
    result = {}
    for a, n in owner.items():
        own = [other for other, m in owner.items() if m == n]
        result[a] = (n, metric[n, a] / max(metric[n, own].max(), 1e-9) * overlap[n, own].max())
    return result


def test_task_aligned_assignment_follows_the_paper() -> None:
    rng = np.random.default_rng(5)
    centres, strides = (part.numpy() for part in GRID)
    reach = strides[:, None] * rng.uniform(0.3, 3, (len(strides), 4))
    predicted = np.concatenate([centres - reach[:, :2], centres + reach[:, 2:]], axis=1)
    scores = rng.uniform(0.01, 0.9, (len(strides), 3))
    objects = np.array([[0, 5, 5, 40, 50, 1], [1, 20, 10, 60, 60, 0.8], [0, 30, 30, 34, 33, 1]])
    options = AssignOptions(top=6)
    expected = naive_assignment(scores, predicted, objects, options)
    tensors = (torch.from_numpy(x).float() for x in (scores, predicted, objects))
    found = assign(*tensors, *GRID, ALONE, options)
    assert set(found.anchors.tolist()) == set(expected)
    for anchor, of, quality in zip(*(x.tolist() for x in (found.anchors, found.objects, found.quality)), strict=True):
        assert of == expected[anchor][0]
        assert quality == pytest.approx(expected[anchor][1], abs=1e-5)
    assert not found.ignored.any()


def test_an_object_smaller_than_any_cell_still_has_an_anchor() -> None:
    objects = torch.tensor([[0.0, 17.5, 17.5, 18.5, 18.5, 1.0]])
    scores, predicted = torch.full((len(GRID[1]), 3), 0.1), torch.rand(len(GRID[1]), 4)
    assert len(assign(scores, predicted, objects, *GRID, ALONE, AssignOptions(inflate=1.5)).anchors) > 0
    assert len(assign(scores, predicted, objects, *GRID, ALONE, AssignOptions(inflate=0.0)).anchors) == 0


def test_regions_to_ignore_spare_their_own_label_its_group_or_all() -> None:
    objects = torch.tensor([[1.0, 0, 0, 32, 32, -1.0]])
    scores, predicted = torch.full((len(GRID[1]), 3), 0.1), torch.rand(len(GRID[1]), 4)
    names = ["person", "car", "truck"]
    for scope, columns in (("label", [1]), ("group", [1, 2]), ("all", [0, 1, 2])):
        options = AssignOptions(ignore=scope, groups=[["car", "truck"]], inflate=0.0)
        found = assign(scores, predicted, objects, *GRID, ignore_scope(options, names), options)
        assert len(found.anchors) == 0
        assert found.ignored.any(dim=0).nonzero()[:, 0].tolist() == columns
        covered = ((GRID[0] > 0) & (GRID[0] < 32)).all(dim=1)
        assert torch.equal(found.ignored[:, 1], covered)
    with pytest.raises(ValueError, match="bird"):
        ignore_scope(AssignOptions(groups=[["bird"]]), names)


def test_a_region_on_an_object_is_settled_by_its_label() -> None:
    objects = torch.tensor([[1.0, 0, 0, 32, 32, 0.9], [2.0, 0, 0, 32, 30, -1.0], [2.0, 16, 0, 48, 32, -1.0]])
    scores, predicted = torch.full((len(GRID[1]), 3), 0.1), torch.rand(len(GRID[1]), 4)
    ignored = {
        iou: assign(scores, predicted, objects, *GRID, ALONE, AssignOptions(settled=iou, inflate=0.0)).ignored[:, 2]
        for iou in (1.0, 0.7, 0.3)
    }
    x, y = GRID[0].T
    first, second = (y < 30) & (x < 32), (y < 32) & (x > 16) & (x < 48)
    assert torch.equal(ignored[1.0], first | second)
    assert torch.equal(ignored[0.7], second)
    assert not ignored[0.3].any()


def loss_of(logits: torch.Tensor, boxes: torch.Tensor, **options: Any) -> Any:
    regression = torch.zeros(*logits.shape[:2], 4, requires_grad=True)
    return detection_loss(regression, logits, boxes, GRID, ALONE, AssignOptions(), LossOptions(**options))


def test_a_region_to_ignore_gives_no_gradient_and_background_does() -> None:
    logits = torch.zeros(1, len(GRID[1]), 3, requires_grad=True)
    loss_of(logits, torch.tensor([[0, 0, 0, 0, 64, 64, -1.0]])).total.backward()
    assert logits.grad is not None
    assert logits.grad[..., 0].abs().sum() == 0
    assert (logits.grad[..., 1:] > 0).all()


@pytest.mark.parametrize("boxes", [torch.zeros(0, 7), torch.tensor([[1, 0, 8, 8, 40, 40, 1.0]])])
def test_pictures_without_objects_have_a_finite_loss(boxes: torch.Tensor) -> None:
    logits = torch.zeros(2, len(GRID[1]), 3, requires_grad=True)
    total = loss_of(logits, boxes).total
    total.backward()
    assert torch.isfinite(total)


def test_a_teacher_that_is_unsure_asks_for_less_and_counts_less() -> None:
    logits = torch.zeros(1, len(GRID[1]), 3)
    sure, unsure = (torch.tensor([[0, 0, 8, 8, 40, 40, weight]]) for weight in (1.0, 0.6))
    assert loss_of(logits, unsure, teacher_weight=1.0).reg < loss_of(logits, sure).reg
    same = loss_of(logits, unsure, teacher_weight=0.0, teacher_target=0.0)
    assert same.total == loss_of(logits, sure).total


def test_the_average_follows_its_formula_and_copies_counters() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    average = Average(network, decay=0.9, ramp=2)
    first = network[0].weight.detach().clone()
    with torch.no_grad():
        network[0].weight.add_(1)
        network[1].num_batches_tracked.add_(5)
    average.update(network, 1)
    keep = 0.9 * (1 - math.exp(-0.5))
    torch.testing.assert_close(average.network[0].weight, first + (1 - keep))
    assert average.network[1].num_batches_tracked == 5


def test_the_rate_warms_up_holds_and_falls_as_a_half_cosine() -> None:
    options = OptimiserOptions(warmup=10, hold=0.5, last=0.1)
    rates = [rate_factor(step, 100, options) for step in range(101)]
    assert rates[0] == pytest.approx(0.1) and rates[9] == 1 and rates[49] == 1
    assert rates[75] == pytest.approx(0.1 + 0.9 / 2) and rates[100] == pytest.approx(0.1)


def test_the_curriculum_goes_on_with_the_steps() -> None:
    first = {"until": 0.5, "sizes": ["32x32"], "batch": 4, "strength": 0.1}
    last = {"until": 1, "sizes": ["64x32", "96x64"], "chances": [0, 1], "batch": 2, "grids": {"2x2": 1}}
    curriculum = Curriculum(recipe_of(minimal(curriculum=[first, last])))
    rng = np.random.default_rng(0)
    early, late = curriculum(4, rng), curriculum(5, rng)
    assert (early.size, early.count, early.strength) == ((32, 32), 4, 0.1)
    assert (late.size, late.count, late.canvas.grids) == ((96, 64), 2, {"2x2": 1.0})


def test_the_recipe_that_is_shipped_is_valid_and_can_be_changed() -> None:
    recipe = read_recipe(TRAINING / "recipe.yaml", ["optimiser.rate=1e-3", "data.0.path=/data", "init=null"])
    assert recipe.optimiser.rate == 0.001
    assert recipe.data[0]["path"] == "/data"
    assert recipe_of(dataclasses.asdict(recipe)) == recipe


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stepps": 3}, "stepps"),
        ({"optimiser": {"rat": 1}}, "optimiser: expected rate"),
        ({"steps": "many"}, "steps: expected int, got 'many'"),
        ({"precision": "fp8"}, "precision: expected fp32 or bf16, got fp8"),
        ({"curriculum": [{"until": 1, "sizes": ["33x32"]}]}, "multiples of 32, got 33x32"),
        ({"curriculum": [{"until": 0.5, "sizes": ["32x32"]}]}, "end with 1"),
        ({"loss": {"quality": "l2"}}, "loss.quality: expected one of varifocal"),
        ({"assign": {"ignore": "no"}}, "assign.ignore"),
        ({"assign": {"settled": 0}}, "assign.settled: expected an IoU above 0 and at most 1, got 0"),
        ({"optimiser": {"rate": "abc"}}, "optimiser.rate: expected float, got 'abc'"),
        ({"optimiser": {"rate": 10**400}}, "optimiser.rate: expected float, got 1000"),
        ({"data": []}, "data: expected at least one set, got none"),
        ({"data": [{"format": "coco"}]}, r"data\[0\]: expected a path, got {'format': 'coco'}"),
        ({"judge": {"sizes": ["64x64", "63x65"]}}, "judge.sizes: expected WIDTHxHEIGHT in multiples of 32, got 63x65"),
        ({"judge": {"sizes": ["abc"]}}, "judge.sizes: expected WIDTHxHEIGHT in multiples of 32, got abc"),
        ({"judge": {"sizes": ["\u00b2x32"]}}, "judge.sizes: expected WIDTHxHEIGHT in multiples of 32, got \u00b2x32"),
    ],
)
def test_a_wrong_recipe_says_where(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recipe_of(minimal(**changes))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("optimiser.rate=abc", "optimiser.rate: expected float, got 'abc'"),
        ("data.x.path=x", "data: expected an index below 1, got x"),
        ("data.5.path=x", "data: expected an index below 1, got 5"),
        ("data.0.path.x=x", "data.0.path: expected a mapping or a list, got '/work/shared/training-set'"),
        ("steps.x=1", "steps: expected a mapping or a list, got "),
        ("data=[]", "data: expected at least one set, got none"),
        ("steps=[", "steps: expected YAML, got ["),
        ("steps=2020-13-45", "steps: expected YAML, got 2020-13-45"),
        ("judge.sizes=[63x65]", "judge.sizes: expected WIDTHxHEIGHT in multiples of 32, got 63x65"),
    ],
)
def test_a_wrong_change_says_where(change: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        read_recipe(TRAINING / "recipe.yaml", [change])


def of_old(folder: Path, change: Callable[[dict[str, Any]], object]) -> tuple[Run, Path]:
    """A run and its state.pt as code of another day would have kept its recipe."""
    run = Run(recipe_of(minimal(channels=16)), ["person"], "cpu")
    run.save(folder)
    path = folder / "state.pt"
    state = torch.load(path)
    change(state["recipe"])
    torch.save(state, path)
    return run, path


@pytest.mark.parametrize(
    "change",
    [
        lambda recipe: recipe["canvas"].pop("clutter"),
        lambda recipe: recipe.pop("canvas"),
        # What is judged does not decide the result: no matter whether it could be judged today.
        lambda recipe: recipe["judge"].update(sizes=["63x65"], gone=1),
    ],
)
def test_a_run_begun_before_an_option_existed_goes_on(tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    run, path = of_old(tmp_path, change)
    run.step = 7
    run.load(path)
    assert run.step == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda recipe: recipe["canvas"].update(flip=0.1), "expected the recipe that it was begun with, got another: canvas"),
        (lambda recipe: recipe.update(seed=2, steps=11), "expected the recipe that it was begun with, .* another: steps, seed"),
        (
            lambda recipe: recipe["canvas"].update(gone=1),
            r"expected a recipe that today's code can read, got another \(canvas: expected",
        ),
        (lambda recipe: recipe.pop("steps"), r"expected a recipe that today's code can read, got .*'steps'"),
    ],
)
def test_a_run_begun_otherwise_is_refused(tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str) -> None:
    run, path = of_old(tmp_path, change)
    with pytest.raises(ValueError, match=f"state.pt: {message}"):
        run.load(path)


def test_the_run_that_is_shipped_can_be_gone_on_with() -> None:
    recipe = read_recipe(TRAINING / "recipe-6.yaml", ["init=null"])
    run = Run(recipe, load_checkpoint(TRAINING / "checkpoint.pt")[1], "cpu")
    run.load(TRAINING / "checkpoint.pt")
    assert run.step == recipe.steps
