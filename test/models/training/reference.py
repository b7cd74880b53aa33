"""The papers' formulas in NumPy, written for reading: loops where the network has tricks. Float64, one picture [C, H, W]."""

from __future__ import annotations

import numpy as np

Weights = dict[str, np.ndarray]


def hard_swish(x: np.ndarray) -> np.ndarray:
    """x * ReLU6(x + 3) / 6 (MobileNetV3, section 5.2)."""
    return x * np.clip(x + 3, 0, 6) / 6


def conv(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None, stride: int = 1) -> np.ndarray:
    """Grouped convolution with "same" zero padding; groups follow from the shapes."""
    outputs, per_group, size, _ = weight.shape
    groups = x.shape[0] // per_group
    pad = size // 2
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    height, width = (x.shape[1] - 1) // stride + 1, (x.shape[2] - 1) // stride + 1
    result = np.zeros((outputs, height, width))
    for channel in range(outputs):
        group = channel // (outputs // groups)
        seen = padded[group * per_group : (group + 1) * per_group]
        for dy in range(size):
            for dx in range(size):
                part = seen[:, dy : dy + height * stride : stride, dx : dx + width * stride : stride]
                result[channel] += np.tensordot(weight[channel, :, dy, dx], part, axes=1)
    return result if bias is None else result + bias[:, None, None]


def batch_norm(x: np.ndarray, w: Weights, prefix: str) -> np.ndarray:
    """With the running statistics (Ioffe and Szegedy, 2015)."""
    mean, var, gamma, beta = (w[f"{prefix}.{name}"] for name in ("running_mean", "running_var", "weight", "bias"))
    scale = gamma / np.sqrt(var + 1e-5)
    return x * scale[:, None, None] + (beta - mean * scale)[:, None, None]


def conv_norm(x: np.ndarray, w: Weights, prefix: str, stride: int = 1, act: bool = True) -> np.ndarray:
    """A convolution, the norm or bias that the weights have, hard-swish."""
    x = conv(x, w[f"{prefix}.0.weight"], w.get(f"{prefix}.0.bias"), stride)
    if f"{prefix}.1.running_var" in w:
        x = batch_norm(x, w, f"{prefix}.1")
    return hard_swish(x) if act else x


def mb_conv(x: np.ndarray, w: Weights, prefix: str, stride: int = 1) -> np.ndarray:
    """1x1, depthwise 3x3, 1x1 without an activation (MobileNetV2, table 1)."""
    x = conv_norm(x, w, f"{prefix}.0")
    x = conv_norm(x, w, f"{prefix}.1", stride)
    return conv_norm(x, w, f"{prefix}.2", act=False)


def ds_conv(x: np.ndarray, w: Weights, prefix: str, last_act: bool) -> np.ndarray:
    """Depthwise 3x3, 1x1."""
    return conv_norm(conv_norm(x, w, f"{prefix}.0"), w, f"{prefix}.1", act=last_act)


