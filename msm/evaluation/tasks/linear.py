"""The linear probe of a task: logistic regression for each class, ridge regression for a number.

Shape letters: I examples, d width of an embedding, K classes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import Ridge

from msm.evaluation.probes.linear import RIDGES, STRENGTHS, kendall_tau
from msm.evaluation.probes.rows import sample
from msm.evaluation.probes.scores import macro_ap
from msm.evaluation.tasks.columns import Columns
from msm.evaluation.tasks.splits import hold_out

MOST_COLUMNS = 1024
MOST_FITTED, MOST_TUNED = 5000, 1500  # examples
SMALLEST = 1e-6


def linear(
    x: np.ndarray, truth: np.ndarray, title: np.ndarray, scored: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Fit a probe and return its scores of other examples; it never sees their truth.

    x       (I, d)  embeddings that it is fitted on
    truth   (I, K) bool, or (I, 1) float for a number
    title   (I,)    whose every fifth chooses the strength of the regularisation; the probe is then fitted on all
    scored  (J, d)  embeddings of other titles
    returns (J, K)  log odds above those of the class among the fitted examples, or predicted numbers
    """
    kept = sample(np.arange(len(x)), MOST_FITTED, rng)
    x, truth, title = x[kept], truth[kept], title[kept]
    columns = Columns.fit(x, MOST_COLUMNS)
    fit, score = columns(x), columns(scored)
    if truth.dtype == bool:
        best = _best_strength(x, truth, title, rng)
        prior = np.clip(truth.mean(axis=0), SMALLEST, 1 - SMALLEST)
        return logistic(fit, truth, best)(score) - np.log(prior / (1 - prior))
    ridge = _best(RIDGES, x, truth, title, _ridge, lambda t, s: kendall_tau(t[:, 0], s[:, 0]), rng)
    return _ridge(fit, truth, ridge)(score)


def logistic(x: np.ndarray, truth: np.ndarray, strength: float) -> Callable[[np.ndarray], np.ndarray]:
    """Logistic regression of every class at once: what scikit-learn fits one class after another, in a sixth of the time.

    x (I, d), truth (I, K) bool; returns a function from (J, d) to log odds (J, K)
    """
    ones = np.concatenate([x, np.ones((len(x), 1), x.dtype)], axis=1)  # the intercept, which is not penalised
    sign = np.where(truth, 1, -1).astype(x.dtype)
    shape = ones.shape[1], truth.shape[1]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = flat.reshape(shape).astype(x.dtype)
        margin = sign * (ones @ w)
        slope = ones.T @ (-sign * expit(-margin)) * strength
        slope[:-1] += w[:-1]
        value = 0.5 * float(np.square(w[:-1], dtype=np.float64).sum())
        value += strength * float(np.logaddexp(0, -margin).sum(dtype=np.float64))
        return value, slope.astype(np.float64).ravel()

    start = np.zeros(shape)
    prior = np.clip(truth.mean(axis=0), SMALLEST, 1 - SMALLEST)
    start[-1] = np.log(prior / (1 - prior))
    best = minimize(
        loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 200, "ftol": 1e-7, "gtol": 1e-4}
    )
    weights = best.x.reshape(shape)
    return lambda rows: rows @ weights[:-1] + weights[-1]


def _best_strength(x: np.ndarray, truth: np.ndarray, title: np.ndarray, rng: np.random.Generator) -> float:
    def score(t: np.ndarray, s: np.ndarray) -> float:
        present = t.any(axis=0) & ~t.all(axis=0)
        return macro_ap(t[:, present], s[:, present]) if present.any() else 0.0

    return _best(STRENGTHS, x, truth, title, logistic, score, rng)


def _ridge(x: np.ndarray, truth: np.ndarray, alpha: float) -> Callable[[np.ndarray], np.ndarray]:
    model = Ridge(alpha=alpha, solver="cholesky").fit(x.astype(np.float64), truth[:, 0])
    return lambda rows: model.predict(rows.astype(np.float64))[:, None]


def _best(
    strengths: tuple[float, ...],
    x: np.ndarray,
    truth: np.ndarray,
    title: np.ndarray,
    fit: Callable[[np.ndarray, np.ndarray, float], Callable[[np.ndarray], np.ndarray]],
    score: Callable[[np.ndarray, np.ndarray], float],
    rng: np.random.Generator,
) -> float:
    """The strength that scores best on held-out titles; the middle one where there is nothing to choose on."""
    held = hold_out(title)
    inside = np.flatnonzero(~held)
    if not held.any() or len(inside) < 4:
        return strengths[len(strengths) // 2]
    inside, outside = sample(inside, MOST_TUNED, rng), sample(np.flatnonzero(held), MOST_TUNED, rng)
    columns = Columns.fit(x[inside], MOST_COLUMNS)
    a, b = columns(x[inside]), columns(x[outside])
    scores = [score(truth[outside], fit(a, truth[inside], strength)(b)) for strength in strengths]
    return strengths[int(np.argmax(scores))]
