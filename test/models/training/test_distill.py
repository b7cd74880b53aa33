"""Labels by teachers, as the program makes them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

import distill
import sets
from data.formats import read_sightline
from data.picture import decode_rgb


def yolo_graph(path: Path, layout: str) -> None:
    """A teacher that always sees one car (label 1 of 2) in the middle of its input of 64 x 64, and a doubtful person."""
    if layout == "end2end":
        rows = np.float32([[[16, 10, 48, 30, 0.9, 1], [6, 6, 14, 14, 0.15, 0], [0, 0, 0, 0, 0, 0]]])
        return save_constant(path, rows)
    rows = np.zeros((1, 2, 6 if layout == "yolov8" else 7), np.float32)
    scores = np.array([[0.0, 0.9], [0.15, 0.0]], np.float32)
    rows[0, :, :4] = [[32, 20, 32, 20], [10, 10, 8, 8]]
    rows[0, :, -2:] = scores
    if layout == "yolov5":
        rows[0, :, 4] = 1.0
    save_constant(path, rows.transpose(0, 2, 1).copy() if layout == "yolov8" else rows)


def save_constant(path: Path, constant: np.ndarray) -> None:
    """A graph whose output does not depend on what it sees."""
    shape = [1, *constant.shape[1:]]
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("ReduceSum", ["images"], ["sum"], keepdims=0),
            onnx.helper.make_node("Mul", ["sum", "zero"], ["none"]),
            onnx.helper.make_node("Add", ["rows", "none"], ["output0"]),
        ],
        "teacher",
        [onnx.helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, [1, 3, 64, 64])],
        [onnx.helper.make_tensor_value_info("output0", onnx.TensorProto.FLOAT, shape)],
        [onnx.numpy_helper.from_array(constant, "rows"), onnx.numpy_helper.from_array(np.float32(0), "zero")],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.helper.set_model_props(model, {"names": "{0: 'person', 1: 'car'}"})
    onnx.save(model, str(path))


def test_teachers_label_a_folder_that_training_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for layout in ("yolov8", "yolov5", "end2end"):
        yolo_graph(tmp_path / f"{layout}.onnx", layout)
    pictures = tmp_path / "pictures" / "sub"
    pictures.mkdir(parents=True)
    (pictures / "1.png").write_bytes(sets.encode(np.zeros((64, 128, 3), np.uint8)))
    arguments = ["--teacher", f"{tmp_path}/yolov8.onnx:yolov8", "--teacher", f"{tmp_path}/yolov5.onnx:yolov5"]
    arguments += ["--teacher", f"{tmp_path}/end2end.onnx:end2end"]
    output = tmp_path / "labelled"
    monkeypatch.setattr(sys, "argv", ["distill.py", str(tmp_path / "pictures"), *arguments, "--output", str(output)])
    distill.main()
    (picture,) = read_sightline(output, ["car", "person"]).pictures
    np.testing.assert_allclose(picture.boxes, [[0, 32, 20, 96, 60, 0.93], [1, 12, 12, 28, 28, -1]], atol=0.01)
    assert (picture.source, picture.split) == ("pictures", "train")
    assert decode_rgb(picture).shape == (64, 128, 3)
    # Read as another layout it would be nonsense.
    wrong = ["--teacher", f"{tmp_path}/yolov8.onnx:end2end", "--output", str(tmp_path / "none")]
    monkeypatch.setattr(sys, "argv", ["distill.py", str(tmp_path / "pictures"), *wrong])
    with pytest.raises(SystemExit):
        distill.main()
    assert "yolov8.onnx: expected rows of 6, got 2" in capsys.readouterr().err
    assert not (tmp_path / "none" / "labels.jsonl").exists()
