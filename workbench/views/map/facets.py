"""Histograms of the labels of a map's points, as the map component draws them.

Shape letters: N points.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from workbench.views.formatting import clock
from workbench.views.map.labels import NOTED, TIME, TITLE, is_continuous

BINS, VALUES = 20, 10  # bins of numbers; values of a category that have a row of their own
OTHERS = "others"
USUAL = 4  # histograms that are shown by default


class Facet(NamedTuple):
    """A histogram: `part` is its message to the component; of numbers `edges`, of a category `names` are its bins.

    bins_of  (N,) uint8 the bin of each point plus one, 0 where its value is not known
    """

    part: dict[str, Any]
    bins_of: np.ndarray
    edges: np.ndarray | None
    names: tuple[str, ...]


def usual_facets(labels: pd.DataFrame) -> list[str]:
    """The labels whose histograms are shown by default: two or three categories, and numbers."""
    few = [name for name in labels if not is_continuous(labels[name]) and name not in (TITLE, NOTED)]
    numbers = sorted((n for n in labels if is_continuous(labels[n])), key=lambda name: name != TIME)
    first = few[: max(USUAL - len(numbers), 2)]
    return [*first, *numbers[: USUAL - len(first)]]


def facet(key: str, label: str, values: pd.Series) -> Facet:
    """The histogram of a label: BINS of equal width between its least and its most, or its VALUES most frequent values.

    key     of the points, the same for the same values
    values  (N,)
    """
    if is_continuous(values):
        index, bins, edges = _numbers(values.to_numpy(dtype=float), label)
        ends = [bins[0]["name"].partition(" – ")[0], bins[-1]["name"].partition(" – ")[2]]
        part = {"kind": "number", "bins": bins, "ends": ends}
        names: tuple[str, ...] = ()
    else:
        index, bins = _categories(values)
        edges, names = None, tuple(b["name"] for b in bins if not b.get("others"))
        part = {"kind": "category", "bins": bins}
    packed = base64.b64encode(index.tobytes()).decode()
    return Facet({"key": f"facet/{key}/{label}", "label": label, "index": packed, **part}, index, edges, names)


def _numbers(values: np.ndarray, label: str) -> tuple[np.ndarray, list[dict[str, Any]], np.ndarray]:
    known = np.isfinite(values)
    low, high = float(values[known].min()), float(values[known].max())
    edges = np.linspace(low, high, BINS + 1)
    index = np.zeros(len(values), dtype=np.uint8)
    index[known] = 1 + np.clip(np.searchsorted(edges, values[known], side="right") - 1, 0, BINS - 1)
    word = clock if label == TIME else (lambda v: f"{v:.0f}" if abs(v) >= 100 else f"{v:.3g}")
    bins = [{"name": f"{word(a)} – {word(b)}"} for a, b in pairwise(edges)]
    return index, bins, edges


def _categories(values: pd.Series) -> tuple[np.ndarray, list[dict[str, Any]]]:
    words = values.astype(object).where(values.notna(), "").astype(str)
    counts = words[words != ""].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    named = counts.index[:VALUES]
    index = words.map({value: i + 1 for i, value in enumerate(named)}).fillna(0).to_numpy(dtype=np.uint8)
    bins: list[dict[str, Any]] = [{"name": str(value)} for value in named]
    if len(counts) > len(named):
        index[(index == 0) & (words != "").to_numpy()] = len(bins) + 1
        bins.append({"name": OTHERS, "others": True})
    return index, bins


def range_of_bins(edges: np.ndarray, bins: Sequence[int]) -> tuple[float, float]:
    """The least and the most number in bins next to each other; a number on the edge of two is in the upper one."""
    first, last = min(bins), max(bins)
    upper = float(edges[last + 1])
    return float(edges[first]), upper if last == len(edges) - 2 else float(np.nextafter(upper, -np.inf))


def bins_of_range(edges: np.ndarray, low: float, high: float) -> list[int]:
    """The bins that a range of numbers meets."""
    first, last = np.searchsorted(edges, [low, high], side="right") - 1
    return list(range(int(np.clip(first, 0, BINS - 1)), int(np.clip(last, 0, BINS - 1)) + 1))


def bins_of_names(names: Sequence[str], kept: Iterable[str]) -> list[int]:
    return sorted(names.index(name) for name in kept if name in names)
