"""Letterbox, suppression, fusion of teachers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from judging.calibration import calibrated, calibration_error, fit
from judging.fusion import fuse, to_labels
from judging.letterbox import fit_inside, letterbox_i420, to_i420
from judging.pictures import list_folder
from judging.runner import detect, open_model
from judging.suppress import detections, suppress
from judging.teacher import TeacherOptions, names_of, open_teacher
from network.checkpoint import Calibration


@pytest.mark.parametrize(
    ("source", "target", "fitted"),
    [
        ((1920, 1080), (416, 256), (416, 234)),
        ((768, 576), (416, 256), (340, 256)),
        ((768, 576), (640, 384), (512, 384)),
        ((344, 194), (640, 384), (640, 360)),
        ((10, 4000), (64, 64), (2, 64)),
    ],
)
def test_pictures_are_fitted_as_ffmpeg_does(source: tuple[int, int], target: tuple[int, int], fitted: tuple[int, int]) -> None:
    assert fit_inside(*source, *target) == fitted


def test_a_letterboxed_frame_is_grey_beside_the_picture_and_boxes_go_back() -> None:
    rgb = np.full((36, 128, 3), 255, np.uint8)
    frame, (scale_x, scale_y) = letterbox_i420(rgb, 64, 32)
    assert frame.shape == (48, 64)
    assert (frame[:18] == 235).all() and (frame[18:32] == 114).all() and (frame[32:] == 128).all()
    assert (scale_x, scale_y) == (2, 2)
    white = to_i420(np.full((4, 4, 3), 255, np.uint8))
    assert (white[:4] == 235).all() and (white[4:] == 128).all()


def test_suppression_is_greedy_within_a_label_and_bounded() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [1, 0, 11, 10], [20, 0, 30, 10]], float)
    labels = np.array([0, 0, 1, 0])
    assert suppress(boxes, labels, 0.6, 100).tolist() == [0, 2, 3]
    assert suppress(boxes, labels, 0.9, 100).tolist() == [0, 1, 2, 3]
    assert suppress(boxes, labels, 0.6, 2).tolist() == [0, 2]
    assert suppress(boxes[:0], labels[:0], 0.6, 2).tolist() == []


def test_of_an_anchor_the_best_label_counts_from_the_floor_on() -> None:
    boxes = np.array([[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]], float)
    scores = np.array([[0.3, 0.6], [0.2, 0.1], [0.01, 0.02]])
    found = detections(boxes, scores, floor=0.05)
    np.testing.assert_allclose(found, [[0, 0, 10, 10, 0.6, 1], [20, 0, 30, 10, 0.2, 0]])


def test_detections_lie_within_the_picture() -> None:
    def infer(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        boxes = np.array([[[-5, -5, 20, 10], [40, 2, 90, 12], [10, 20, 30, 30]]], np.float32)
        return boxes, np.array([[[0.9], [0.8], [0.7]]], np.float32)

    found = detect(infer, np.zeros((32, 128, 3), np.uint8), (64, 32))
    # The last lies in the padding alone.
    np.testing.assert_allclose(found[:, :4], [[0, 0, 40, 20], [80, 4, 128, 24]])


def test_teachers_that_agree_are_sure_and_one_alone_counts_half() -> None:
    first = np.array([[0, 0, 10, 10, 0.8, 0], [50, 0, 60, 10, 0.4, 1]])
    second = np.array([[0, 0, 10, 12, 0.4, 0], [0, 0, 10, 10, 0.3, 1]])
    fused = fuse([first, second])
    np.testing.assert_allclose(fused[0], [0, 0, 10, (10 * 0.8 + 12 * 0.4) / 1.2, 0.6, 0], rtol=1e-5)
    np.testing.assert_allclose(fused[1:, 4:], [[0.2, 1], [0.15, 1]], rtol=1e-5)
    assert fuse([np.zeros((0, 6))]).shape == (0, 6)
    rows = to_labels(fused, keep=0.28, doubt=0.18)
    assert [row[5] for row in rows] == [0.72, -1.0]


def test_wrong_models_teachers_and_folders_are_refused(tmp_path: Path, published: Path) -> None:
    model = published / "efficientvit-b0-416x256.onnx"
    with pytest.raises(ValueError, match="a checkpoint needs a size"):
        open_model(tmp_path / "a.pt", None)
    with pytest.raises(ValueError, match="expected the graph's size 416x256"):
        open_model(model, (64, 64))
    with pytest.raises(ValueError, match="expected pictures"):
        list_folder(tmp_path)
    with pytest.raises(ValueError, match="expected a label of"):
        open_teacher(model, ["boat"], TeacherOptions("sightline", names_of(model)))


def test_a_teacher_looks_at_parts_too_and_merges_what_it_saw(published: Path) -> None:
    model = published / "efficientvit-b0-416x256.onnx"
    rgb = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    options = TeacherOptions("sightline", names_of(model), floor=0.02, tiles=2, threads=1)
    found = open_teacher(model, ["car", "person"], options)(rgb)
    assert set(found[:, 5].tolist()) <= {0.0, 1.0}
    assert (found[:, 2] <= 300).all() and (found[:, 3] <= 200).all()


@pytest.mark.parametrize("truth", [Calibration(2.5, -1.0), Calibration(0.4, 0.7), Calibration(1.0, 0.0), Calibration(6.0, -3.0)])
def test_a_calibration_is_found_in_what_turned_out_to_be_right(truth: Calibration) -> None:
    rng = np.random.default_rng(1)
    scores = rng.uniform(0.02, 0.98, 60_000)
    right = rng.random(len(scores)) < calibrated(scores, truth)
    found = fit([scores[:10_000], scores[10_000:]], [right[:10_000], right[10_000:]])
    assert found.scale == pytest.approx(truth.scale, rel=0.05) and found.shift == pytest.approx(truth.shift, abs=0.1)
    after = calibrated(scores, found)
    assert calibration_error(after, right) < 0.015
    assert (np.argsort(after, kind="stable") == np.argsort(scores, kind="stable")).all()


def test_sets_of_different_sizes_count_alike() -> None:
    few, many = np.repeat([0.3, 0.7], 50), np.repeat([0.3, 0.7], 5000)
    right = np.arange(100) % 10 < 2, np.arange(10_000) % 10 < 6
    found = fit([few, many], [np.where(few > 0.5, ~right[0], right[0]), np.where(many > 0.5, right[1], ~right[1])])
    # 5,050 were right and 5,050 wrong, and one more of each is taken for seen.
    share = (0.8 + 0.6) / 2
    expected = share * 5051 / 5052 + (1 - share) / 5052
    assert calibrated(np.array([0.7]), found)[0] == pytest.approx(expected, abs=1e-6)


def test_few_detections_give_no_certainty() -> None:
    scores, right = np.array([0.6] + [0.1] * 20), np.array([True] + [False] * 20)
    found = fit([scores], [right])
    assert 0.5 < calibrated(np.array([0.6]), found)[0] < 0.8
    assert 0.02 < calibrated(np.array([0.1]), found)[0] < 0.2


@pytest.mark.parametrize(
    ("scores", "right", "message"),
    [
        ([0.2, 0.9], [True, True], "right and others that are wrong"),
        ([], [], "right and others that are wrong"),
        ([0.1, 0.2, 0.8, 0.9], [True, False, True, False], "slope of -"),
    ],
)
def test_no_calibration_comes_of_scores_that_say_nothing(scores: list[float], right: list[bool], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit([np.array(scores)], [np.array(right, dtype=bool)])
