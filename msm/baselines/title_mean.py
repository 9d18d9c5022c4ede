"""The mean of the title's visible shots, everywhere."""

from __future__ import annotations

import numpy as np

from msm.baselines._protocol import Example

LABEL = "mean of the title"
TERM = "Title mean"
ACTION = "guessing this title’s average shot"


def predict(example: Example) -> np.ndarray:
    """(H, D)."""
    return np.broadcast_to(example.visible.mean(axis=0), (len(example.where), example.visible.shape[1]))
