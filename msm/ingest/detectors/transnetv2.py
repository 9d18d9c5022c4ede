"""TransNet V2: finds gradual transitions too, at the price of a network and of its weights.

The network is that of Souček and Lokoč, "TransNet V2: An effective deep network architecture for fast shot
transition detection" (arXiv:2008.04838), with the names of parameters under which its weights were published
for PyTorch (github.com/soCzech/TransNetV2, MIT). Weights are read from a file that the user gives.
Shape letters: B windows, T frames of a window, C channels, H and W 27 and 48.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.errors import InputError
from msm.ingest.detector import Frame

DESCRIPTION = "TransNetV2"
NEEDS_WEIGHTS = True
HEIGHT, WIDTH = 27, 48
WINDOW, STEP = 100, 50  # frames that the network sees at once, and of these the middle ones whose prediction is used
BEFORE = (WINDOW - STEP) // 2
THRESHOLD = 0.5  # the probability from which a frame is part of a transition
BAND = 101  # frames around each with which it is compared


class TransNetV2(nn.Module):
    """(B, T, 27, 48, 3) uint8 RGB → (B, T) how probable it is that a transition is at each frame."""

    def __init__(self) -> None:
        super().__init__()
        widths = (16, 32, 64)
        inputs = (3, *(4 * w for w in widths[:-1]))
        self.SDDCNN = nn.ModuleList(_Stack(i, w) for i, w in zip(inputs, widths, strict=True))
        self.frame_sim_layer = _FrameSimilarity(sum(4 * w for w in widths))
        self.color_hist_layer = _ColorHistograms()
        self.fc1 = nn.Linear(4 * widths[-1] * 3 * 6 + 2 * 128, 1024)
        self.cls_layer1 = nn.Linear(1024, 1)
        self.cls_layer2 = nn.Linear(1024, 1)  # every frame of a transition: trained with the other, not used here
        self.eval()

    def forward(self, frames: Tensor) -> Tensor:
        x = frames.permute(0, 4, 1, 2, 3).float() / 255  # (B, C, T, H, W)
        levels = []
        for stack in self.SDDCNN:
            x = stack(x)
            levels.append(x)
        seen = x.permute(0, 2, 3, 4, 1).flatten(2)  # (B, T, 3 * 6 * C)
        known = torch.cat([self.color_hist_layer(frames), self.frame_sim_layer(levels), seen], dim=2)
        return torch.sigmoid(self.cls_layer1(F.relu(self.fc1(known)))).squeeze(2)


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
        return self.bn(torch.cat([self.get_submodule(f"Conv3D_{r}")(x) for r in self._reaches], dim=1))


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

    def forward(self, levels: Iterable[Tensor]) -> Tensor:
        means = torch.cat([x.mean(dim=(3, 4)) for x in levels], dim=1).transpose(1, 2)  # (B, T, C)
        return F.relu(self.fc(_alike(self.projection(means))))


class _ColorHistograms(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(BAND, 128)

    def forward(self, frames: Tensor) -> Tensor:
        red, green, blue = (frames >> 5).long().flatten(2, 3).unbind(dim=3)  # (B, T, H * W) each
        bins = (red << 6) + (green << 3) + blue
        counts = torch.zeros(*bins.shape[:2], 512).scatter_add(2, bins, torch.ones(bins.shape))
        return F.relu(self.fc(_alike(counts)))


def _alike(x: Tensor) -> Tensor:
    """(B, T, BAND) cosine of each frame's (B, T, C) features with those of the frames around; 0 beyond the window."""
    x = F.normalize(x, dim=2)
    padded = F.pad(x @ x.transpose(1, 2), (BAND // 2, BAND // 2))
    index = torch.arange(x.shape[1])[:, None] + torch.arange(BAND)
    return padded.gather(2, index.expand(len(x), -1, -1))


@lru_cache(maxsize=2)
def load_transnet(path: Path) -> TransNetV2:
    """The network with weights of a `.safetensors` or a `.pth` that holds nothing but tensors; InputError else."""
    from safetensors.torch import load_file

    if not path.is_file():
        raise InputError(f"{path} is missing" if not path.exists() else f"{path} is no file")
    try:
        safe = path.suffix == ".safetensors"
        state = load_file(path) if safe else torch.load(path, map_location="cpu", weights_only=True)
        network = TransNetV2()
        network.load_state_dict(state)
    except Exception as error:  # torch and safetensors have many for a file that is none of theirs
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise InputError(f"{path} does not hold the weights of TransNetV2: {reason}") from None
    return network


def make(weights: Path, threshold: float = THRESHOLD) -> TransNetDetector:
    """A detector for one film with the weights of a file; InputError where it does not hold them."""
    return TransNetDetector(load_transnet(weights), threshold)


class TransNetDetector:
    """See `Detector`."""

    delay = WINDOW - BEFORE  # when this many frames came after it, it is certain of any frame

    def __init__(self, network: TransNetV2, threshold: float = THRESHOLD):
        self._network, self._threshold = network, threshold
        self._frames: list[np.ndarray] = []  # the window so far, its first BEFORE frames repeated
        self._num_known = 0  # frames whose probability is known
        self._was_transition = False
        self._cuts: set[int] = set()

    def push(self, frame: Frame) -> int | None:
        self._frames += [frame.scaled(WIDTH, HEIGHT)] * (1 + BEFORE if frame.number == 0 else 1)
        if len(self._frames) == WINDOW:
            self._predict(STEP)
        wanted = frame.number - self.delay
        return wanted if wanted in self._cuts else None

    def finish(self, num_frames: int) -> set[int]:
        """All cuts of the film; the last frame is repeated for the windows that are not full."""
        while self._num_known < num_frames:
            self._frames += [self._frames[-1]] * (WINDOW - len(self._frames))
            self._predict(min(STEP, num_frames - self._num_known))
        return self._cuts

    def _predict(self, count: int) -> None:
        with torch.inference_mode():
            window = torch.from_numpy(np.stack(self._frames))[None]
            probable = self._network(window)[0, BEFORE : BEFORE + count].numpy()
        for number, is_transition in enumerate(probable > self._threshold, start=self._num_known):
            if self._was_transition and not is_transition:
                self._cuts.add(number)  # the first frame after a transition
            self._was_transition = bool(is_transition)
        self._num_known += count
        self._frames = self._frames[STEP:]
