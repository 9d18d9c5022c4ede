"""How near a prediction came: arrays in, numbers out.

Raw cosine flatters everybody, since real embeddings crowd into a cone; the centred cosine takes the
mean of the training shots away first, the rank asks which shots of the title lie nearer to the
prediction than the true one, and the skill says how much of what the best baseline leaves is won.

Shape letters: N shots of a title, H hidden shots, D width of a shot.
"""

from __future__ import annotations

import numpy as np

from msm.data.fusion import unit


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(H, D), (H, D) → (H,) cosine between rows; 0 where one of them is zero."""
    return (unit(a) * unit(b)).sum(axis=-1)


def centred_cosine(predicted: np.ndarray, truth: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """(H, D), (H, D), (D,) → (H,) cosine after the mean of the training shots is taken from both."""
    return cosine(predicted - mean, truth - mean)


def rank_of_truth(predicted: np.ndarray, shots: np.ndarray, where: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The true shot's place among all the shots of its title, by centred cosine to the prediction.

    predicted  (H, D)
    shots      (N, D)  all the title's shots
    where      (H,)    which of them was predicted
    returns    (H,)    1 = no shot is nearer than the true one, N = all the others are
    """
    likeness = unit(predicted - mean) @ unit(shots - mean).T  # (H, N)
    true = np.take_along_axis(likeness, where[:, None], axis=1)
    # Ties count half: a prediction that says nothing (all equal) ranks in the middle, not first.
    better, equal = (likeness > true).sum(axis=1), (likeness == true).sum(axis=1) - 1
    return 1 + better + equal / 2


def skill(cosine: float, baseline: float) -> float:
    """(cosine − baseline) / (1 − baseline): 1 is perfect, 0 no better than the baseline."""
    return float((cosine - baseline) / (1 - baseline)) if baseline < 1 else 0.0


def resampled_means(sums: np.ndarray, counts: np.ndarray, resamplings: int, seed: int = 0) -> np.ndarray:
    """Means over rows of titles that are drawn with replacement, as many as there are: a bootstrap.

    sums     (T, P)  of each title, for each of P things measured on the same rows
    counts   (T, P)  rows of each title
    returns  (B, P)  one draw serves all P, so differences between them are paired
    """
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=resamplings)  # (B, T)
    return (drawn @ sums) / np.maximum(drawn @ counts, 1e-12)
