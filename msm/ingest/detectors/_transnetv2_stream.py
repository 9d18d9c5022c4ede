"""TransNet V2 over a film as its frames come: each frame passes through the convolutions once.

The published inference runs windows of 100 frames and uses the 50 in the middle, so that each frame is computed twice.
Here each convolution in time keeps the frames that it still needs, as if the film were one window; only the comparison
of a frame with those around it ends where the published windows end. Batch normalisation is part of the weights, and
channels are last in memory, where convolutions on a CPU are fastest.
Shape letters: T frames, C channels, H and W of a picture.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from msm.ingest.detectors._transnetv2_network import WIDTHS, TransNetV2, color_histograms

WINDOW, STEP = 100, 50  # frames that are compared with each other, and of these the middle ones that are judged
BEFORE = (WINDOW - STEP) // 2
REACH = 8  # frames to both sides that a block of convolutions sees
DELAY = WINDOW + STEP - BEFORE  # so many frames after a frame came, it is judged: six blocks are less than STEP behind


class TransNetStream:
    """The probability of a transition at each frame of one film.

    network  in evaluation mode, on the device where it is to run
    """

    @torch.inference_mode()
    def __init__(self, network: TransNetV2):
        self._network = network
        self._stacks = [_Stack(stack) for stack in network.SDDCNN]
        device = network.fc1.weight.device
        self._colors = torch.empty(
            0, 512, device=device
        )  # (T, 512), as the next two from the next window's first frame
        self._seen = torch.empty(0, network.fc1.in_features - 2 * 128, device=device)  # (T, 3 * 6 * C)
        self._means = [torch.empty(0, 4 * width, device=device) for width in WIDTHS]  # (T, C) each

    @torch.inference_mode()
    def push(self, frames: Tensor, *, is_last: bool = False) -> Tensor:
        """See the next (STEP, 27, 48, 3) uint8 RGB → the (N,) probabilities that are known by then, N = 0, STEP, …

        The film begins with BEFORE frames that are not judged, and ends with as many or more.
        """
        frames = frames.to(self._network.fc1.weight.device)
        self._colors = torch.cat([self._colors, color_histograms(frames[None])[0]])
        x = frames.permute(0, 3, 1, 2).float() / 255  # (T, C, H, W), C last in memory as it was
        for i, stack in enumerate(self._stacks):
            x = stack.push(x, is_last)
            self._means[i] = torch.cat([self._means[i], x.mean(dim=(2, 3))])
        self._seen = torch.cat([self._seen, x.permute(0, 2, 3, 1).flatten(1)])
        found = []
        while len(self._seen) >= WINDOW:
            found.append(self._judge_window())
        return torch.cat(found) if found else torch.empty(0)

    def _judge_window(self) -> Tensor:
        colors, seen, means = self._colors[:WINDOW], self._seen[:WINDOW], [m[:WINDOW] for m in self._means]
        judged = slice(BEFORE, BEFORE + STEP)
        found = self._network.judge(colors[None], torch.cat(means, dim=1)[None], seen[None], judged)[0]
        self._colors, self._seen = self._colors[STEP:], self._seen[STEP:]
        self._means = [m[STEP:] for m in self._means]
        return found.cpu()


class _Stack:
    """See `_transnetv2_network._Stack`; its output is 2 * REACH frames behind until the last are in."""

    def __init__(self, stack: Any):  # torch's types say nothing of a module's parts
        self._blocks = [_Block(block) for block in stack.DDCNN]
        self._first: Tensor | None = None  # outputs of the first block that await the second's

    def push(self, x: Tensor, is_last: bool) -> Tensor:
        """(T, C, H, W) → (T', 4 * width, H // 2, W // 2)"""
        first = self._blocks[0].push(x, is_last)
        second = self._blocks[1].push(first, is_last)
        waiting = first if self._first is None else torch.cat([self._first, first])
        self._first = waiting[len(second) :]
        return F.avg_pool2d(second + waiting[: len(second)], 2)


class _Block:
    """A dilated block, its normalisation and rectifier; its output is REACH frames behind until the last are in."""

    def __init__(self, block: Any):
        norm = block.bn
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        shift = norm.bias - norm.running_mean * scale
        parts = zip(block.branches(), scale.chunk(4), shift.chunk(4), strict=True)
        self._branches = [_Branch(reach, layers, *part) for (reach, layers), *part in parts]

    def push(self, x: Tensor, is_last: bool) -> Tensor:
        """(T, C, H, W) → (T', 4 * width, H, W)"""
        if is_last:
            x = torch.cat([x, x.new_zeros(REACH, *x.shape[1:])])  # as the padding of a window is
        return torch.cat([branch.push(x) for branch in self._branches], dim=1).relu_()


class _Branch:
    """A convolution in space, then one in time that reaches `reach` frames to both sides."""

    def __init__(self, reach: int, layers: Any, scale: Tensor, shift: Tensor):
        space, time = layers[0].weight, layers[1].weight * scale[:, None, None, None, None]
        self._reach, self._shift = reach, shift
        self._space = space.squeeze(2).to(memory_format=torch.channels_last)
        self._time = time.squeeze(4).to(memory_format=torch.channels_last)
        self._past: Tensor | None = None  # the last 2 * REACH frames between the two

    def push(self, x: Tensor) -> Tensor:
        """(T, C, H, W) → (T', width, H, W)"""
        x = F.conv2d(x, self._space, padding=1).permute(0, 2, 3, 1)  # (T, H, W, C) as in memory
        x = torch.cat([x.new_zeros(REACH, *x.shape[1:]) if self._past is None else self._past, x])
        self._past = x[-2 * REACH :].clone()
        x = x[REACH - self._reach : len(x) - REACH + self._reach]
        rows = x.flatten(1, 2)[None].permute(0, 3, 1, 2)  # (1, C, T, H * W), channels last
        rows = F.conv2d(rows, self._time, self._shift, dilation=(self._reach, 1))
        return rows[0].unflatten(2, x.shape[1:3]).permute(1, 0, 2, 3)
