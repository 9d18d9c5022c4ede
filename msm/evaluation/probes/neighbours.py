"""Probes by nearest neighbours: k-NN classification, and retrieval of shots with the same label.

Neighbours are by cosine, after the mean of the training rows is taken away.

Shape letters: R rows, d width of an embedding, Q queries, C rows that are searched.
"""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import normalize

from msm.evaluation.probes.labels import Label
from msm.evaluation.probes.linear import differences, sizes
from msm.evaluation.probes.rows import Parts, Rows, Unusable, sample
from msm.evaluation.probes.scores import interval, title_weights

NEIGHBOURS = 10
MOST_QUERIES, MOST_SEARCHED = 1000, 5000
FOUND_AT = (1, 5, 10)
MOST_VALUES = 1000  # of a label; rarer ones are ignored


def probe_knn(label: Label, rows: Rows, parts: Parts, rng: np.random.Generator) -> dict:
    """Accuracy of k-NN classification with ten neighbours; chance is the frequency of the commonest class."""
    words = np.array([next(iter(v), "") for v in label.values])
    fit, scored = parts.fit, sample(parts.report, 2 * MOST_QUERIES, rng)
    names, counts = np.unique(words[fit], return_counts=True)
    if len(names) < 2:
        raise Unusable("the training titles have one class only")
    right = {}
    for kind, x in rows.columns.items():
        vote = KNeighborsClassifier(min(NEIGHBOURS, len(fit)), metric="cosine", algorithm="brute")
        vote.fit(centred(x, fit, fit), words[fit])
        right[kind] = vote.predict(centred(x, fit, scored)) == words[scored]
    weights = title_weights(rows.title[scored], rng)
    resampled = {k: (weights @ r) / weights.sum(axis=1) for k, r in right.items()}
    accuracy = {k: float(r.mean()) for k, r in right.items()}
    return {
        "probe": "knn",
        "measure": "accuracy",
        **sizes(rows, parts),
        "num_scored": len(scored),
        "chance": {"accuracy": float((words[scored] == names[counts.argmax()]).mean())},
        "columns": {k: {"accuracy": a} for k, a in accuracy.items()},
        "intervals": {k: interval(r) for k, r in resampled.items()},
        "differences": differences(resampled, accuracy),
    }


def probe_retrieval(label: Label, rows: Rows, parts: Parts, *, leave_out: str, rng: np.random.Generator) -> dict:
    """Search the scored rows with some of them as queries, and score whether the nearest have the same label.

    leave_out  rows that a query must not find, beside itself: "title" (its own title), "scene" (its own scene,
               where one is known), "nothing"

    r1, r5, r10: share of queries with a row of the same label among so many; map: mean average precision;
    median_rank: of the first row of the same label.
    """
    searched = sample(parts.report, MOST_SEARCHED, rng)
    has = _indicators([label.values[i] for i in searched])
    queries = sample(np.arange(len(searched)), MOST_QUERIES, rng)
    same = (has[queries] @ has.T) > 0  # (Q, C)
    banned = np.arange(len(searched))[None, :] == queries[:, None]
    group = {"title": rows.title, "scene": rows.scene, "nothing": None}[leave_out]
    if group is not None:
        groups = group[searched]
        banned |= (groups[None, :] == groups[queries][:, None]) & (groups[None, :] >= 0)
    same &= ~banned
    answerable = same.any(axis=1) & (~same & ~banned).any(axis=1)
    if not answerable.any():
        raise Unusable("no shot could be found by its label: every other one has it, or none")
    queries, same, banned = queries[answerable], same[answerable], banned[answerable]
    chance = precision_and_rank(rng.standard_normal(same.shape), same, banned)
    found = {}
    for kind, x in rows.columns.items():
        unit = centred(x, parts.fit, searched)
        found[kind] = precision_and_rank(unit[queries] @ unit.T, same, banned)
    weights = title_weights(rows.title[searched[queries]], rng)
    resampled = {k: (weights @ t["map"]) / weights.sum(axis=1) for k, t in found.items()}
    columns = {k: _summarise(t) for k, t in found.items()}
    return {
        "probe": "retrieval",
        "measure": "map",
        "left_out": leave_out,
        "num_searched": len(searched),
        "num_scored": len(queries),
        "num_titles": len(np.unique(rows.title[searched])),
        "chance": _summarise(chance),
        "columns": columns,
        "intervals": {k: interval(r) for k, r in resampled.items()},
        "differences": differences(resampled, {k: c["map"] for k, c in columns.items()}),
    }


def centred(x: np.ndarray, fit: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(R, d) → (rows, d) some rows, of unit length after the mean of the rows `fit` is taken away."""
    return normalize(x[rows] - x[fit].mean(axis=0))


def _indicators(values: list[frozenset[str]]) -> np.ndarray:
    counts: dict[str, int] = {}
    for words in values:
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    place = {w: i for i, w in enumerate(sorted(counts, key=lambda w: (-counts[w], w))[:MOST_VALUES])}
    has = np.zeros((len(values), len(place)), dtype=np.float32)
    for i, words in enumerate(values):
        has[i, [place[w] for w in words if w in place]] = 1
    return has


def precision_and_rank(similarity: np.ndarray, same: np.ndarray, banned: np.ndarray) -> dict[str, np.ndarray]:
    """For each query: its average precision and the rank of its first hit. (Q, C) each → (Q,)."""
    order = np.argsort(np.where(banned, -np.inf, similarity), axis=1)[:, ::-1]
    hit = np.take_along_axis(same, order, axis=1)
    rank = np.arange(1, hit.shape[1] + 1)
    precision = np.cumsum(hit, axis=1) / rank
    return {"map": (precision * hit).sum(axis=1) / hit.sum(axis=1), "rank": hit.argmax(axis=1) + 1}


def _summarise(scores: dict[str, np.ndarray]) -> dict[str, float]:
    shares = {f"r{k}": float((scores["rank"] <= k).mean()) for k in FOUND_AT}
    return {**shares, "map": float(scores["map"].mean()), "median_rank": float(np.median(scores["rank"]))}
