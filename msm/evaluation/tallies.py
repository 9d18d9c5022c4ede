"""Scores of many titles as sums: the report of a split whose table of scores would not fit in memory.

A row a hidden shot and predictor makes a gigabyte of a million shots. Here each title leaves the sums of its scores, by predictor and
by part (distance, position), and a histogram of the ranks. Means and intervals are those of the table but for rounding; a
median of ranks is read from HISTOGRAM bins.

Shape letters: N shots of a title, H hidden shots, P predictors, T titles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from msm import baselines, metrics
from msm.evaluation.report import FEWEST_TITLES, RESAMPLINGS

HISTOGRAM = 1 << 16  # bins of the share of a title's shots that are nearer than the truth
WHOLE = ""  # the part that has all hidden shots
Distances = Sequence[tuple[int, int | None]]


@dataclass
class Sums:
    """Of one title's centred cosines, or those of some of its hidden shots: their sum for each predictor, and their number."""

    total: np.ndarray  # (P,)
    count: int


@dataclass
class TitleTally:
    """What one title leaves, for one way of hiding shots."""

    title_id: str
    names: list[str]  # of the P predictors
    median_rank: float  # of the model
    parts: dict[str, Sums]
    means: dict[str, np.ndarray]  # a column of the scores → (P, 2) sums and counts
    bins: np.ndarray  # (P, H) uint16, of the ranks


def tally(
    title_id: str,
    tables: Sequence[pd.DataFrame],
    positions: np.ndarray | None = None,
    *,
    column: str = "centred_cosine",
    distances: Distances = (),
) -> TitleTally:
    """Count a title: the tables of `score_fill_in` of all its draws, one at least.

    positions  (N,) str, of each shot in its scene
    column     of the scores that counts as the centred cosine: that of one modality, where only it is hidden
    distances  shots to the nearest visible one, from and to, of each part by distance
    """
    first = tables[0]
    names = list(dict.fromkeys(first["predictor"]))

    def values_of(name: str) -> np.ndarray:
        """(P, H) of all draws."""
        return np.concatenate([t[name].to_numpy().reshape(len(names), -1) for t in tables], axis=1)

    means = {}
    for name in (c for c in first.columns if c == "cosine" or c.startswith("centred_")):
        values = values_of(name)
        there = ~np.isnan(values)
        means[name] = np.stack([np.where(there, values, 0).sum(axis=1, dtype=np.float64), there.sum(axis=1)], axis=1)
    shares, scores = values_of("rank_share"), values_of(column)
    bins = np.minimum((shares * HISTOGRAM).astype(np.int64), HISTOGRAM - 1).astype(np.uint16)
    scored = ~np.isnan(scores[0])
    places = None if positions is None else positions[values_of("shot")[0]]
    parts = {}
    for part, inside in {WHOLE: scored, **_parts(values_of("distance")[0], places, distances)}.items():
        chosen = scores[:, inside & scored]
        parts[part] = Sums(chosen.sum(axis=1, dtype=np.float64), chosen.shape[1])
    median = float(np.median(shares[0])) if len(shares[0]) else float("nan")
    return TitleTally(title_id, names, median, parts, means, bins)


def _parts(distance: np.ndarray, places: np.ndarray | None, distances: Distances) -> dict[str, np.ndarray]:
    """Name of a part → (H,) bool."""
    found = {distance_name(low, high): (distance >= low) & (distance <= (high or np.inf)) for low, high in distances}
    if places is not None:
        found |= {place: places == place for place in np.unique(places) if place}
    return found


def packed(tallies: Sequence[TitleTally]) -> dict[str, np.ndarray]:
    """Tallies of some titles as plain arrays, for a file."""
    if not tallies:
        return {}
    parts = [(row, name, sums) for row, t in enumerate(tallies) for name, sums in t.parts.items()]
    columns = list(tallies[0].means)
    return {
        "title_id": np.array([t.title_id for t in tallies]),
        "names": np.array(tallies[0].names),
        "median_rank": np.array([t.median_rank for t in tallies]),
        "columns": np.array(columns),
        "means": np.stack([[t.means[c] for c in columns] for t in tallies]),
        "bins": np.concatenate([t.bins for t in tallies], axis=1),
        "bins_each": np.array([t.bins.shape[1] for t in tallies]),
        "part_row": np.array([row for row, _, _ in parts]),
        "part_name": np.array([name for _, name, _ in parts]),
        "part_total": np.stack([sums.total for _, _, sums in parts]),
        "part_count": np.array([sums.count for _, _, sums in parts]),
    }


