"""What a model may be told of a title beside its shots: metadata, and when each shot starts and ends.

Shape letters: N shots of a title, S shots of a window, G width of a metadata embedding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from msm.data.catalog import Title


@dataclass(frozen=True)
class Told:
    """The metadata and the times of a title, or of one window of it; None = not known, or withheld."""

    metadata: np.ndarray | None = None  # (G,)
    times: np.ndarray | None = None  # (N, 2) seconds at which each shot starts and ends

    @classmethod
    def of(cls, title: Title) -> Told:
        """All that is known of a title; a model reads of it what it was trained to (`model.use_global`, `model.times`)."""
        return cls(title.global_embedding, title.times)

    def without_metadata(self) -> Told:
        """The same without the metadata."""
        return replace(self, metadata=None)

    def window(self, start: int, stop: int) -> Told:
        """The same of the shots [start, stop) alone."""
        return self if self.times is None else replace(self, times=self.times[start:stop])


def known_times(table: pd.DataFrame) -> np.ndarray | None:
    """(N, 2) float32 from N rows with start_s and end_s; None unless every shot has both."""
    seconds = np.array(table[["start_s", "end_s"]], dtype=np.float32)
    return seconds if np.isfinite(seconds).all() else None


def equal_times(num_shots: int) -> np.ndarray:
    """(num_shots, 2) float32: the times of shots that all last one second, for where they are not known."""
    starts = np.arange(num_shots, dtype=np.float32)
    return np.stack([starts, starts + 1], axis=1)


NOTHING = Told()
