"""PySceneDetect's adaptive detector, and a cut where the picture comes back after black."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from scenedetect.detectors import AdaptiveDetector

from msm.ingest.detector import SHORTEST_S, Frame

DESCRIPTION = "PySceneDetect AdaptiveDetector, and where a picture comes out of black"
NEEDS_WEIGHTS = False
THRESHOLD = 3.0  # how many times the change around it a cut is; PySceneDetect's default
DELAY = 2  # frames: AdaptiveDetector's window
BLACK, BLACK_S = 8.0, 0.5  # mean of 0 … 255 under which a frame is black, and how long until it parts two shots


def make(weights: Path | None = None, threshold: float = THRESHOLD) -> AdaptiveCuts:
    """A detector for one film; there are no weights to read."""
    return AdaptiveCuts(threshold)


class AdaptiveCuts:
    """See `Detector`."""

    delay = DELAY

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self._adaptive = AdaptiveDetector(threshold, min_scene_len=DELAY, window_width=DELAY)
        self._pending: dict[int, float] = {}  # cuts that are not certain yet: number → time
        self._recent: deque[tuple[float, float]] = deque(maxlen=DELAY + 2)  # time and brightness
        self._last_cut_s = 0.0
        self._black_since: float | None = None

    def push(self, frame: Frame) -> int | None:
        number, time_s, brightness = frame.number, frame.time_s, frame.brightness
        self._recent.append((time_s, brightness))
        if self._adaptive.process_frame(number, frame.image) and not self._in_the_dark():
            self._pending[number - DELAY] = self._recent[-1 - DELAY][0]
        if brightness < BLACK:
            self._black_since = time_s if self._black_since is None else self._black_since
        else:
            if self._black_since is not None and time_s - self._black_since >= BLACK_S:
                self._pending[number] = time_s
            self._black_since = None
        return self._settle(number - DELAY)

    def finish(self, num_frames: int) -> set[int]:
        """None: the last frames never begin a shot."""
        return set()

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
