"""The shots that a mark is about.

A shot belongs to a stretch of time if at least a share of the shot, by default half, lies within it. A stretch that is shorter than
that belongs to the shot that holds most of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from msm.data.catalog import Catalog
from msm.errors import did_you_mean
from msm.evaluation.label_files.marks import Example, LabelSet, Mark

OVERLAP = 0.5  # the share of a shot that a stretch of time must hold


class Places:
    """Finds the shots of marks in a catalog; `problems` is a sentence for each mark that has none."""

    def __init__(self, catalog: Catalog, overlap: float = OVERLAP):
        self.catalog, self.overlap = catalog, overlap
        self.problems: list[str] = []
        self.num_marks = 0
        ids = catalog.titles["title_id"].astype(str)
        names = catalog.titles["name"].astype(str)
        count = Counter(names)
        self._titles = {n: i for i, n in enumerate(names) if count[n] == 1} | {t: i for i, t in enumerate(ids)}
        self._times: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    @property
    def known(self) -> frozenset[str]:
        """Ids of titles, and the names that only one title has."""
        return frozenset(self._titles)

    def of(self, mark: Mark, file: str) -> tuple[int, int, int] | None:
        """(title, first shot, one past the last) of a mark; None where there is no such place, which is kept as a problem."""
        self.num_marks += 1
        index = self._titles.get(mark.title)
        problem: str | None
        if index is None:
            near = did_you_mean(mark.title, self._titles, at_most=5)
            problem = f"there is no title {mark.title!r} in {self.catalog.path.name}; {near}"
        else:
            shots = int(self.catalog.titles["num_shots"].iloc[index])
            first, stop, problem = self._within(mark, index, shots)
            if problem is None:
                return index, first, stop
        self.problems.append(f"{file}, {mark.where}: {problem}")
        return None

    def _within(self, mark: Mark, title: int, shots: int) -> tuple[int, int, str | None]:
        if mark.shots is not None:
            last = mark.shots[1] - 1
            return *mark.shots, None if last < shots else f"title {mark.title!r} has shots 0 to {shots - 1}, not {last}"
        if mark.seconds is None:
            return 0, shots, None
        starts, ends = self._times_of(title)
        if not np.isfinite(ends).all():
            return 0, 0, f"title {mark.title!r} has no times, so its shots must be given by number"
        a, b = mark.seconds
        inside = np.clip(np.minimum(ends, b) - np.maximum(starts, a), 0, None)
        own = np.flatnonzero(inside >= self.overlap * np.maximum(ends - starts, 1e-9))
        own = own[inside[own] > 0]
        if len(own):
            return int(own[0]), int(own[-1]) + 1, None
        most = int(inside.argmax())
        if inside[most] > 0:
            return most, most + 1, None
        return 0, 0, f"title {mark.title!r} ends at {ends[-1]:.1f} s and has no shot from {a:g} to {b:g} s"

    def _times_of(self, title: int) -> tuple[np.ndarray, np.ndarray]:
        if title not in self._times:
            row = self.catalog.titles.iloc[title]
            first = int(row["first_shot"])
            table = self.catalog.read_shots(first, first + int(row["num_shots"]), ["start_s", "end_s"])
            self._times[title] = (table["start_s"].to_numpy(float), table["end_s"].to_numpy(float))
        return self._times[title]


def label_sets(marks: Sequence[tuple[str, Mark]], places: Places, *, each_shot: bool = False) -> list[LabelSet]:
    """Place marks, and join the values of a label that have the same place. An empty value means unlabelled.

    marks      each with the name of its file
    each_shot  every shot of a labelled span or title becomes an example of its own
    """
    found: dict[str, dict[tuple[int, int, int], list[str]]] = {}
    whole: dict[str, list[bool]] = {}
    for file, mark in marks:
        place = places.of(mark, file)
        values = [v.strip() for v in mark.value.split("|") if v.strip()]
        if place is None or not values:
            continue
        spots = [(place[0], i, i + 1) for i in range(place[1], place[2])] if each_shot else [place]
        for spot in spots:
            kept = found.setdefault(mark.label, {}).setdefault(spot, [])
            kept += [v for v in values if v not in kept]
        whole.setdefault(mark.label, []).append(mark.shots is None and mark.seconds is None)
    sets = []
    for name, spots_of in found.items():
        examples = tuple(Example(*spot, tuple(values)) for spot, values in sorted(spots_of.items()))
        title = not each_shot and np.mean(whole[name]) > 0.5
        single = np.mean([e.stop - e.first == 1 for e in examples]) > 0.5
        sets.append(LabelSet(name, "title" if title else "shot" if each_shot or single else "span", examples))
    return sets
