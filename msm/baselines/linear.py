"""Linear interpolation between the visible shots before and after."""

from __future__ import annotations

import numpy as np

from msm.baselines._protocol import Example

LABEL = "line between the neighbours"
TERM = "Linear interpolation"
ACTION = "blending the visible shots on either side"


def predict(example: Example) -> np.ndarray:
    """(H, D)."""
    return interpolate(example.visible, example.seen, example.where)


def interpolate(visible: np.ndarray, seen: np.ndarray, where: np.ndarray) -> np.ndarray:
    """(V, D), (V,), (H,) → (H, D); before the first visible shot and after the last, a copy of it."""
    right = np.searchsorted(seen, where).clip(0, len(seen) - 1)
    left = (np.searchsorted(seen, where) - 1).clip(0, len(seen) - 1)
    gap = np.maximum(seen[right] - seen[left], 1)
    weight = ((where - seen[left]) / gap).clip(0, 1)[:, None].astype(visible.dtype)
    return (1 - weight) * visible[left] + weight * visible[right]
