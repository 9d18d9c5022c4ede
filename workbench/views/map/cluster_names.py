"""Names of the clusters of a map, from the labels and the words of their points.

A cluster is a hill of the density of points on the map: every cell of a grid belongs to the peak that the steepest way up leads to.

Shape letters: N points, C cells a side.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import ndimage

from workbench.views.map.labels import NOTED, SPLIT, is_continuous

CELLS, BLUR = 96, 2.2  # of the grid, and of the smoothing in cells
MOST, LEAST_SHARE = 14, 0.012  # clusters with a name, and the share of all points that one has at least
MOST_VALUES = 400  # of a label that names clusters
TYPICAL, MORE = (
    0.4,
    1.6,
)  # a value names a cluster with this share of its points, and so many times as often as elsewhere
APART = 0.1  # a value tells two clusters of the same name apart whose share is larger here than elsewhere by this
SAID, OFTEN = 0.08, 2.0  # a word names a cluster that is said in this share of it, so many times as often as elsewhere
MOST_WORDS = 6  # in a name, where fewer do not tell it from another
MOST_TEXTS = 30_000  # texts that are read, evenly spaced
WORD = r"(?u)\b[^\W\d_]{4,}\b"


def cluster_names(points: np.ndarray, labels: pd.DataFrame, texts: pd.Series | None = None) -> list[dict[str, Any]]:
    """Clusters as {x, y, text, count}, the largest first, no two of the same text; x and y as `component_data.points_part` has them.

    points  (N, 2)
    labels  a column a label, a row a point
    texts   (N,) what is said in each; None where there are none
    """
    if len(points) < 50:
        return []
    places = _normalised(points)
    cluster, peaks = clusters(places)
    sizes = np.bincount(cluster, minlength=len(peaks))
    largest = [c for c in np.argsort(-sizes, kind="stable") if sizes[c] >= max(4, LEAST_SHARE * len(points))][:MOST]
    values, telling = _values_of_labels(cluster, largest, labels), _telling_words(cluster, largest, texts)
    found: dict[str, dict[str, Any]] = {}
    for c in largest:
        text = _distinct(values.get(c, []), telling.get(c, []), taken=found)
        if text:
            x, y = peaks[c]
            found[text] = {"x": round(float(x), 4), "y": round(float(y), 4), "text": text, "count": int(sizes[c])}
    return list(found.values())


def _distinct(values: Sequence[tuple[str, bool]], words: Sequence[str], taken: Container[str]) -> str:
    """The typical value of a cluster and its first two words; with the next words, then the next values, while the name is taken, and
    at last a number. Empty where nothing names it.

    values  of labels and whether each is typical, the most telling first; words  the same of what is said
    """
    own, more = [v for v, typical in values[:1] if typical], [v for v, typical in values]
    first = text = _name(own, words[:2])
    further = [(own, words[:n]) for n in range(3, len(words) + 1)] + [
        (more[:n], words[:2]) for n in range(len(own) + 1, len(more) + 1)
    ]
    for these in further if first else []:
        if text not in taken:
            break
        text = _name(*these)
    number = 2
    while first and text in taken:
        text, number = f"{first} ({number})", number + 1
    return text


def _name(values: Sequence[str], words: Sequence[str]) -> str:
    return " · ".join([*values, *([", ".join(f"“{word}”" for word in words)] if words else [])])


def clusters(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, 2) places between 0 and 1 → (N,) the cluster of each, and the (clusters, 2) places where each is densest."""
    cells = np.clip((places * CELLS).astype(int), 0, CELLS - 1)
    counts = np.zeros((CELLS, CELLS))
    np.add.at(counts, (cells[:, 0], cells[:, 1]), 1.0)
    density = ndimage.gaussian_filter(counts, BLUR)
    density += 1e-9 * np.arange(CELLS * CELLS).reshape(CELLS, CELLS) / CELLS**2  # no two cells are equally dense
    up = _steepest(density)
    while not np.array_equal(up, higher := up[up]):
        up = higher
    flat = up[cells[:, 0] * CELLS + cells[:, 1]]
    tops, cluster = np.unique(flat, return_inverse=True)
    return cluster, (np.stack(np.divmod(tops, CELLS), axis=1) + 0.5) / CELLS


