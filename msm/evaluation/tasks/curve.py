"""Few-shot curves: the score by the number of labels, and how many labels the context saves.

Shape letters: I examples, d width of an embedding, K classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from msm.evaluation.tasks.linear import linear
from msm.evaluation.tasks.measures import PRIMARY, measure
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

    returns  {"measure", "sizes", "columns": {kind: [{"mean", "low", "high"} …]}, "savings": […]}; low and high are the worst and
             the best draw
    """
    parts = [splits[i % len(splits)] for i in range(DRAWS)]
    most = min(len(p.fit) for p in parts)
    sizes = [n for n in SIZES if 1.3 * n < most] + ([most] if most <= SIZES[-1] else [])
    found: dict[str, list[list[float]]] = {k: [[] for _ in sizes] for k in features}
    for part in parts:
        order = rng.permutation(part.fit)
        scored = np.sort(rng.permutation(part.score)[:MOST_SCORED])
        for i, n in enumerate(sizes):
            few = order[:n]
            for name, x in features.items():
                scores = linear(x[few], truth[few], title[few], x[scored], np.random.default_rng(n))
                found[name][i].append(measure(kind, truth[scored], scores)[PRIMARY[kind]])
        done()
    columns = {
        k: [{"mean": float(np.mean(v)), "low": float(min(v)), "high": float(max(v))} for v in rows]
        for k, rows in found.items()
    }
    return {"measure": PRIMARY[kind], "sizes": sizes, "columns": columns, "savings": savings(sizes, columns)}


def savings(sizes: list[int], columns: dict[str, list[dict[str, float]]]) -> list[dict[str, Any]]:
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
