"""What kriging computed of a title, for its next hidden shots: a click changes one of them, and most windows stay as they are.

Shape letters: N shots of a title, V visible shots, H hidden shots, D width of a shot, R principal components.
"""

from __future__ import annotations

import numpy as np

from msm.baselines._protocol import Example
from msm.baselines.kriging.windows import STRIDE, Window

MOST_SHOTS = 2048  # of a title that is kept: 38 MB where a shot has 2304 columns
MOST_WINDOWS = 2 * MOST_SHOTS // STRIDE  # whose predictions are kept


class KeptTitle:
    """The shots of one title about the mean, their components, and predictions by window; threads may share it.

    A shot is read when it is visible for the first time.
    """

    def __init__(self) -> None:
        self._tables = (np.empty((0, 0)), np.empty((0, 0)), np.zeros(0, dtype=bool))
        self._predictions: dict[tuple[bytes, bytes, bytes], np.ndarray] = {}

    def observe(self, example: Example, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N, R) components, by a basis (D, R), and (N, D) shots about the mean; rows of visible shots are filled."""
        scores, about, there = self._tables  # read once: another thread may replace them
        count = int(max(example.seen[-1], example.where.max(initial=0))) + 1
        if len(there) < count:
            scores, about = np.zeros((count, basis.shape[1])), np.zeros((count, len(basis)))
            there = np.zeros(count, dtype=bool)
        new = ~there[example.seen]
        if new.any():
            rows = example.seen[new]
            scores[rows], about[rows] = observe(example.visible[new], example.mean, basis)
            there[rows] = True  # last: from now on others read them
        self._tables = scores, about, there
        return scores, about

    def prediction(self, window: Window, seen: np.ndarray) -> np.ndarray | None:
        """(H, D) that was kept for these hidden and visible shots."""
        return self._predictions.get(_key(window, seen))

    def keep(self, window: Window, seen: np.ndarray, predicted: np.ndarray) -> None:
        """Keep a prediction, and drop the oldest beyond MOST_WINDOWS."""
        self._predictions[_key(window, seen)] = predicted
        while len(self._predictions) > MOST_WINDOWS:
            self._predictions.pop(next(iter(self._predictions)), None)


def _key(window: Window, seen: np.ndarray) -> tuple[bytes, bytes, bytes]:
    return window.hidden.tobytes(), window.wanted.tobytes(), seen.tobytes()


def observe(visible: np.ndarray, mean: np.ndarray, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(V, D) visible shots → (V, R) their components, and (V, D) in float64 about the mean."""
    about = visible.astype(np.float64) - mean
    return about @ basis, about
