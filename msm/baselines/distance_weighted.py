"""The mean of all visible shots, with weights that decay exponentially with distance."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from msm import metrics
from msm.baselines._protocol import Example

LABEL = "distance-weighted mean"
EVERYDAY_LABEL = "Average of the shots around"
ACTION = "averaging the visible shots around it"
BANDWIDTHS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)  # candidates, in shots
DEFAULT_BANDWIDTH = BANDWIDTHS[2]  # without a validation title


def fit(
    train: Iterable[np.ndarray], validation: Iterable[tuple[Example, np.ndarray]], mean: np.ndarray
) -> dict[str, float]:
    """Choose the bandwidth with the highest centred cosine on the validation titles."""
    sums = np.zeros(len(BANDWIDTHS))
    for example, truth in validation:
        for i, bandwidth in enumerate(BANDWIDTHS):
            sums[i] += metrics.centred_cosine(predict(example, bandwidth), truth, mean).sum()
    return {"bandwidth": BANDWIDTHS[int(sums.argmax())] if sums.any() else DEFAULT_BANDWIDTH}


def predict(example: Example, bandwidth: float) -> np.ndarray:
    """(H, D)."""
    return weighted_mean(example.visible, example.seen, example.where, bandwidth)


def weighted_mean(visible: np.ndarray, seen: np.ndarray, where: np.ndarray, bandwidth: float) -> np.ndarray:
    """(V, D), (V,), (H,) → (H, D): the weights are exp(−distance / bandwidth)."""
    distance = np.abs(where[:, None] - seen[None, :])
    weights = np.exp(-(distance - distance.min(axis=1, keepdims=True)) / bandwidth)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(visible.dtype) @ visible
