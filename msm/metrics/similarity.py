"""Metrics of predictions: arrays in, numbers out.

Raw cosine is high for any prediction, since real embeddings lie in a narrow cone; the centred cosine subtracts the
mean of the training shots first. The rank counts the shots of the title that are nearer to the prediction than the
true one. The skill is the share of the best baseline's error that a model removes.

Shape letters: N shots of a title, H hidden shots, D width of a shot.
"""

from __future__ import annotations

import numpy as np

from msm.data.fusion import unit
from msm.metrics.rank import rank_among

MOST_DRAWN = 1 << 25  # titles of all draws of a bootstrap that are in memory at once


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(H, D), (H, D) → (H,) cosine between rows; 0 where one of them is zero."""
    return (unit(a) * unit(b)).sum(axis=-1)


def centred_cosine(predicted: np.ndarray, truth: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """(H, D), (H, D), (D,) → (H,) cosine after the mean of the training shots is subtracted from both."""
    return cosine(predicted - mean, truth - mean)


def rank_of_truth(predicted: np.ndarray, shots: np.ndarray, where: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Rank the true shot among all the shots of its title by centred cosine to the prediction.

    predicted  (H, D)
    shots      (N, D)  all the title's shots
    where      (H,)    which of them was predicted
    returns    (H,)    1 = no shot is nearer than the true one, N = all the others are; ties count half
    """
    return rank_among(unit(predicted - mean) @ unit(shots - mean).T, shots, where)


def skill(cosine: float, baseline: float) -> float:
    """(cosine − baseline) / (1 − baseline): 1 is perfect, 0 as good as the baseline."""
    return float((cosine - baseline) / (1 - baseline)) if baseline < 1 else 0.0


def resampled_means(sums: np.ndarray, counts: np.ndarray, resamplings: int, seed: int = 0) -> np.ndarray:
    """Bootstrap means over rows, drawing titles with replacement.

    sums     (T, P)  over each title's rows, of P quantities measured on the same rows
    counts   (T, P)  rows of each title
    returns  (B, P)  each draw is used for all P, so that differences between them are paired
    """
    rng, share = np.random.default_rng(seed), np.full(len(sums), 1 / len(sums))
    at_once = max(1, min(resamplings, MOST_DRAWN // len(sums)))  # the draws are the same, however many at once
    means = []
    for start in range(0, resamplings, at_once):
        drawn = rng.multinomial(len(sums), share, size=min(at_once, resamplings - start))  # (B, T)
        means.append((drawn @ sums) / np.maximum(drawn @ counts, 1e-12))
    return np.concatenate(means)
