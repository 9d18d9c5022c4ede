"""Estimate the covariance functions of kriging on the training titles.

The autocovariance of each principal component at distances up to LAGS is fitted by a sum of non-negative terms: a constant (how
titles differ), exponentials of many lengths, alternating exponentials (shot and reverse shot) and a nugget (what no other shot
tells). Each is a positive definite function, so their sum is one too.

Shape letters: N shots of a title, D width of a shot, R principal components, J terms, L distances.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from msm.baselines._components import principal_components
from msm.baselines._protocol import Example

COMPONENTS = 48  # principal components with a covariance function of their own; what is left shares one
LAGS = 60  # the largest distance that is fitted, in shots
LENGTHS = np.geomspace(0.7, 100.0, 14)  # of the exponentials exp(−distance / length), in shots
ALTERNATING = np.geomspace(1.0, 30.0, 8)  # of (−1)^distance · exp(−distance / length)
# A term is variance · decay^distance: the constant has decay 1 and the nugget 0, because 0⁰ = 1.
DECAYS = np.concatenate([[1.0], np.exp(-1 / LENGTHS), -np.exp(-1 / ALTERNATING), [0.0]])
LEAST_NUGGET = (
    1e-3  # as a share of the variance: neighbours are never copied exactly, and the equations stay well-conditioned
)


def fit(
    train: Iterable[np.ndarray],
    validation: Iterable[tuple[Example, np.ndarray]],
    mean: np.ndarray,
    blocks: Sequence[slice] = (),
) -> dict[str, np.ndarray]:
    """Estimate components (D, R), decays (J,) and variances (J, R + 1); the titles are read twice, one at a time."""
    components = principal_components((shots - mean for shots in train), COMPONENTS)
    measured = autocovariances(train, mean, components.astype(np.float64))  # (L, R + 1)
    return {"components": components, "decays": DECAYS.astype(np.float32), "variances": fit_terms(measured)}


def autocovariances(train: Iterable[np.ndarray], mean: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """(L, R + 1): covariance of two shots of one title by their distance, of each component and of all that is left together.

    L is LAGS + 1, or less where the longest title is shorter.
    """
    sums, pairs = np.zeros((LAGS + 1, basis.shape[1] + 1)), np.zeros(LAGS + 1)
    for shots in train:
        about = shots.astype(np.float64) - mean
        scores = about @ basis
        reach = min(LAGS + 1, len(shots))
        sums[:reach, :-1] += correlate(scores)[:reach]
        sums[:reach, -1] += correlate(about - scores @ basis.T)[:reach].sum(axis=1)
        pairs[:reach] += len(shots) - np.arange(reach)
    known = max(1, np.count_nonzero(pairs))
    return sums[:known] / np.maximum(pairs[:known, None], 1)


def correlate(columns: np.ndarray) -> np.ndarray:
    """(N, C) → (N, C): Σ x[i] · x[i + d] of each column at each distance d, through the power spectrum."""
    size = 2 * len(columns)
    power = np.abs(np.fft.rfft(columns, size, axis=0)) ** 2
    return np.fft.irfft(power, size, axis=0)[: len(columns)]


def fit_terms(measured: np.ndarray) -> np.ndarray:
    """(L, R + 1) autocovariances → (J, R + 1) float32, the variance of each term by non-negative least squares.

    Far distances count less, 1 / √distance: there are fewer pairs, and they are predicted from less often.
    """
    from scipy.optimize import nnls

    lags = np.arange(len(measured))
    weights = 1 / np.sqrt(np.maximum(lags, 1))
    terms = DECAYS ** lags[:, None]  # (L, J)
    variances = np.stack([nnls(terms * weights[:, None], column * weights)[0] for column in measured.T], axis=1)
    total = variances.sum(axis=0)
    variances[-1] = np.where(
        total > 0, np.maximum(variances[-1], LEAST_NUGGET * total), 1.0
    )  # no variance: nothing but noise
    return variances.astype(np.float32)
