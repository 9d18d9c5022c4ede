"""Where shots begin and end, and a few pictures of each, in one pass and in bounded memory.

PySceneDetect's adaptive detector tells cuts two frames late (TransNetV2 three seconds), so frames wait in a
queue until it is known which shot they belong to. Of a shot's pictures, however long it is, at most MOST_PICTURES are kept.
Shape letters: K pictures of a shot, H and W of a picture.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from scenedetect.detectors import AdaptiveDetector

from msm.ingest.decoding import Film, Picture

DETECTORS = {  # what --detector takes, and what a catalog keeps of it
    "adaptive": "PySceneDetect AdaptiveDetector, and where a picture comes out of black",
    "transnetv2": "TransNetV2",
}
DETECTOR_WIDTH = 256  # what PySceneDetect scales to by itself
DELAY = 2  # frames: AdaptiveDetector's window
SHORTEST_S = 0.25
BLACK, BLACK_S = 8.0, 0.5  # mean of 0 … 255 under which a frame is black, and how long until it parts two shots
MOST_PICTURES = 16  # even: when it is reached, every second one is dropped
FIRST_STRIDE_S = 0.25
GRID = (18, 32)  # rows and columns in which motion is measured


@dataclass(frozen=True)
class CutShot:
    """A shot as the camera left it.

    pictures  (K, H, W, 3) uint8 RGB, upright, spread evenly over the shot, 1 ≤ K ≤ MOST_PICTURES
    motion    (18, 32) float32, mean change of brightness per second in each cell, 0 … 255 / s
    changes   (frames,) reduced to a histogram of 16 levels of change between frames; sums to 1 or is zero
    """

    start_s: float
    end_s: float
    pictures: np.ndarray
    motion: np.ndarray
    changes: np.ndarray


def cut_shots(
    film: Film, pictures: Iterable[Picture], picture_px: int = 320, transnet: Path | None = None
) -> Iterator[CutShot]:
    """The shots of a film in order; together they cover it without gaps.

    picture_px  longest side of the pictures that are kept
    transnet    weights of TransNetV2, which then finds the cuts; None for PySceneDetect
    """
    cutter = _Cutter(film, picture_px, transnet)
    for picture in pictures:
        ended = cutter.push(picture)
        if ended is not None:
            yield ended
    yield from cutter.finish()


class CutDetector:
    """Numbers of frames at which a shot begins, told DELAY frames late."""

    def __init__(self) -> None:
        self._adaptive = AdaptiveDetector(min_scene_len=DELAY, window_width=DELAY)
        self._pending: dict[int, float] = {}  # cuts that are not certain yet: number → time
        self._recent: deque[tuple[float, float]] = deque(maxlen=DELAY + 2)  # time and brightness
        self._last_cut_s = 0.0
        self._black_since: float | None = None

    def push(self, number: int, time_s: float, image: np.ndarray, brightness: float) -> int | None:
        """A cut DELAY frames ago or None; image is (h, w, 3) uint8 BGR, brightness 0 … 255."""
        self._recent.append((time_s, brightness))
        if self._adaptive.process_frame(number, image) and not self._in_the_dark():
            self._pending[number - DELAY] = self._recent[-1 - DELAY][0]
        if brightness < BLACK:
            self._black_since = time_s if self._black_since is None else self._black_since
        else:
            if self._black_since is not None and time_s - self._black_since >= BLACK_S:
                self._pending[number] = time_s
            self._black_since = None
        return self._settle(number - DELAY)

    def _in_the_dark(self) -> bool:
        """The last step of a fade looks like a cut to the detector, but black belongs to the shot before it."""
        before, at = (self._recent[-i - DELAY][1] for i in (2, 1))
        return at < BLACK and before < 2 * BLACK

    def _settle(self, number: int) -> int | None:
        time_s = self._pending.pop(number, None)
        if time_s is None or time_s - self._last_cut_s < SHORTEST_S - 1e-3:
            return None
        self._last_cut_s = time_s
        return number


@dataclass
class _Look:
    """What is remembered of a frame until its shot is known."""

    number: int
    time_s: float
    grid: np.ndarray  # GRID float32, brightness
    image: np.ndarray  # the detector's, for a shot of which nothing else was kept
    picture: np.ndarray | None


@dataclass
class _Shot:
    """A shot that still goes on."""

    start_s: float
    stride_s: float = FIRST_STRIDE_S
    pictures: list[np.ndarray] = field(default_factory=list)
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
        if look.picture is not None:
            self.pictures.append(look.picture)
            if len(self.pictures) >= MOST_PICTURES:
                self.pictures = self.pictures[::2]
                self.stride_s *= 2


class _Cutter:
    def __init__(self, film: Film, picture_px: int, transnet: Path | None):
        self._detector, self._transnet = CutDetector(), None
        if transnet is not None:
            from msm.ingest.transnet import TransNetDetector, load_transnet  # torch

            self._transnet = TransNetDetector(load_transnet(transnet))
        self._delay = self._transnet.delay if self._transnet else DELAY
        self._scaler = _Scaler(film.size, picture_px)
        self._waiting: deque[_Look] = deque()
        self._shot = _Shot(0.0)
        self._number, self._next_picture_s, self._frame_s, self._now_s = 0, 0.0, 1 / film.rate, 0.0

    def push(self, picture: Picture) -> CutShot | None:
        if self._number:
            self._frame_s = min(1.0, picture.time_s - self._now_s)
        self._now_s = picture.time_s
        image = self._scaler.small(picture)
        grid = cv2.cvtColor(cv2.resize(image, GRID[::-1], interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
        kept = None
        if picture.time_s >= self._next_picture_s:
            kept = self._scaler.upright(picture)
            self._next_picture_s = picture.time_s + self._shot.stride_s
        self._waiting.append(_Look(self._number, picture.time_s, grid.astype(np.float32), image, kept))
        if self._transnet:
            cut = self._transnet.push(self._number, self._scaler.tiny(picture))
        else:
            cut = self._detector.push(self._number, picture.time_s, image, float(grid.mean()))
        self._number += 1
        return self._advance(cut)

    def _advance(self, cut: int | None) -> CutShot | None:
        """Give the frame whose place is certain to its shot, and end the shot before it where it is a cut."""
        ended = None
        while self._waiting and self._waiting[0].number <= self._number - 1 - self._delay:
            ended = self._place(self._waiting.popleft(), cut) or ended
        return ended

    def _place(self, look: _Look, cut: int | None) -> CutShot | None:
        ended = None
        if look.number == cut and look.time_s - self._shot.start_s >= SHORTEST_S - 1e-3:
            ended = self._end(look.time_s)
            self._shot = _Shot(look.time_s)
            self._next_picture_s = 0.0  # the next frame that is decoded
        self._shot.add(look)
        return ended

    def finish(self) -> Iterator[CutShot]:
        cuts = self._transnet.finish(self._number) if self._transnet else set()
        for look in self._waiting:
            ended = self._place(look, look.number if look.number in cuts else None)
            if ended is not None:
                yield ended
        last = self._shot.last
        yield self._end((last.time_s if last else self._shot.start_s) + self._frame_s)

    def _end(self, end_s: float) -> CutShot:
        shot = self._shot
        pictures = shot.pictures
        if not pictures and shot.last is not None:
            pictures = [self._scaler.turned(shot.last.image[..., ::-1])]
        length_s = max(end_s - shot.start_s, 1e-3)
        return CutShot(
            shot.start_s, end_s, np.stack(pictures), shot.motion / length_s, shot.changes / max(1, shot.changes.sum())
        )


class _Scaler:
    """Decoded frames in the two sizes that are wanted; the scaler is kept, as making one costs more than using it."""

    def __init__(self, size: tuple[int, int], picture_px: int):
        wide, high = size
        self._small = _fit(size, DETECTOR_WIDTH / max(1, wide) if wide > DETECTOR_WIDTH else 1.0)
        self._large = _fit(size, min(1.0, picture_px / max(wide, high)))
        self._for_small, self._for_large, self._for_tiny = (VideoReformatter() for _ in range(3))
        self._turns = 0

    def small(self, picture: Picture) -> np.ndarray:
        """(h, w, 3) uint8 BGR for the detector: every n-th pixel, as PySceneDetect's own scaling does."""
        self._turns = round((picture.frame.rotation or 0) / 90) % 4
        width, height = self._small
        scaled = self._for_small.reformat(picture.frame, width, height, "bgr24", interpolation=Interpolation.POINT)
        return scaled.to_ndarray()

    def tiny(self, picture: Picture) -> np.ndarray:
        """(27, 48, 3) uint8 RGB, upright, whatever its shape was: what TransNetV2 looks at."""
        size = (27, 48) if self._turns % 2 else (48, 27)
        scaled = self._for_tiny.reformat(picture.frame, *size, "rgb24", interpolation=Interpolation.BICUBIC)
        return self.turned(scaled.to_ndarray())

    def upright(self, picture: Picture) -> np.ndarray:
        """(H, W, 3) uint8 RGB as a viewer sees it."""
        width, height = self._large
        scaled = self._for_large.reformat(picture.frame, width, height, "rgb24", interpolation=Interpolation.AREA)
        return self.turned(scaled.to_ndarray())

    def turned(self, image: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.rot90(image, self._turns))


def _fit(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(16, round(size[0] * scale)), max(16, round(size[1] * scale))
