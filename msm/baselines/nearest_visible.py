"""A copy of the nearest visible shot."""

from __future__ import annotations

import numpy as np

from msm.baselines._protocol import Example

LABEL = "nearest visible shot"
TERM = "Nearest visible shot"
ACTION = "copying the nearest visible shot"


def predict(example: Example) -> np.ndarray:
    """(H, D); of two equally near shots the earlier one."""
    return example.visible[np.abs(example.where[:, None] - example.seen[None, :]).argmin(axis=1)]
