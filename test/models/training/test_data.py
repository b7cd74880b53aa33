"""Formats, the cache of decoded pictures, layouts, camera-like changes, and what is drawn."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import sets
from data.batches import Batch, Batches, batch_stream
from data.cache import PictureCache
from data.camera import CHANGES, degrade
from data.canvas import CanvasOptions, _lay_out, compose, crop_boxes, place
from data.clutter import ClutterOptions, scatter
from data.formats import join, read_dataset, read_judged
from data.picture import Labelled, Picture, Place
from data.sampling import picture_weights
from learning.recipe import recipe_of
from learning.schedule import Curriculum


def test_the_training_sets_format_is_read_from_tars(tmp_path: Path) -> None:
    labelled = read_dataset({"path": str(sets.sightline_set(tmp_path))})
    assert labelled.names == sets.NAMES
    assert [len(labelled.of_split(split).pictures) for split in ("train", "val", "unsure")] == [9, 3, 0]
    rgb, rows = sets.draw(0)
    np.testing.assert_array_equal(labelled.pictures[0].boxes, np.float32(rows))
    cache = PictureCache(labelled, tmp_path / "cache", 640)
    np.testing.assert_array_equal(cache.rgb(0), rgb)


def test_labels_are_matched_by_name_and_others_left_out(tmp_path: Path) -> None:
    labelled = read_dataset({"path": str(sets.sightline_set(tmp_path))}, ["truck", "car"])
    assert labelled.names == ["truck", "car"]
    assert all((picture.boxes[:, 0] == 1).all() and len(picture.boxes) == 1 for picture in labelled.pictures)


def test_coco_is_read_with_crowds_to_ignore(tmp_path: Path) -> None:
    spec = {"format": "coco", "path": str(sets.coco_set(tmp_path / "c")), "split": "val"}
    (picture,) = read_dataset(spec, sets.NAMES).of_split("val").pictures
    np.testing.assert_array_equal(picture.boxes, [[0, 1, 2, 11, 22, 1], [1, 4, 4, 12, 12, -1]])


def test_yolo_is_read_in_fractions_and_scaled_when_the_size_is_known(tmp_path: Path) -> None:
    labelled = read_dataset({"format": "yolo", "path": str(sets.yolo_set(tmp_path / "y"))}, ["car"])
    assert [len(picture.boxes) for picture in labelled.pictures] == [1, 0]
    cache = PictureCache(labelled, tmp_path / "cache", 640)
    np.testing.assert_allclose(cache.boxes[0], [[0, 36, 16, 60, 48, 1]], atol=1e-4)


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a format of sightline, coco, yolo, got voc"):
        read_dataset({"format": "voc", "path": "x"})
    with pytest.raises(ValueError, match="same labels"):
        join([Labelled([], ["a"]), Labelled([], ["b"])])
    (tmp_path / "a.png").write_bytes(b"no picture")
    broken = Picture("a.png", Place(tmp_path / "a.png"), 1, 1, "s", "train", np.zeros((0, 6), np.float32))
    with pytest.raises(ValueError, match=r"a\.png is no picture"):
        PictureCache(Labelled([broken], ["a"]), tmp_path / "cache", 640)
    assert not list((tmp_path / "cache").glob("*.npy"))


def test_larger_pictures_are_made_smaller_and_changed_files_decoded_anew(tmp_path: Path) -> None:
    labelled = read_dataset({"path": str(sets.sightline_set(tmp_path))})
    small = PictureCache(labelled, tmp_path / "cache", 48)
    assert small.rgb(0).shape == (32, 48, 3)
    np.testing.assert_allclose(small.boxes[0][:, 1:5] * 2, labelled.pictures[0].boxes[:, 1:5])
    other = read_dataset({"path": str(sets.sightline_set(tmp_path, count=13))})
    PictureCache(other, tmp_path / "cache", 48)
    assert len(list((tmp_path / "cache").glob("*.npy"))) == 2


@pytest.mark.parametrize("scales", [(2.5, 2.0), (1.0, 1.0), (0.6, 0.7), (0.3, 0.4)])
@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.6, 0.3), (1.0, 1.0)])
def test_boxes_stay_on_what_they_are_of(scales: tuple[float, float], flip: bool, shift: tuple[float, float]) -> None:
    rgb = np.full((80, 120, 3), 100, np.uint8)
    rgb[30:60, 50:90] = (250, 0, 0)
    box = np.array([[0, 50, 30, 90, 60, 1]], np.float32)
    canvas = np.full((96, 128, 3), 114, np.uint8)
    found = place(canvas, rgb, box, (16, 8, 120, 90), scales, shift, flip, CanvasOptions(min_visible=0, min_side=0))
    red = (canvas[..., 0].astype(int) - canvas[..., 1]) > 125
    if not red.any():
        assert not len(found)
        return
    rows, columns = red.any(axis=1).nonzero()[0], red.any(axis=0).nonzero()[0]
    seen = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    np.testing.assert_allclose(found[0, 1:5], seen, atol=1.5)
    outside = canvas.copy()
    outside[8:90, 16:120] = 114
    assert (outside == 114).all()


def test_what_is_hardly_visible_or_tiny_is_ignored_and_what_is_gone_left_out() -> None:
    boxes = np.array([[0, 10, 10, 20, 20, 1], [0, -8, 10, 4, 20, 1], [0, 5, 5, 7, 30, 0.8], [0, -20, 0, -5, 9, 1]], np.float32)
    cut = crop_boxes(boxes, (0, 0, 50, 50), CanvasOptions(min_visible=0.5, min_side=3))
    np.testing.assert_array_equal(cut, [[0, 10, 10, 20, 20, 1], [0, 0, 10, 4, 20, -1], [0, 5, 5, 7, 30, -1]])


def test_mosaics_fill_the_canvas_with_several_pictures() -> None:
    seen = []

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        seen.append(1)
        return np.full((64, 64, 3), len(seen), np.uint8), np.array([[0, 8, 8, 56, 56, 1]], np.float32)

    options = CanvasOptions(grids={"3x2": 1.0}, mosaic_scale=(1.5, 1.6))
    canvas, boxes = compose(draw, lambda rgb: rgb, np.random.default_rng(0), (96, 64), options)
    assert canvas.shape == (64, 96, 3) and len(seen) == 6
    assert set(np.unique(canvas)) >= set(range(1, 7)) and len(boxes) > 0
    assert boxes[:, 1:5].min() >= 0 and boxes[:, 3].max() <= 96 and boxes[:, 4].max() <= 64


def test_a_letterboxed_picture_lies_as_inference_has_it_and_the_grey_is_never_changed() -> None:
    rgb, boxes = np.full((50, 100, 3), 7, np.uint8), np.array([[0, 10, 10, 20, 30, 1]], np.float32)
    options = CanvasOptions(grids={"1x1": 1.0}, letterbox=1.0)
    canvas, placed = compose(lambda _: (rgb, boxes), lambda seen: seen + 1, np.random.default_rng(0), (64, 64), options)
    assert (canvas[:32] == 8).all() and (canvas[32:] == 114).all()
    np.testing.assert_allclose(placed[0, 1:5], np.float32([10, 10, 20, 30]) * 0.64, rtol=1e-5)


@pytest.mark.parametrize("change", [change for _, change in CHANGES], ids=[c.__name__ for _, c in CHANGES])
def test_camera_changes_keep_the_shape_and_do_something(change: object) -> None:
    rgb = cv2.GaussianBlur(sets.draw(3)[0], (0, 0), 1)
    before = rgb.copy()
    changed = change(rgb, np.random.default_rng(1))  # type: ignore[operator]
    assert changed.shape == rgb.shape and changed.dtype == np.uint8
    assert (changed != before).any()
    np.testing.assert_array_equal(rgb, before)
    again = change(rgb, np.random.default_rng(1))  # type: ignore[operator]
    np.testing.assert_array_equal(again, changed)


def test_no_strength_means_no_change() -> None:
    rgb = sets.draw(3)[0]
    assert degrade(rgb, np.random.default_rng(0), 0.0) is rgb
    sliver = np.zeros((2, 200, 3), np.uint8)
    assert degrade(sliver, np.random.default_rng(0), 9.0) is sliver


def test_sources_rare_labels_and_empty_pictures_have_their_weights() -> None:
    def picture(source: str, *labels: int) -> Picture:
        boxes = np.float32([[label, 0, 0, 1, 1, 1] for label in labels]).reshape(-1, 6)
        return Picture("x", Place(Path("x")), 1, 1, source, "train", boxes)

    pictures = [picture("a", 0), picture("vid_x", 0), picture("a", 0), picture("a", 1), picture("a")]
    weights = picture_weights(pictures, {"vid_*": 0.5, "*": 2.0}, 3, balance=0.5, background=0.1)
    # Shares 3/5 and 1/5, of which the median is 2/5.
    np.testing.assert_allclose(weights / weights[0], [1, 0.25, 1, 2**0.5, 0.1], rtol=1e-6)
    with pytest.raises(ValueError, match="positive weight"):
        picture_weights(pictures, {"*": 0.0}, 3, 0, 1)


def same(a: Batch, b: Batch) -> bool:
    return torch.equal(a.images, b.images) and torch.equal(a.boxes, b.boxes)


def test_a_batch_depends_on_the_seed_and_its_number_alone(tmp_path: Path) -> None:
    labelled = read_dataset({"path": str(sets.sightline_set(tmp_path))})
    cache = PictureCache(labelled, tmp_path / "cache", 640)
    stage = {"until": 1, "sizes": ["64x32", "32x64"], "batch": 3}
    content = json.loads(json.dumps({"steps": 9, "data": [{"path": "x"}], "curriculum": [stage]}))
    plan = Curriculum(recipe_of(content))
    weights = np.full(len(cache), 1 / len(cache))
    batches = Batches(cache, weights, plan, seed=1)
    straight = list(batch_stream(batches, 0, 6, workers=0))
    assert all(same(a, b) for a, b in zip(straight[3:], batch_stream(batches, 3, 6, workers=2), strict=True))
    assert len({tuple(batch.images.shape) for batch in straight}) == 2
    assert not same(straight[0], Batches(cache, weights, plan, seed=2)[0])


def test_what_a_model_is_judged_on_has_its_labels_in_its_order(tmp_path: Path) -> None:
    root = sets.sightline_set(tmp_path / "set")
    plain, reversed_ = (read_judged(str(root), "val", names) for names in (sets.NAMES, sets.NAMES[::-1]))
    assert reversed_.names == sets.NAMES[::-1]
    for one, other in zip(plain.pictures, reversed_.pictures, strict=True):
        assert [sets.NAMES[int(label)] for label in one.boxes[:, 0]] == [
            reversed_.names[int(label)] for label in other.boxes[:, 0]
        ]
    with pytest.raises(ValueError, match="expected pictures of the split tset, got none"):
        read_judged(str(root), "tset", sets.NAMES)


def _stripes(seed: int, boxes: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Noise between 0 and 99, with 250 wherever a box is."""
    rgb = np.random.default_rng(seed).integers(0, 100, (120, 160, 3), np.uint8)
    for _, x1, y1, x2, y2, _ in boxes:
        rgb[int(y1) : int(y2), int(x1) : int(x2)] = 250
    return rgb, np.array(boxes, np.float32).reshape(-1, 6)