def quadratic_attention(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    """[d, n] each: O_i = sum_j Sim(Q_i, K_j) V_j / sum_j Sim(Q_i, K_j), Sim(Q, K) = ReLU(Q) ReLU(K)^T (EfficientViT, 3.1)."""
    similarity = np.maximum(q, 0).T @ np.maximum(k, 0)
    return (similarity @ v.T / (similarity.sum(axis=1, keepdims=True) + 1e-5)).T


def attention(x: np.ndarray, w: Weights, prefix: str, dim: int) -> np.ndarray:
    """Q, K, V at two scales, each head's attention apart, projected (EfficientViT, figure 2)."""
    qkv = conv(x, w[f"{prefix}.qkv.weight"])
    coarse = conv(conv(qkv, w[f"{prefix}.agg.0.0.weight"]), w[f"{prefix}.agg.0.1.weight"])
    heads = []
    for tokens in (qkv, coarse):
        flat = tokens.reshape(tokens.shape[0], -1)
        for at in range(0, len(flat), 3 * dim):
            q, k, v = (flat[at + i * dim : at + (i + 1) * dim] for i in range(3))
            heads.append(quadratic_attention(q, k, v))
    return conv_norm(np.concatenate(heads).reshape(-1, *x.shape[1:]), w, f"{prefix}.proj", act=False)


def vit_block(x: np.ndarray, w: Weights, prefix: str, dim: int) -> np.ndarray:
    """Attention, then MBConv, each added to its input."""
    x = x + attention(x, w, f"{prefix}.a.m", dim)
    return x + mb_conv(x, w, f"{prefix}.l.m")


def upsample(x: np.ndarray) -> np.ndarray:
    return x.repeat(2, axis=1).repeat(2, axis=2)


def neck(features: list[np.ndarray], w: Weights) -> list[np.ndarray]:
    """Top-down and bottom-up sums of the model card."""
    low, middle, high = (conv_norm(f, w, f"lat.{i}") for i, f in enumerate(features))
    middle = middle + upsample(high)
    middle = middle + mb_conv(middle, w, "td.0.m")
    low = low + upsample(middle)
    low = low + mb_conv(low, w, "td.1.m")
    middle = middle + conv_norm(low, w, "down.0", stride=2, act=False)
    middle = middle + mb_conv(middle, w, "bu.0.m")
    high = high + conv_norm(middle, w, "down.1", stride=2, act=False)
    return [low, middle, high + mb_conv(high, w, "bu.1.m")]


def boxes_of(regression: np.ndarray, stride: int) -> np.ndarray:
    """[4, H, W] -> [H * W, 4]: cell centre -/+ softplus(regression) * stride."""
    distances = np.log1p(np.exp(regression)) * stride
    _, height, width = regression.shape
    rows = []
    for row in range(height):
        for column in range(width):
            x, y = (column + 0.5) * stride, (row + 0.5) * stride
            left, top, right, bottom = distances[:, row, column]
            rows.append([x - left, y - top, x + right, y + bottom])
    return np.asarray(rows)


def i420_to_rgb(frame: np.ndarray, height: int) -> np.ndarray:
    """[H * 3 / 2, W] -> [3, H, W] of 0..1, not clipped (ITU-R BT.601, limited range), pixel by pixel."""
    width = frame.shape[1]
    u, v = frame[height:].reshape(2, height // 2, width // 2).astype(float)
    rgb = np.zeros((3, height, width))
    for y in range(height):
        for x in range(width):
            luma = (float(frame[y, x]) - 16) / 219
            blue, red = (u[y // 2, x // 2] - 128) / 224, (v[y // 2, x // 2] - 128) / 224
            r, b = luma + 1.402 * red, luma + 1.772 * blue
            rgb[:, y, x] = r, (luma - 0.299 * r - 0.114 * b) / 0.587, b
    return rgb


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Of two boxes [4]."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return width * height / (sum(areas) - width * height)


def giou(a: np.ndarray, b: np.ndarray) -> float:
    """IoU - (hull - union) / hull."""
    hull = (max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1]))
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    overlap = iou(a, b)
    union = areas / (1 + overlap)
    return overlap - (hull - union) / hull


def ciou(a: np.ndarray, b: np.ndarray) -> float:
    """IoU - rho^2 / c^2 - alpha * v, with v = 4 / pi^2 (atan(w/h) - atan(w'/h'))^2 and alpha = v / (1 - IoU + v)."""
    overlap = iou(a, b)
    centre = ((a[0] + a[2] - b[0] - b[2]) / 2) ** 2 + ((a[1] + a[3] - b[1] - b[3]) / 2) ** 2
    diagonal = (max(a[2], b[2]) - min(a[0], b[0])) ** 2 + (max(a[3], b[3]) - min(a[1], b[1])) ** 2
    aspects = [np.arctan((box[2] - box[0]) / (box[3] - box[1])) for box in (a, b)]
    v = 4 / np.pi**2 * (aspects[0] - aspects[1]) ** 2
    return overlap - centre / diagonal - v / (1 - overlap + v) * v
