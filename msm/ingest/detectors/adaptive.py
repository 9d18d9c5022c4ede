"""PySceneDetect's adaptive detector, and a cut where the picture comes back after black.

Where it comes back slowly, the cut is at half of the brightness that the fade reaches: there people put it, and TransNetV2
does. PySceneDetect's detector finds the first steps of such a fade, which the eye does not see.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path

from scenedetect.detectors import AdaptiveDetector

from msm.ingest.detector import SHORTEST_S, Frame

DESCRIPTION = "PySceneDetect AdaptiveDetector, and where a picture comes out of black"
NEEDS_WEIGHTS = False
THRESHOLD = 3.0  # how many times the change around it a cut is; PySceneDetect's default
WINDOW = 2  # frames to both sides with which AdaptiveDetector compares one
BLACK, BLACK_S = 8.0, 0.5  # mean of 0 … 255 under which a frame is black, and how long until it parts two shots
LONGEST_FADE = 30  # frames after black in which a picture may come back
RISES = 1.01  # how many times as bright as the one before a frame of a fade is at least


def make(weights: Path | None = None, threshold: float = THRESHOLD) -> AdaptiveCuts:
    """A detector for one film; there are no weights to read."""
    return AdaptiveCuts(threshold)


@dataclass
class _Return:
    """Frames from black until the picture stops getting brighter.

    first    number of the first that is not black
    levels   brightness of each
    is_long  the black lasted BLACK_S
    opens    the film began with the black
    """

    first: int
    levels: list[float]
    is_long: bool
    opens: bool

    @property
    def numbers(self) -> range:
        return range(self.first, self.first + len(self.levels))

    @property
    def half(self) -> int:
        """The first frame that is half as bright as the last one."""
        return self.first + next(i for i, level in enumerate(self.levels) if level >= self.levels[-1] / 2)


class AdaptiveCuts:
    """See `Detector`."""

    delay = LONGEST_FADE + WINDOW  # the end of a fade is known

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self._adaptive = AdaptiveDetector(threshold, min_scene_len=WINDOW, window_width=WINDOW)
        self._found: set[int] = set()  # by it
        self._recent: deque[tuple[float, float]] = deque(maxlen=self.delay + 1)  # time and brightness
        self._last_cut_s = 0.0
        self._black_since: int | None = None  # number and time of the first black frame
        self._black_since_s = 0.0
        self._returns: list[_Return] = []

    def push(self, frame: Frame) -> int | None:
        """See `Detector`."""
        self._recent.append((frame.time_s, frame.brightness))
        if self._adaptive.process_frame(frame.number, frame.image) and not self._in_the_dark():
            self._found.add(frame.number - WINDOW)
        self._follow(frame)
        wanted = frame.number - self.delay
        return wanted if wanted >= 0 and self._is_cut(wanted, self._recent[0][0]) else None

    def finish(self, num_frames: int) -> set[int]:
        """See `Detector`."""
        first = max(0, num_frames - self.delay)
        times = [time_s for time_s, _ in self._recent][first - num_frames :]
        return {number for number, time_s in enumerate(times, start=first) if self._is_cut(number, time_s)}

    def _in_the_dark(self) -> bool:
        """The last step of a fade looks like a cut to the detector, but black belongs to the shot before it."""
        before, at = (self._recent[-i - WINDOW][1] for i in (2, 1))
        return at < BLACK and before < 2 * BLACK

    def _follow(self, frame: Frame) -> None:
        """Keep when the picture is black, and how it comes back."""
        if frame.brightness < BLACK:
            if self._black_since is None:
                self._black_since, self._black_since_s = frame.number, frame.time_s
            return
        if self._black_since is not None:
            is_long = frame.time_s - self._black_since_s >= BLACK_S
            self._returns.append(_Return(frame.number, [frame.brightness], is_long, opens=self._black_since == 0))
            self._black_since = None
        elif self._returns and frame.number == self._returns[-1].numbers.stop:
            levels = self._returns[-1].levels
            if len(levels) < LONGEST_FADE and frame.brightness >= RISES * levels[-1]:
                levels.append(frame.brightness)

    def _is_cut(self, number: int, time_s: float) -> bool:
        """Whether a frame, asked for in order and when it can be known, begins a shot."""
        back = next((r for r in reversed(self._returns) if number in r.numbers), None)
        if back is None:
            is_cut = number in self._found
        else:
            parts = back.is_long or (not back.opens and not self._found.isdisjoint(back.numbers))
            is_cut = parts and number == back.half
        if not is_cut or time_s - self._last_cut_s < SHORTEST_S - 1e-3:
            return False
        self._last_cut_s = time_s
        return True