def test_clutter_neither_covers_a_box_nor_is_cut_out_of_one() -> None:
    source, taken = _stripes(100, [[2, 40, 0, 120, 80, 0.7]])
    options = ClutterOptions(chance=1.0, most=6, sides=(8, 30), contrast=1.0)
    laid = 0
    for seed in range(20):
        canvas, boxes = _stripes(seed, [[0, 20, 20, 60, 100, 1], [1, 90, 10, 150, 60, -1]])
        before = canvas.copy()
        scatter(canvas, boxes, source, taken, np.random.default_rng(seed), options)
        changed = (canvas != before).any(axis=2)
        laid += int(changed.sum() > 20)
        assert not changed[before[..., 0] == 250].any()
        assert canvas[changed].max(initial=0) < 100
    assert laid >= 15


def test_clutter_finds_no_place_where_all_is_taken() -> None:
    canvas, boxes = _stripes(1, [[0, 0, 0, 160, 120, 1]])
    free, none = _stripes(2, [])
    options = ClutterOptions(chance=1.0)
    scatter(canvas, boxes, free, none, np.random.default_rng(0), options)
    assert (canvas == 250).all()
    scatter(free, none, canvas, boxes, np.random.default_rng(0), options)
    np.testing.assert_array_equal(free, _stripes(2, [])[0])
    scatter(free[:5, :5], none, free, none, np.random.default_rng(0), ClutterOptions(chance=1.0, sides=(20, 30)))
    np.testing.assert_array_equal(free, _stripes(2, [])[0])


