"""Scores of a probe with intervals over titles, for each kind of task.

Shape letters: I examples, K classes, B resamplings.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, r2_score

from msm.evaluation.probes.linear import kendall_tau
from msm.evaluation.probes.rows import sample
from msm.evaluation.probes.scores import interval, macro_ap, mean_finite, micro_ap, title_weights, weighted_ap

PRIMARY = {"classes": "ap_macro", "tags": "ap_macro", "number": "kendall_tau", "boundaries": "ap"}
DRAWS_OF_RANKS, MOST_RANKED = 100, 2000
FEW_TITLES = 8  # and fewer: an interval over them is too narrow rather than too wide
WON, LOST, NOT_TOLD = "won", "lost", "not told"


def measure(kind: str, truth: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Every measure of a kind of task: (I, K) truth and scores.

    The scores of a number are its predictions, and by their side those about the mean of the examples that each was fitted on: ranks
    over several folds would else follow the means of the folds, which are lower where the left-out values are higher.
    """
    if kind == "number":
        y, s = truth[:, 0], scores[:, -1]
        rho = float(spearmanr(y, s).statistic) if np.ptp(s) > 0 else 0.0
        return {"kendall_tau": kendall_tau(y, s), "spearman": rho, "r2": float(r2_score(y, scores[:, 0]))}
    if kind == "boundaries":
        return {"ap": float(average_precision_score(truth[:, 0], scores[:, 0]))}
    present = truth.any(axis=0)
    found = {"ap_macro": macro_ap(truth[:, present], scores[:, present]), "ap_micro": micro_ap(truth, scores)}
    if kind == "classes":
        found["accuracy"] = float((scores.argmax(axis=1) == truth.argmax(axis=1)).mean())
    return found


def chance(kind: str, truth: np.ndarray) -> dict[str, float]:
    """What the frequencies of the classes reach, or a number that is always the mean."""
    if kind == "number":
        return {"kendall_tau": 0.0, "spearman": 0.0, "r2": 0.0}
    share = truth.mean(axis=0)
    if kind == "boundaries":
        return {"ap": float(share[0])}
    spread = np.broadcast_to(share, truth.shape)
    found = {"ap_macro": float(share[share > 0].mean()), "ap_micro": micro_ap(truth, spread)}
    return found | ({"accuracy": float(share.max())} if kind == "classes" else {})


def resampled(
    kind: str, truth: np.ndarray, scores: dict[str, np.ndarray], title: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """The primary measure over titles drawn with replacement, the same draws for every kind of embedding: (B,) each."""
    if kind == "number":
        return _resampled_ranks(truth[:, 0], {k: s[:, -1] for k, s in scores.items()}, title, rng)
    weights = title_weights(title, rng)
    return {
        k: mean_finite(np.stack([weighted_ap(t, c, weights) for t, c in zip(truth.T, s.T, strict=True)]))
        for k, s in scores.items()
    }


def _resampled_ranks(
    truth: np.ndarray, scores: dict[str, np.ndarray], title: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    rows = [np.flatnonzero(title == t) for t in np.unique(title)]
    out: dict[str, list[float]] = {k: [] for k in scores}
    for _ in range(DRAWS_OF_RANKS):
        drawn = np.concatenate([rows[i] for i in rng.integers(len(rows), size=len(rows))])
        drawn = sample(drawn, MOST_RANKED, rng)
        for k, s in scores.items():
            out[k].append(kendall_tau(truth[drawn], s[drawn]))
    return {k: np.array(v) for k, v in out.items()}


def with_intervals(points: dict[str, dict[str, float]], draws: dict[str, np.ndarray], primary: str) -> dict[str, Any]:
    """columns, intervals of the primary measure, and paired differences, each with its verdict."""
    value = {k: p[primary] for k, p in points.items()}
    return {
        "measure": primary,
        "columns": points,
        "intervals": {k: interval(d) for k, d in draws.items()},
        "differences": differences(draws, value),
    }


def differences(draws: dict[str, np.ndarray], value: dict[str, float]) -> dict[str, dict[str, Any]]:
    """The embedding in context against each other one; without a run, the shot with its neighbours against the shot."""
    best = "contextual" if "contextual" in value else "neighbours"
    found: dict[str, dict[str, Any]] = {}
    for other in (k for k in value if k != best):
        spread = interval(draws[best] - draws[other])
        found[f"{best} - {other}"] = {"mean": value[best] - value[other], **(spread or {}), "verdict": verdict(spread)}
    return found


def verdict(spread: dict[str, float] | None) -> str:
    """won, lost or not told, by whether the interval of a difference excludes zero."""
    if spread is None:
        return NOT_TOLD
    return WON if spread["low"] > 0 else LOST if spread["high"] < 0 else NOT_TOLD