def _steepest(density: np.ndarray) -> np.ndarray:
    """(C, C) → (C · C,) for every cell its densest neighbour, itself for a peak."""
    padded = np.pad(density, 1, constant_values=-np.inf)
    around = np.stack([padded[1 + dx : CELLS + 1 + dx, 1 + dy : CELLS + 1 + dy] for dx, dy in _STEPS])
    best = around.argmax(axis=0).ravel()
    dx, dy = np.array(_STEPS)[best].T
    return np.arange(CELLS * CELLS) + dx * CELLS + dy


_STEPS = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]


def _normalised(points: np.ndarray) -> np.ndarray:
    low, high = points.min(axis=0), points.max(axis=0)
    return (points - (low + high) / 2) / (float((high - low).max()) or 1.0) + 0.5


def _values_of_labels(
    cluster: np.ndarray, of: Sequence[int], labels: pd.DataFrame
) -> dict[int, list[tuple[str, bool]]]:
    """By cluster the value of each label that is more frequent in it than elsewhere, and whether it is typical of the cluster: the
    typical ones first, then by how much more frequent it is."""
    found: dict[int, list[tuple[bool, float, str]]] = {c: [] for c in of}
    for label in labels:
        values = labels[label]
        if label in (SPLIT, NOTED) or is_continuous(values) or pd.api.types.is_bool_dtype(values):
            continue
        codes, names = pd.factorize(values.mask(values.astype(str) == ""))
        if not 2 <= len(names) <= MOST_VALUES:
            continue
        for c in of:
            here = np.bincount(codes[(cluster == c) & (codes >= 0)], minlength=len(names))
            share = here / max(1, int((cluster == c).sum()))
            top = int(share.argmax())
            overall = float((codes == top).mean())
            typical = bool(share[top] >= TYPICAL and share[top] >= MORE * overall)
            if typical or share[top] >= overall + APART:
                name = str(names[top]) if isinstance(names[top], str) else f"{label} {names[top]}"
                found[c].append((typical, float(share[top] - overall), name))
    ranked = {c: sorted(there, key=lambda v: (not v[0], -v[1])) for c, there in found.items()}
    return {c: [(name, typical) for typical, _, name in there] for c, there in ranked.items()}


def _telling_words(cluster: np.ndarray, of: Sequence[int], texts: pd.Series | None) -> dict[int, list[str]]:
    """By cluster the words that are said in it more often than elsewhere, the most telling first."""
    from sklearn.feature_extraction.text import CountVectorizer

    if texts is None:
        return {}
    rows = np.arange(0, len(texts), max(1, -(-len(texts) // MOST_TEXTS)))
    said = texts.iloc[rows].fillna("").astype(str)
    try:
        counter = CountVectorizer(token_pattern=WORD, binary=True, max_features=4000, min_df=3, dtype=np.int32)
        there = counter.fit_transform(said).tocsr()
    except ValueError:  # no word in any
        return {}
    words, overall = counter.get_feature_names_out(), np.asarray(there.mean(axis=0)).ravel()
    found = {}
    for c in of:
        inside = np.flatnonzero(cluster[rows] == c)
        if len(inside) < 4:
            continue
        share = np.asarray(there[inside].mean(axis=0)).ravel()
        score = np.where((share >= SAID) & (share >= OFTEN * overall), share * np.log(share / overall + 1e-12), 0.0)
        found[c] = [words[i] for i in np.argsort(-score, kind="stable")[:MOST_WORDS] if score[i] > 0.1]
    return found
