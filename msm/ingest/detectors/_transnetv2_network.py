"""The network of TransNet V2, with the names of parameters under which its weights were published.

Souček and Lokoč, "TransNet V2: An effective deep network architecture for fast shot transition detection"
(arXiv:2008.04838); names as in its version for PyTorch (github.com/soCzech/TransNetV2, MIT). `forward` is the published
computation of one window; `_transnetv2_stream` computes the same for a film as its frames come, each of them once.
Shape letters: B windows, T frames of a window, C channels, H and W 27 and 48.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

HEIGHT, WIDTH = 27, 48
WIDTHS = (16, 32, 64)  # of the three stacks: each has four times as many channels
BAND = 101  # frames around each with which it is compared


class TransNetV2(nn.Module):
    """(B, T, 27, 48, 3) uint8 RGB → (B, T) how probable it is that a transition is at each frame."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, *(4 * w for w in WIDTHS[:-1]))
        self.SDDCNN = nn.ModuleList(_Stack(i, w) for i, w in zip(inputs, WIDTHS, strict=True))
        self.frame_sim_layer = _FrameSimilarity(sum(4 * w for w in WIDTHS))
        self.color_hist_layer = _ColorHistograms()
        self.fc1 = nn.Linear(4 * WIDTHS[-1] * 3 * 6 + 2 * 128, 1024)
        self.cls_layer1 = nn.Linear(1024, 1)
        self.cls_layer2 = nn.Linear(1024, 1)  # every frame of a transition: trained with the other, not used here
        self.eval()

    def forward(self, frames: Tensor) -> Tensor:
        return self.judge(color_histograms(frames), *self.look(frames))

    def look(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """What the convolutions find in (B, T, 27, 48, 3) uint8 RGB: `means` and `seen` of `judge`."""
        x = frames.permute(0, 4, 1, 2, 3).float() / 255  # (B, C, T, H, W)
        means = []
        for stack in self.SDDCNN:
            x = stack(x)
            means.append(x.mean(dim=(3, 4)))
        return torch.cat(means, dim=1).transpose(1, 2), x.permute(0, 2, 3, 4, 1).flatten(2)

    def judge(self, colors: Tensor, means: Tensor, seen: Tensor, judged: slice = slice(None)) -> Tensor:
        """(B, T) probabilities of the `judged` frames of windows of T.

        colors  (B, T, 512) how many pixels have each color
        means   (B, T, 448) outputs of the three stacks, each the mean over its picture
        seen    (B, T, 3 * 6 * 256) output of the last stack, row by row with its channels last
        """
        around = [self.color_hist_layer(colors), self.frame_sim_layer(means)]
        known = torch.cat([*(x[:, judged] for x in around), seen[:, judged]], dim=2)
        return torch.sigmoid(self.cls_layer1(F.relu(self.fc1(known)))).squeeze(2)


def color_histograms(frames: Tensor) -> Tensor:
    """(B, T, H, W, 3) uint8 RGB → (B, T, 512) how many pixels have each color, of 8 levels a channel."""
    red, green, blue = (frames >> 5).long().flatten(2, 3).unbind(dim=3)  # (B, T, H * W) each
    bins = (red << 6) + (green << 3) + blue
    return torch.zeros(*bins.shape[:2], 512, device=bins.device).scatter_add(2, bins, torch.ones_like(bins).float())


class _Stack(nn.Module):
    """Two dilated blocks with a shortcut around the second, then half the picture's size."""

    def __init__(self, inputs: int, width: int):
        super().__init__()
        self.DDCNN = nn.ModuleList([_Dilated(inputs, width), _Dilated(4 * width, width)])

    def forward(self, x: Tensor) -> Tensor:
        first = F.relu(self.DDCNN[0](x))
        return F.avg_pool3d(F.relu(self.DDCNN[1](first)) + first, (1, 2, 2))


class _Dilated(nn.Module):
    """Convolutions that look 1, 2, 4 and 8 frames far, side by side."""

    def __init__(self, inputs: int, width: int):
        super().__init__()
        self._reaches = (1, 2, 4, 8)
        for reach in self._reaches:
            self.add_module(f"Conv3D_{reach}", _Separable(inputs, width, reach))
        self.bn = nn.BatchNorm3d(4 * width, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(torch.cat([layers(x) for _, layers in self.branches()], dim=1))

    def branches(self) -> list[tuple[int, Any]]:
        """How far each reaches in time, and its two convolutions."""
        return [(r, self.get_submodule(f"Conv3D_{r}").layers) for r in self._reaches]


class _Separable(nn.Module):
    """A convolution in space, then one in time."""

    def __init__(self, inputs: int, width: int, reach: int):
        super().__init__()
        space = nn.Conv3d(inputs, 2 * width, (1, 3, 3), padding=(0, 1, 1), bias=False)
        time = nn.Conv3d(2 * width, width, (3, 1, 1), dilation=(reach, 1, 1), padding=(reach, 0, 0), bias=False)
        self.layers = nn.Sequential(space, time)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class _FrameSimilarity(nn.Module):
    def __init__(self, inputs: int):
        super().__init__()
        self.projection, self.fc = nn.Linear(inputs, 128), nn.Linear(BAND, 128)

    def forward(self, means: Tensor) -> Tensor:
        return F.relu(self.fc(_alike(self.projection(means))))


class _ColorHistograms(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(BAND, 128)

    def forward(self, colors: Tensor) -> Tensor:
        return F.relu(self.fc(_alike(colors)))


def _alike(x: Tensor) -> Tensor:
    """(B, T, BAND) cosine of each frame's (B, T, C) features with those of the frames around; 0 beyond the window."""
    x = F.normalize(x, dim=2)
    padded = F.pad(x @ x.transpose(1, 2), (BAND // 2, BAND // 2))
    index = torch.arange(x.shape[1], device=x.device)[:, None] + torch.arange(BAND, device=x.device)
    return padded.gather(2, index.expand(len(x), -1, -1))
