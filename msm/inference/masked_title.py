"""A title with some of its shots hidden, as a model is given it.

Shape letters: N shots of a title, H hidden shots, D width of a shot, M modalities, G width of a metadata embedding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from msm.data.told import Told, known_times
from msm.inference.predict import Caches


@dataclass(frozen=True)
class MaskedTitle:
    """What `Run.mask` returns: everything that a prediction of the hidden shots reads."""

    title_id: str
    hidden: np.ndarray  # (H,) int, in ascending order
    parts: np.ndarray  # (H, M) bool, the hidden modalities of each shot
    shots: np.ndarray  # (N, D) fused
    times: pd.DataFrame  # N rows with start_s and end_s
    metadata: np.ndarray | None  # (G,)
    shows_rest: bool  # whether the model is given the other modalities of a shot of which some are hidden
    caches: Caches | None = field(default=None, compare=False)  # of the windows of these very shots
    kept: dict[str, Any] | None = field(default=None, compare=False)  # by the baselines, of these very shots

    @property
    def whole(self) -> bool:
        """Whether whole shots are hidden from the model, also where only some of their modalities were named."""
        return bool(self.parts.all()) or not self.shows_rest

    @property
    def told(self) -> Told:
        """What the model is told beside the shots."""
        return Told(self.metadata, known_times(self.times))

    @property
    def given(self) -> np.ndarray:
        """(N,) bool, or (N, M) where only modalities are hidden: True = the model must not see it."""
        parts = np.zeros((len(self.shots), self.parts.shape[1]), dtype=bool)
        parts[self.hidden] = self.parts
        return np.any(parts, axis=1) if self.whole else parts
