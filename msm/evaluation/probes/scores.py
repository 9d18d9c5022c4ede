"""Scores that scikit-learn lacks: average precision of many resamplings at once, overlap of scenes.

Shape letters: R rows, K classes, B resamplings.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import average_precision_score

from msm import metrics

RESAMPLINGS = 200


def title_weights(title: np.ndarray, rng: np.random.Generator, count: int = RESAMPLINGS) -> np.ndarray:
    """(R,) int → (B, R): the weight of each row in a bootstrap that draws titles with replacement."""
    names, which = np.unique(title, return_inverse=True)
    return rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=count)[:, which]


def weighted_ap(truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average precision under many weightings at once; NaN where no positive has any weight.

    truth (R,) bool, score (R,), weights (B, R) → (B,), each as scikit-learn's average_precision_score
    """
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.r_[np.diff(score[order]) != 0, True])  # equal scores share a threshold
    hits = np.flatnonzero(truth[order])  # thresholds without a hit count for nothing
    if not len(hits):
        return np.full(len(weights), np.nan)
    threshold, first = np.unique(last[np.searchsorted(last, hits)], return_index=True)
    won = np.add.reduceat(weights[:, order[hits]], first, axis=1)  # at each threshold
    until = order[: threshold[-1] + 1]
    seen = np.cumsum(np.add.reduceat(weights[:, until], np.r_[0, threshold[:-1] + 1], axis=1), axis=1)
    positive = np.cumsum(won, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(seen > 0, positive / np.maximum(seen, 1e-12), 0.0)
        return (won * precision).sum(axis=1) / positive[:, -1]


def mean_finite(values: np.ndarray) -> np.ndarray:
    """(K, B) → (B,): mean over the classes that are finite in a resampling; NaN where none is."""
    finite = np.isfinite(values)
    count = finite.sum(axis=0)
    return np.where(count > 0, np.where(finite, values, 0).sum(axis=0) / np.maximum(count, 1), np.nan)


def macro_ap(truth: np.ndarray, score: np.ndarray) -> float:
    """(R, K) bool, (R, K) → mean over the classes."""
    return float(np.mean([average_precision_score(t, s) for t, s in zip(truth.T, score.T, strict=True)]))


def micro_ap(truth: np.ndarray, score: np.ndarray) -> float:
    """(R, K) bool, (R, K) → over all pairs of row and class together."""
    return float(average_precision_score(truth.ravel(), score.ravel()))


def interval(resampled: np.ndarray) -> dict[str, float] | None:
    """The interval of (B,) resamplings; None where fewer than 20 are finite."""
    finite = resampled[np.isfinite(resampled)]
    if len(finite) < 20:
        return None
    low, high = metrics.middle(finite)
    return {"low": low, "high": high}


def mean_scene_iou(starts: np.ndarray, predicted: np.ndarray) -> float:
    """Mean intersection over union of predicted and true scenes, in shots (Rao et al. 2020, LGSS).

    For every true scene the best intersection over union with a predicted one, for every predicted
    scene the best with a true one; the mean of both means.

    starts, predicted  (R,) bool of one title, True where a scene begins; the first shot always does
    """
    true, found = (np.cumsum(np.r_[False, s[1:].astype(bool)]) for s in (starts, predicted))
    both = np.zeros((true[-1] + 1, found[-1] + 1))
    np.add.at(both, (true, found), 1)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    iou = both / either
    return float((iou.max(axis=1).mean() + iou.max(axis=0).mean()) / 2)
