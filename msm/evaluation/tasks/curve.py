"""Few-shot curves: the score by the number of labels, and how many labels the context saves.

Shape letters: I examples, d width of an embedding, K classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from msm.evaluation.probes.scores import interval
from msm.evaluation.tasks.linear import linear
from msm.evaluation.tasks.measures import PRIMARY, measure, resampled
from msm.evaluation.tasks.splits import Split

SIZES = (8, 16, 32, 64, 128, 256, 512)
DRAWS = 3
MOST_SCORED = 2000  # examples that a point of the curve is scored on


def few_shot_curve(
    kind: str,
    features: dict[str, np.ndarray],
    truth: np.ndarray,
    title: np.ndarray,
    splits: list[Split],
    rng: np.random.Generator,
    done: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Score linear probes that were given few labels, drawn DRAWS times, the same for every kind of embedding.

    returns  {"measure", "sizes", "columns": {kind: [{"mean", "low", "high", "interval"} …]}, "savings": […]}; low and high are the
             worst and the best draw, interval is {"low", "high"} of the mean, 95 % over the scored titles; None where too few
    """
    parts = [splits[i % len(splits)] for i in range(DRAWS)]
    most = min(len(p.fit) for p in parts)
    sizes = [n for n in SIZES if 1.3 * n < most] + ([most] if most <= SIZES[-1] else [])
    found: dict[str, list[list[float]]] = {k: [[] for _ in sizes] for k in features}
    spread: dict[str, list[list[np.ndarray]]] = {k: [[] for _ in sizes] for k in features}
    for part in parts:
        order = rng.permutation(part.fit)
        scored = np.sort(rng.permutation(part.score)[:MOST_SCORED])
        for i, n in enumerate(sizes):
            few = order[:n]
            scores = {
                name: linear(x[few], truth[few], title[few], x[scored], np.random.default_rng(n))
                for name, x in features.items()
            }
            same = np.random.default_rng(
                0
            )  # the same titles for every draw of labels, so that draws of labels average out
            drawn = resampled(kind, truth[scored], scores, title[scored], same)
            for name in features:
                found[name][i].append(measure(kind, truth[scored], scores[name])[PRIMARY[kind]])
                spread[name][i].append(drawn[name])
        done()
    columns = {k: [_point(values, drawn) for values, drawn in zip(found[k], spread[k], strict=True)] for k in features}
    return {"measure": PRIMARY[kind], "sizes": sizes, "columns": columns, "savings": savings(sizes, columns)}


def _point(values: list[float], drawn: list[np.ndarray]) -> dict[str, Any]:
    """A point of a curve from its DRAWS scores, and from those over resampled titles, (B,) each."""
    over_titles = interval(np.mean(drawn, axis=0))
    return {"mean": float(np.mean(values)), "low": min(values), "high": max(values), "interval": over_titles}


def savings(sizes: list[int], columns: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """For each number of labels that the context is given, how many each other embedding needs for the same score.

    None where it does not reach that score with the most labels that were tried.
    """
    best = "contextual" if "contextual" in columns else "neighbours"
    rows = []
    for n, point in zip(sizes, columns[best], strict=True):
        needs = {
            k: labels_for(point["mean"], sizes, [p["mean"] for p in curve]) for k, curve in columns.items() if k != best
        }
        rows.append({"labels": n, "score": point["mean"], "needs": needs})
    return rows


def labels_for(score: float, sizes: list[int], curve: list[float]) -> int | None:
    """The number of labels at which a curve first reaches a score, between two points on a logarithmic scale."""
    if curve and curve[0] >= score:
        return sizes[0]
    for i in range(1, len(sizes)):
        if curve[i] >= score:
            share = (score - curve[i - 1]) / (curve[i] - curve[i - 1])
            return round(float(np.exp(np.log(sizes[i - 1]) + share * np.log(sizes[i] / sizes[i - 1]))))
    return None
