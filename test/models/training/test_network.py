"""Each block against the papers' formulas, and the published weights."""

from __future__ import annotations

import copy
import resource
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import reference
from network.attention import EfficientViTBlock, LiteMultiScaleAttention, linear_attention
from network.backbone import VARIANTS, Backbone
from network.checkpoint import (
    Calibration,
    calibrate_checkpoint,
    load_checkpoint,
    load_mit_backbone,
    mit_name,
    mix_checkpoints,
    save_checkpoint,
)
from network.detector import Detector, anchor_grid, decode
from network.frontend import I420Detector
from network.layers import conv_norm, ds_conv, mb_conv


def randomised(module: nn.Module, seed: int = 0) -> nn.Module:
    """Float64, evaluated, with norms that do something."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if value.is_floating_point() and name not in ("mean", "std"):
                noise = torch.rand(value.shape, generator=generator)
                if name.endswith("running_var"):
                    value.copy_(0.5 + noise)
                else:
                    value.copy_((noise - 0.5) * (2 / max(1, value[0].numel()) ** 0.5 if value.ndim > 1 else 1.0))
    return module.double().eval()


def weights(module: nn.Module) -> reference.Weights:
    return {name: value.numpy() for name, value in module.state_dict().items()}


def picture(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).normal(size=(1, *shape)))


@torch.no_grad()
def test_convolution_norm_and_hard_swish_follow_their_formulas() -> None:
    block = randomised(nn.ModuleDict({"x": conv_norm(6, 8, 3, 2, groups=2)}))
    x = picture(6, 7, 9)
    np.testing.assert_allclose(block["x"](x)[0], reference.conv_norm(x[0].numpy(), weights(block), "x", 2), atol=1e-9)


@pytest.mark.parametrize("norms", [(True, True, True), (False, False, True)])
@pytest.mark.parametrize("stride", [1, 2])
@torch.no_grad()
def test_mbconv_follows_its_formula(norms: tuple[bool, ...], stride: int) -> None:
    block = randomised(nn.ModuleDict({"x": mb_conv(4, 6, stride, 3, norms)}))
    x = picture(4, 8, 6)
    np.testing.assert_allclose(block["x"](x)[0], reference.mb_conv(x[0].numpy(), weights(block), "x", stride), atol=1e-9)


@torch.no_grad()
def test_depthwise_separable_convolution_follows_its_formula() -> None:
    block = randomised(nn.ModuleDict({"x": ds_conv(4, 6, last_act=True)}))
    x = picture(4, 5, 6)
    np.testing.assert_allclose(block["x"](x)[0], reference.ds_conv(x[0].numpy(), weights(block), "x", True), atol=1e-9)


@pytest.mark.parametrize("positions", [1, 7, 400])
def test_linear_attention_equals_the_quadratic_form(positions: int) -> None:
    q, k, v = (torch.from_numpy(np.random.default_rng(i).normal(size=(1, 3, 16, positions))).float() for i in range(3))
    linear = linear_attention(q, k, v)
    for head in range(3):
        expected = reference.quadratic_attention(*(t[0, head].double().numpy() for t in (q, k, v)))
        np.testing.assert_allclose(linear[0, head], expected, atol=1e-4)


def test_linear_attention_stays_finite_and_exact_under_bfloat16() -> None:
    q, k, v = (torch.rand(1, 1, 16, 4000) * 30 for _ in range(3))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(linear_attention(q, k, v), linear_attention(q.clone(), k, v))
        assert linear_attention(q, k, v).dtype == torch.float32


@torch.no_grad()
def test_multi_scale_attention_and_its_block_follow_the_paper() -> None:
    attention = randomised(nn.ModuleDict({"x": LiteMultiScaleAttention(32, 16)}))
    block = randomised(nn.ModuleDict({"x": EfficientViTBlock(32, 16)}), seed=2)
    x = picture(32, 6, 5)
    expected = reference.attention(x[0].numpy(), weights(attention), "x", 16)
    # Its sums are float32 in any precision.
    np.testing.assert_allclose(attention["x"](x)[0], expected, atol=1e-5)
    np.testing.assert_allclose(block["x"](x)[0], reference.vit_block(x[0].numpy(), weights(block), "x", 16), atol=1e-4)


@torch.no_grad()
def test_the_neck_adds_top_down_then_bottom_up() -> None:
    detector = randomised(Detector(classes=2, channels=8))
    features = [picture(32, 8, 12), picture(64, 4, 6), picture(128, 2, 3)]
    expected = reference.neck([f[0].numpy() for f in features], weights(detector))
    for got, wanted in zip(detector.neck(features), expected, strict=True):
        np.testing.assert_allclose(got[0], wanted, atol=1e-9)


@torch.no_grad()
def test_head_and_boxes_follow_the_card() -> None:
    detector = randomised(Detector(classes=3, channels=8))
    x = picture(3, 64, 96)
    regression, logits = detector(x)
    w = weights(detector)
    levels = detector.neck(detector.b((x - detector.mean) / detector.std))
    boxes, classes = [], []
    for level, (feature, stride) in enumerate(zip(levels, (8, 16, 32), strict=True)):
        shared = feature[0].numpy()
        for block in range(2):
            shared = reference.ds_conv(shared, w, f"head.{level}.{block}", True)
        raw = reference.conv(shared, w[f"reg.{level}.weight"], w[f"reg.{level}.bias"])
        boxes.append(reference.boxes_of(raw, stride))
        scores = reference.conv(shared, w[f"cls.{level}.weight"], w[f"cls.{level}.bias"])
        classes.append(scores.reshape(3, -1).T)
    got = decode(regression, *(part.double() for part in anchor_grid(64, 96)))
    np.testing.assert_allclose(got[0], np.concatenate(boxes), atol=1e-6)
    np.testing.assert_allclose(logits[0], np.concatenate(classes), atol=1e-6)


@torch.no_grad()
def test_the_front_end_converts_colours_as_bt601() -> None:
    detector = randomised(Detector(classes=2, channels=8))
    frame = np.random.default_rng(3).integers(0, 256, (48, 64), dtype=np.uint8)
    rgb = torch.from_numpy(reference.i420_to_rgb(frame, 32))[None]
    detector = detector.float()
    regression, logits = detector(rgb.float())
    boxes, scores = I420Detector(detector, 32, 64)(torch.from_numpy(frame)[None])
    np.testing.assert_allclose(boxes, decode(regression, *anchor_grid(32, 64)), atol=1e-3)
    np.testing.assert_allclose(scores, logits.sigmoid(), atol=1e-5)


@pytest.mark.parametrize("size", [(0, 32), (32, 33), (48, 64)])
def test_sizes_that_are_no_multiples_of_32_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="multiples of 32"):
        anchor_grid(*size)


@pytest.mark.parametrize(("variant", "millions"), [("b0", 0.68), ("b1", 4.6), ("b2", 15.0), ("b3", 39.0)])
def test_backbones_have_the_size_of_their_variant(variant: str, millions: float) -> None:
    with torch.device("meta"):
        backbone = Backbone(VARIANTS[variant])
    count = sum(parameter.numel() for parameter in backbone.parameters()) / 1e6
    assert count == pytest.approx(millions, rel=0.06)


def test_the_csp_backbone_is_yolov5s_smallest() -> None:
    # Parameters of layers 0 to 9 in the summary that YOLOv5 prints of yolov5n.
    published = [1760, 4672, 4800, 18560, 29184, 73984, 156928, 295424, 296448, 164608]
    detector = Detector("csp", classes=3)
    parts = [detector.b.stem, *(part for stage in detector.b.stages for part in stage), detector.b.pool]
    assert [sum(parameter.numel() for parameter in part.parameters()) for part in parts] == published
    features = detector.b(torch.rand(1, 3, 64, 96))
    assert [tuple(feature.shape[1:]) for feature in features] == [(64, 8, 12), (128, 4, 6), (256, 2, 3)]
    regression, logits = detector(torch.rand(1, 3, 64, 96))
    assert regression.shape == (1, 126, 4) and logits.shape == (1, 126, 3)


def test_a_published_backbone_is_loaded_by_name(tmp_path: Path) -> None:
    source, target = Backbone(VARIANTS["b0"]), Backbone(VARIANTS["b0"])
    theirs = {f"backbone.{mit_name(key)}": value for key, value in source.state_dict().items()}
    torch.save({"state_dict": {**theirs, "head.output.weight": torch.zeros(1)}}, tmp_path / "mit.pt")
    assert load_mit_backbone(target, tmp_path / "mit.pt") == len(source.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(source.state_dict().values(), target.state_dict().values(), strict=True))
    names = set(theirs)
    for expected in (
        "backbone.input_stem.op_list.0.conv.weight",
        "backbone.input_stem.op_list.1.main.depth_conv.norm.bias",
        "backbone.stages.0.op_list.0.main.inverted_conv.conv.weight",
        "backbone.stages.2.op_list.1.context_module.main.qkv.conv.weight",
        "backbone.stages.2.op_list.1.context_module.main.aggreg.0.1.weight",
        "backbone.stages.3.op_list.2.context_module.main.proj.norm.running_var",
        "backbone.stages.3.op_list.2.local_module.main.point_conv.conv.weight",
        "backbone.stages.2.op_list.0.main.inverted_conv.conv.bias",
    ):
        assert expected in names


def test_a_backbone_that_does_not_fit_is_refused_and_nothing_is_loaded(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "mit.pt")
    backbone = Backbone(VARIANTS["b0"])
    before = copy.deepcopy(backbone.state_dict())
    with pytest.raises(ValueError, match=r"input_stem\.op_list\.0\.conv\.weight is missing.* more"):
        load_mit_backbone(backbone, tmp_path / "mit.pt")
    assert all(torch.equal(value, before[key]) for key, value in backbone.state_dict().items())


def test_a_checkpoint_survives_being_stored_and_another_file_is_refused(tmp_path: Path) -> None:
    detector = Detector(classes=2, channels=8)
    save_checkpoint(tmp_path / "a.pt", detector, ["one", "two"], 7)
    again, names = load_checkpoint(tmp_path / "a.pt")
    assert names == ["one", "two"]
    assert all(torch.equal(value, again.state_dict()[key]) for key, value in detector.state_dict().items())
    torch.save({"state": {}}, tmp_path / "b.pt")
    with pytest.raises(ValueError, match="expected a checkpoint"):
        load_checkpoint(tmp_path / "b.pt")


def test_a_calibrated_checkpoint_gives_other_scores_in_the_same_order_and_trains_from_what_was_learned(tmp_path: Path) -> None:
    detector = Detector(classes=2, channels=8).eval()
    save_checkpoint(tmp_path / "a.pt", detector, ["one", "two"], 7, {"resume": {"step": 7}})
    calibrate_checkpoint(tmp_path / "a.pt", tmp_path / "b.pt", {"two": Calibration(2.5, -1.0), "one": Calibration(0.5, 2.0)})
    rgb = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        boxes, logits = detector(rgb)
        same_boxes, others = load_checkpoint(tmp_path / "b.pt")[0](rgb)
        learned = load_checkpoint(tmp_path / "b.pt", calibrated=False)[0](rgb)[1]
    expected = logits * torch.tensor([0.5, 2.5]) + torch.tensor([2.0, -1.0])
    torch.testing.assert_close(others, expected, atol=1e-4, rtol=1e-4)
    assert torch.equal(same_boxes, boxes) and torch.equal(learned, logits)
    assert torch.load(tmp_path / "b.pt")["resume"] == {"step": 7}
    # Another calibration takes the place of the first.
    calibrate_checkpoint(tmp_path / "b.pt", tmp_path / "b.pt", dict.fromkeys(["one", "two"], Calibration()))
    with torch.no_grad():
        torch.testing.assert_close(load_checkpoint(tmp_path / "b.pt")[0](rgb)[1], logits)
    # One for all labels is what checkpoints had at first.
    content = torch.load(tmp_path / "a.pt")
    torch.save({**content, "calibration": {"scale": 2.0, "shift": 1.0}}, tmp_path / "c.pt")
    with torch.no_grad():
        torch.testing.assert_close(load_checkpoint(tmp_path / "c.pt")[0](rgb)[1], 2 * logits + 1, atol=1e-4, rtol=1e-4)
    torch.save({**content, "calibration": {"one": {"scale": 2.0, "shift": 1.0}}}, tmp_path / "c.pt")
    with pytest.raises(ValueError, match="calibration: expected one of each of one, two, got"):
        load_checkpoint(tmp_path / "c.pt")


def test_a_checkpoint_that_does_not_fit_on_the_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OSError, match=r"a\.pt: expected to write it, got"):
            save_checkpoint(tmp_path / "a.pt", Detector(classes=2, channels=8), ["one", "two"], 0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


def test_checkpoints_are_mixed_by_their_shares(tmp_path: Path) -> None:
    detectors = [Detector(classes=2, channels=8).eval() for _ in range(2)]
    for index, detector in enumerate(detectors):
        save_checkpoint(tmp_path / f"{index}.pt", detector, ["one", "two"], index, {"resume": {"step": index}})
    calibrate_checkpoint(tmp_path / "0.pt", tmp_path / "0.pt", dict.fromkeys(["one", "two"], Calibration(2.0, 1.0)))
    mix_checkpoints([(tmp_path / "0.pt", 0.75), (tmp_path / "1.pt", 0.25)], tmp_path / "mixed.pt")
    mixed, names = load_checkpoint(tmp_path / "mixed.pt")
    assert names == ["one", "two"]
    first, second = (detector.state_dict() for detector in detectors)
    for key, value in mixed.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, 0.75 * first[key] + 0.25 * second[key])
        else:
            assert torch.equal(value, first[key])
    assert torch.load(tmp_path / "mixed.pt")["resume"] == {"step": 0}
    save_checkpoint(tmp_path / "other.pt", Detector(classes=2, channels=16), ["one", "two"], 0)
    with pytest.raises(ValueError, match=r"other\.pt: expected a checkpoint with the labels and weights of .*0\.pt, got another"):
        mix_checkpoints([(tmp_path / "0.pt", 0.5), (tmp_path / "other.pt", 0.5)], tmp_path / "mixed.pt")


def test_the_published_checkpoint_fits_strictly(published: Path) -> None:
    detector, names = load_checkpoint(published / "efficientvit-b0.pt")
    assert sum(parameter.numel() for parameter in detector.parameters()) == 932_157
    assert names[0] == "person" and len(names) == 11
    listed = [line.split()[0] for line in (published / "efficientvit-b0.state.txt").read_text().splitlines()]
    assert list(detector.state_dict()) == listed
