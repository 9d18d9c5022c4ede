"""Ridge regression of several numbers at once, fold by fold, from one pass over the rows.

The rows of a fold leave their products about their own mean; what a probe is fitted on is the sum of the other folds. The numbers that
share rows so share the products too, whatever the strength of each. All of it is float64, as scikit-learn's `Ridge` would be given it.

Shape letters: R rows, d width of an embedding, L numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

SMALLEST = np.finfo(np.float64).eps


@dataclass(frozen=True)
class Moments:
    """Of some rows: how many, their means, and the products of their columns about these means."""

    count: int
    mean_x: np.ndarray  # (d,)
    mean_y: np.ndarray  # (L,)
    xx: np.ndarray  # (d, d)
    xy: np.ndarray  # (d, L)

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray) -> Moments:
        """(R, d), (R, L) → their moments."""
        mean_x, mean_y = x.mean(axis=0, dtype=np.float64), y.mean(axis=0)
        about = x - mean_x
        return cls(len(x), mean_x, mean_y, about.T @ about, about.T @ (y - mean_y))

    @classmethod
    def of_all(cls, parts: Sequence[Moments]) -> Moments:
        """The moments of the rows of all parts together (Chan, Golub and LeVeque 1983): sums alone, so that nothing cancels."""
        count = sum(part.count for part in parts)
        means_x, means_y = np.stack([part.mean_x for part in parts]), np.stack([part.mean_y for part in parts])
        weights = np.array([part.count for part in parts])[:, None]
        mean_x, mean_y = (weights * means_x).sum(axis=0) / count, (weights * means_y).sum(axis=0) / count
        between_x, between_y = np.sqrt(weights) * (means_x - mean_x), np.sqrt(weights) * (means_y - mean_y)
        xx, xy = between_x.T @ between_x, between_x.T @ between_y
        for part in parts:
            xx += part.xx
            xy += part.xy
        return cls(count, mean_x, mean_y, xx, xy)

    def fitted(self, strengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ridge regression on standardised columns, a strength (L,) for each number → weights (d, L), intercepts (L,)."""
        variance = np.diagonal(self.xx) / self.count
        rounding = self.count * SMALLEST * variance + (self.count * self.mean_x * SMALLEST) ** 2
        scale = np.where(variance <= rounding, 1.0, np.sqrt(variance))  # a constant column stays, as in StandardScaler
        products, targets = self.xx / np.outer(scale, scale), self.xy / scale[:, None]
        weights = np.empty_like(targets)
        for strength in np.unique(strengths):
            own = strengths == strength
            weights[:, own] = solve(products + strength * np.eye(len(products)), targets[:, own], assume_a="pos")
        weights /= scale[:, None]
        return weights, self.mean_y - self.mean_x @ weights


def out_of_fold(x: np.ndarray, y: np.ndarray, fold: np.ndarray, strengths: np.ndarray) -> np.ndarray:
    """Predict each row by a ridge regression of the rows of all other folds.

    x (R, d), y (R, L), fold (R,) from 0 on, strengths (L,) → (R, L)
    """
    folds = [np.flatnonzero(fold == i) for i in range(fold.max() + 1)]
    predicted = np.empty(y.shape)
    if len(x) - max(map(len, folds)) < x.shape[1]:
        for left in folds:
            fit = np.setdiff1d(np.arange(len(x)), left)
            predicted[left] = _by_rows(x[fit], y[fit], x[left], strengths)
        return predicted
    moments = [Moments.of(x[rows], y[rows]) for rows in folds]
    for i, rows in enumerate(folds):
        weights, intercepts = Moments.of_all(moments[:i] + moments[i + 1 :]).fitted(strengths)
        predicted[rows] = x[rows] @ weights + intercepts
    return predicted


def along_strengths(x: np.ndarray, y: np.ndarray, held: np.ndarray, strengths: Sequence[float]) -> list[np.ndarray]:
    """Predict the held rows, by each strength, by a ridge regression of the others.

    x (R, d), y (R, L), held (R,) bool → (held rows, L) for each strength
    """
    every = [np.full(y.shape[1], strength) for strength in strengths]
    fit = np.flatnonzero(~held)
    if len(fit) < x.shape[1]:
        return [_by_rows(x[fit], y[fit], x[held], same) for same in every]
    moments = Moments.of(x[fit], y[fit])
    fitted = [moments.fitted(same) for same in every]
    return [x[held] @ weights + intercepts for weights, intercepts in fitted]


def _by_rows(x: np.ndarray, y: np.ndarray, asked: np.ndarray, strengths: np.ndarray) -> np.ndarray:
    """The same of fewer rows than columns, where the products of rows are the smaller system: (asked rows, L)."""
    x, asked = x.astype(np.float64), asked.astype(np.float64)
    scale = StandardScaler().fit(x)
    model = Ridge(alpha=strengths, solver="cholesky").fit(scale.transform(x), y)
    return model.predict(scale.transform(asked)).reshape(len(asked), -1)
