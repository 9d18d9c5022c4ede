"""Cut a film into shots, with a few pictures of each, in one pass and in bounded memory.

A detector knows of a cut some frames later (`Detector.delay`), so frames wait in a queue until it is known which
shot they belong to. Of a shot, however long it is, at most MOST_PICTURES pictures are kept.
Shape letters: K pictures of a shot, H and W of a picture.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from msm.ingest.colour import rgb_of
from msm.ingest.decoding import Film, Picture
from msm.ingest.detector import SHORTEST_S, Detector, Frame
from msm.ingest.orientation import UPRIGHT, Orientation, orientation_of

DETECTOR_WIDTH = 256  # what PySceneDetect scales to by itself
MOST_PICTURES = 16  # even: when it is reached, every second one is dropped
FIRST_STRIDE_S = 0.25
HELD_S = 1.0  # a picture that stands so long, or half as long and HELD_FRAMES frames, is held
HELD_FRAMES = 6
HELD_STEP_S, MOST_COPIES = 0.1, 16  # between two of its copies, and how many it has with itself
GRID = (18, 32)  # rows and columns in which motion is measured


@dataclass(frozen=True)
class CutShot:
    """A shot as the camera left it.

    pictures  (K, H, W, 3) uint8 RGB, upright, spread evenly over the shot, 1 ≤ K ≤ MOST_PICTURES; without damaged ones
              where the shot has others
    motion    (18, 32) float32, mean change of brightness per second in each cell, 0 … 255 / s
    changes   (frames,) reduced to a histogram of 16 levels of change between frames; sums to 1 or is zero
    """

    start_s: float
    end_s: float
    pictures: np.ndarray
    motion: np.ndarray
    changes: np.ndarray


def cut_shots(
    film: Film,
    pictures: Iterable[Picture],
    detector: Detector,
    picture_px: int = 320,
    shortest_s: float = SHORTEST_S,
) -> Iterator[CutShot]:
    """The shots of a film in order; together they cover it without gaps.

    picture_px  longest side of the pictures that are kept
    shortest_s  no cut is made so soon after another
    """
    cutter = _Cutter(film, picture_px, detector, shortest_s)
    for picture in _held(pictures, film):
        ended = cutter.push(picture)
        if ended is not None:
            yield ended
    yield from cutter.finish(film.end_s)


def _held(pictures: Iterable[Picture], film: Film) -> Iterator[Picture]:
    """The same pictures; one that stands long, as a slide does, comes several times.

    Detectors compare a frame with its neighbours, and of slides each neighbour is another one. So they see what a
    viewer sees: the same picture for a while.
    """
    long_s = min(HELD_S, max(HELD_S / 2, HELD_FRAMES / film.rate)) - 1e-3
    last: Picture | None = None
    for picture in pictures:
        if last is not None:
            yield from _copies(last, picture.time_s, long_s)
        yield picture
        last = picture
    if last is not None:
        yield from _copies(last, film.end_s, long_s)


def _copies(picture: Picture, end_s: float, long_s: float) -> Iterator[Picture]:
    length_s = end_s - picture.time_s
    if length_s >= long_s:
        copies = min(MOST_COPIES, round(length_s / HELD_STEP_S))
        for number in range(1, copies):
            yield Picture(picture.time_s + number * length_s / copies, picture.frame)


@dataclass
class _Look:
    """What is remembered of a frame until its shot is known."""

    number: int
    time_s: float
    grid: np.ndarray  # GRID float32, brightness
    image: np.ndarray  # the detector's, for a shot of which nothing else was kept
    picture: np.ndarray | None
    damaged: bool


@dataclass
class _Shot:
    """A shot that still goes on."""

    start_s: float
    stride_s: float = FIRST_STRIDE_S
    next_picture_s: float = 0.0
    pictures: list[_Look] = field(default_factory=list)
    motion: np.ndarray = field(default_factory=lambda: np.zeros(GRID, np.float32))
    changes: np.ndarray = field(default_factory=lambda: np.zeros(16, np.float32))
    last: _Look | None = None

    def add(self, look: _Look) -> None:
        if self.last is not None:
            change = np.abs(look.grid - self.last.grid)
            self.motion += change
            level = 2 * np.log2(1 + 4 * float(change.mean()))  # 0.07 of 255 is level 0, above 45 the last
            self.changes[min(15, int(level))] += 1
        self.last = look
        if look.picture is not None and look.time_s >= self.next_picture_s:
            self.pictures.append(look)
            self.next_picture_s = look.time_s + self.stride_s - 1e-3
            if len(self.pictures) >= MOST_PICTURES:
                self.pictures = self.pictures[::2]
                self.stride_s *= 2


class _Cutter:
    def __init__(self, film: Film, picture_px: int, detector: Detector, shortest_s: float):
        self._detector, self._shortest_s = detector, shortest_s
        self._scaler = _Scaler(film.size, picture_px)
        self._waiting: deque[_Look] = deque()
        self._shot = _Shot(0.0)
        self._number, self._next_picture_s, self._damaged = 0, 0.0, False

    def push(self, picture: Picture) -> CutShot | None:
        image = self._scaler.small(picture)
        grid = cv2.cvtColor(cv2.resize(image, GRID[::-1], interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
        kept = None
        # What a decoder has concealed is not of the film, and frames after it are made from it until the next key frame.
        self._damaged = picture.frame.is_corrupt or (self._damaged and not picture.frame.key_frame)
        # As often as for a shot that has just begun: which shot the frame belongs to is known only later.
        if picture.time_s >= self._next_picture_s:
            kept = self._scaler.upright(picture)
            self._next_picture_s = picture.time_s + FIRST_STRIDE_S - 1e-3
        self._waiting.append(_Look(self._number, picture.time_s, grid.astype(np.float32), image, kept, self._damaged))
        frame = Frame(self._number, picture.time_s, image, float(grid.mean()), partial(self._scaler.scaled, picture))
        cut = self._detector.push(frame)
        self._number += 1
        return self._advance(cut)

    def _advance(self, cut: int | None) -> CutShot | None:
        """Give the frame whose place is certain to its shot, and end the shot before it where it is a cut."""
        ended = None
        while self._waiting and self._waiting[0].number <= self._number - 1 - self._detector.delay:
            ended = self._place(self._waiting.popleft(), cut) or ended
        return ended

    def _place(self, look: _Look, cut: int | None) -> CutShot | None:
        ended = None
        if look.number == cut and look.time_s - self._shot.start_s >= self._shortest_s - 1e-3:
            ended = self._end(look.time_s)
            self._shot = _Shot(look.time_s)
        self._shot.add(look)
        return ended

    def finish(self, end_s: float) -> Iterator[CutShot]:
        """The last shots of a film that ends at `end_s`."""
        cuts = self._detector.finish(self._number)
        for look in self._waiting:
            ended = self._place(look, look.number if look.number in cuts else None)
            if ended is not None:
                yield ended
        yield self._end(max(end_s, self._shot.start_s + 1e-3))

    def _end(self, end_s: float) -> CutShot:
        shot = self._shot
        sound = [look for look in shot.pictures if not look.damaged] or shot.pictures
        pictures = [look.picture for look in sound if look.picture is not None]
        if not pictures and shot.last is not None:
            pictures = [self._scaler.turned(shot.last.image[..., ::-1])]
        length_s = max(end_s - shot.start_s, 1e-3)
        return CutShot(
            shot.start_s, end_s, np.stack(pictures), shot.motion / length_s, shot.changes / max(1, shot.changes.sum())
        )


class _Scaler:
    """Scales decoded frames; the reformatters are kept, as making one costs more than using it."""

    def __init__(self, size: tuple[int, int], picture_px: int):
        wide, high = size
        self._small = _fit(size, DETECTOR_WIDTH / max(1, wide) if wide > DETECTOR_WIDTH else 1.0)
        self._large = _fit(size, min(1.0, picture_px / max(wide, high)))
        self._for_small, self._for_large, self._for_scaled = (VideoReformatter() for _ in range(3))
        self._orientation: Orientation | None = None  # of the first picture: in some streams not each one says it
        self._first: tuple[int, int] | None = None

    def small(self, picture: Picture) -> np.ndarray:
        """(h, w, 3) uint8 BGR for the detector: every n-th pixel, as PySceneDetect's own scaling does."""
        width, height = self._small
        scaled = self._for_small.reformat(picture.frame, width, height, "bgr24", interpolation=Interpolation.POINT)
        return scaled.to_ndarray()

    def scaled(self, picture: Picture, width: int, height: int) -> np.ndarray:
        """(height, width, 3) uint8 RGB, upright, whatever the shape of the picture."""
        size = self._turning(picture).size(width, height)
        return self.turned(rgb_of(picture.frame, *size, self._for_scaled, Interpolation.BICUBIC))

    def upright(self, picture: Picture) -> np.ndarray:
        """(H, W, 3) uint8 RGB as a viewer sees it."""
        turning, size = self._turning(picture), self._inside(picture)
        image = self.turned(rgb_of(picture.frame, *size, self._for_large, Interpolation.AREA))
        return image if size == self._large else _framed(image, *turning.size(*self._large))

    def _turning(self, picture: Picture) -> Orientation:
        self._orientation = self._orientation or orientation_of(picture.frame)
        return self._orientation

    def _inside(self, picture: Picture) -> tuple[int, int]:
        """The size in which all of a picture is seen where its shape is another one than the first picture's."""
        shape = (picture.frame.width, picture.frame.height)
        self._first = self._first or shape
        ratios = [first / now for first, now in zip(self._first, shape, strict=True)]
        wide, high = (max(1, round(n * min(ratios) / r)) for n, r in zip(self._large, ratios, strict=True))
        return self._large if (wide / self._large[0] > 0.99 and high / self._large[1] > 0.99) else (wide, high)

    def turned(self, image: np.ndarray) -> np.ndarray:
        return (self._orientation or UPRIGHT).upright(image)


def _fit(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(16, round(size[0] * scale)), max(16, round(size[1] * scale))


def _framed(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """(height, width, 3), the image in the middle of black bars."""
    whole = np.zeros((height, width, 3), image.dtype)
    top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
    whole[top : top + image.shape[0], left : left + image.shape[1]] = image
    return whole