def unpacked(arrays: Mapping[str, np.ndarray]) -> Iterator[TitleTally]:
    """The inverse of `packed`."""
    if not arrays:
        return
    bins = np.split(arrays["bins"], np.cumsum(arrays["bins_each"])[:-1], axis=1)
    names, columns = arrays["names"].tolist(), arrays["columns"].tolist()
    for row, title_id in enumerate(arrays["title_id"].tolist()):
        own = np.flatnonzero(arrays["part_row"] == row)
        parts = {str(arrays["part_name"][i]): Sums(arrays["part_total"][i], int(arrays["part_count"][i])) for i in own}
        means = dict(zip(columns, arrays["means"][row], strict=True))
        yield TitleTally(title_id, names, float(arrays["median_rank"][row]), parts, means, bins[row])


class Tallies:
    """The sums of all titles that were scored, for one way of hiding shots; `column` and `distances` as of `tally`."""

    def __init__(self, column: str = "centred_cosine", distances: Distances = ()):
        self.column, self.distances = column, distances
        self.names: list[str] = []  # of the predictors
        self.titles: list[TitleTally] = []
        self._means: dict[str, np.ndarray] = {}  # a column of the scores → (P, 2) sums and counts
        self._ranks = np.zeros((0, HISTOGRAM), dtype=np.int64)

    def add(self, title: TitleTally) -> None:
        """Count a title; titles come in the order of the split, so that sums are the same to the bit."""
        if not self.names:
            self.names = title.names
            self._ranks = np.zeros((len(self.names), HISTOGRAM), dtype=np.int64)
        for name, sums in title.means.items():
            self._means[name] = self._means.get(name, 0) + sums
        for own, counted in zip(title.bins, self._ranks, strict=True):
            np.add.at(counted, own, 1)
        # Neither grows with the titles then; a slice of the bins would hold those of its whole part.
        self.titles.append(replace(title, bins=np.zeros((len(self.names), 0), dtype=title.bins.dtype), means={}))

    def mean(self, predictor: str, column: str) -> float:
        """The mean score of a predictor over all hidden shots; NaN where none has one."""
        total, count = self._means[column][self.names.index(predictor)]
        return float(total / count) if count else float("nan")

    def median_rank(self, predictor: str) -> float:
        """The median share of a title's shots that are nearer to the prediction than the truth is."""
        counts = self._ranks[self.names.index(predictor)]
        return float((np.searchsorted(np.cumsum(counts), counts.sum() / 2) + 0.5) / HISTOGRAM)

    @property
    def columns(self) -> list[str]:
        """The columns of the scores that have means."""
        return list(self._means)

    @property
    def baselines(self) -> list[str]:
        """The baselines that were scored."""
        return [name for name in baselines.NAMES if name in self.names]

    def best_baseline(self) -> str:
        """The baseline with the highest mean over all hidden shots."""
        return max(self.baselines, key=lambda name: self.mean(name, self.column))

    def count(self, part: str = WHOLE) -> int:
        """Hidden shots of a part."""
        return sum(t.parts[part].count for t in self.titles if part in t.parts)

    def means(self, part: str) -> dict[str, float]:
        """The mean of each predictor over a part that has hidden shots."""
        total = np.sum([t.parts[part].total for t in self.titles if part in t.parts], axis=0)
        return dict(zip(self.names, (total / self.count(part)).tolist(), strict=True))

    def resampled(self, part: str = WHOLE) -> dict[str, np.ndarray] | None:
        """Each predictor's mean over draws of titles; None where there are too few titles."""
        own = [t.parts[part] for t in self.titles if part in t.parts and t.parts[part].count]
        if len(own) < FEWEST_TITLES:
            return None
        sizes = np.repeat(np.array([s.count for s in own], dtype=float)[:, None], len(self.names), axis=1)
        means = metrics.resampled_means(np.stack([s.total for s in own]), sizes, RESAMPLINGS)
        return dict(zip(self.names, means.T, strict=True))


def distance_name(low: int, high: int | None) -> str:
    """`2`, or `3+` where there is no upper end."""
    return f"{low}" if low == high else f"{low}+"


def against_best(tallies: Tallies, best: str, part: str = WHOLE) -> Mapping[str, Any]:
    """Model and one baseline on a part of the hidden shots; every number is None where there are none."""
    count = tallies.count(part)
    if not count:
        return {"num_hidden": 0, "centred_cosine": None, "best_baseline": None, "skill": None, "difference": None}
    means, drawn = tallies.means(part), tallies.resampled(part)
    spread = {} if drawn is None else middle(drawn["model"] - drawn[best])
    return {
        "num_hidden": count,
        "centred_cosine": means["model"],
        "best_baseline": means[best],
        "skill": metrics.skill(means["model"], means[best]),
        "difference": {"mean": means["model"] - means[best], **spread},
    }


def middle(resampled: np.ndarray) -> dict[str, float]:
    """The interval of draws of titles."""
    low, high = metrics.middle(resampled)
    return {"low": low, "high": high}