def test_a_recipe_without_clutter_draws_what_it_always_drew() -> None:
    def drawn(options: CanvasOptions) -> tuple[np.ndarray, float]:
        rng = np.random.default_rng(3)
        canvas, _ = compose(lambda rng: _stripes(int(rng.integers(9)), []), lambda rgb: rgb, rng, (96, 64), options)
        return canvas, rng.random()

    plain, after = drawn(CanvasOptions())
    laid, after_clutter = drawn(CanvasOptions(clutter=ClutterOptions(chance=1.0)))
    assert (plain != laid).any() and after != after_clutter
    rng = np.random.default_rng(3)
    _lay_out(lambda rng: _stripes(int(rng.integers(9)), []), lambda rgb: rgb, rng, (96, 64), CanvasOptions())
    assert rng.random() == after


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"chance": 1.5}, "a chance of 0 to 1, got 1.5"),
        ({"most": 0}, "most of 1 to 256, got 0"),
        ({"most": 10**9}, "most of 1 to 256, got 1000000000"),
        ({"sides": [30, 8]}, "two rising sides of 1 to 1024 pixels, got (30.0, 8.0)"),
        ({"sides": [8]}, "two rising sides of 1 to 1024 pixels, got (8.0,)"),
        ({"sides": [8, 1025]}, "two rising sides of 1 to 1024 pixels, got (8.0, 1025.0)"),
        ({"contrast": 0.5}, "a contrast of 1 to 16, got 0.5"),
        ({"contrast": 17}, "a contrast of 1 to 16, got 17.0"),
    ],
)
def test_clutter_that_cannot_be_is_refused_with_its_path(value: dict[str, object], expected: str) -> None:
    content = {
        "steps": 1,
        "data": [{"path": "x"}],
        "curriculum": [{"until": 1, "sizes": ["32x32"]}],
        "canvas": {"clutter": value},
    }
    with pytest.raises(ValueError, match=re.escape(f"canvas.clutter: expected {expected}")):
        recipe_of(content)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("key", ["chance", "contrast"])
def test_a_recipe_takes_no_number_that_is_none(key: str, number: float) -> None:
    content = {"steps": 1, "data": [{"path": "x"}], "curriculum": [{"until": 1, "sizes": ["32x32"]}]}
    for value in (number, str(number)):
        with pytest.raises(ValueError, match=re.escape(f"canvas.clutter.{key}: expected float, got {value!r}")):
            recipe_of({**content, "canvas": {"clutter": {key: value}}})
    with pytest.raises(ValueError, match=re.escape(f"canvas.clutter.sides[1]: expected float, got {number!r}")):
        recipe_of({**content, "canvas": {"clutter": {"sides": [8, number]}}})
