"""How a picture is turned and mirrored so that it stands upright: the display matrix of a video stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import Type


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways in which a picture can lie: first transposed, then mirrored.

    transposed  rows become columns
    hflip       left becomes right, after transposing
    vflip       top becomes bottom, after transposing
    """

    transposed: bool = False
    hflip: bool = False
    vflip: bool = False

    def upright(self, image: np.ndarray) -> np.ndarray:
        """(H, W, C), or (W, H, C) where rows become columns, as a viewer sees it."""
        if self.transposed:
            image = image.transpose(1, 0, 2)
        return np.ascontiguousarray(image[:: -1 if self.vflip else 1, :: -1 if self.hflip else 1])

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the upright picture."""
        return (height, width) if self.transposed else (width, height)

    @property
    def filters(self) -> list[str]:
        """ffmpeg's filters that do the same."""
        named = {"transpose=dir=cclock_flip": self.transposed, "hflip": self.hflip, "vflip": self.vflip}
        return [name for name, wanted in named.items() if wanted]


UPRIGHT = Orientation()


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """What the container, or the stream itself, says of a frame; angles between quarter turns are rounded."""
    side_data: Any = frame.side_data
    found = side_data.get(Type.DISPLAYMATRIX)
    if found is None:
        return UPRIGHT
    a, b, _, c, d = np.frombuffer(bytes(found), np.int32)[:5].astype(float)  # x' = a x + c y, y' = b x + d y
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(True, hflip=bool(c < 0), vflip=bool(b < 0))
    return Orientation(False, hflip=bool(a < 0), vflip=bool(d < 0))
