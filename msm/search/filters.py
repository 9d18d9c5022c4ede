"""Filters of a search: by title, split and label, and by what shots share with the query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from msm.data.catalog import SPLITS, Catalog
from msm.data.scenes import COLUMNS as SCENE_COLUMNS
from msm.data.scenes import UNKNOWN, scene_numbers
from msm.errors import InputError

MOST_NAMED = 8  # values of a label that an error lists


@dataclass(frozen=True)
class Filters:
    """Every one must hold; of several titles, splits, or values of one label, any.

    titles          ids
    splits          train, validation, test
    labels          (name, value) pairs, of shots or of titles; of `A|B` either counts
    not_same_title  leave out the titles that the query's shots are from
    not_same_scene  leave out the scenes that the query's shots are from
    """

    titles: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    not_same_title: bool = False
    not_same_scene: bool = False


def allowed_rows(catalog: Catalog, filters: Filters, query_rows: Sequence[int] | np.ndarray = ()) -> np.ndarray | None:
    """(N,) bool, True = may be found; None where there is no filter.

    query_rows  rows of the query's shots
    Raises InputError for a title, split, label or value that the catalog does not have.
    """
    if filters == Filters():
        return None
    allowed = np.ones(catalog.num_shots, dtype=bool)
    counts = catalog.titles["num_shots"].to_numpy()
    if filters.titles:
        wanted = {catalog[t].title_id for t in filters.titles}
        allowed &= np.repeat(catalog.titles["title_id"].isin(wanted).to_numpy(), counts)
    if filters.splits:
        for name in filters.splits:
            if name not in SPLITS:
                raise InputError(f"split is {name!r}, but must be one of {', '.join(SPLITS)}")
        allowed &= np.repeat(catalog.titles["split"].isin(filters.splits).to_numpy(), counts)
    for label in dict.fromkeys(name for name, _ in filters.labels):
        allowed &= _has_label(catalog, label, [v for name, v in filters.labels if name == label])
    for title, rows in by_title(catalog, query_rows):
        first = int(catalog.titles["first_shot"].iloc[title])
        if filters.not_same_title:
            allowed[first : first + counts[title]] = False
        elif filters.not_same_scene:
            allowed[first : first + counts[title]] &= ~_same_scene(catalog, title, rows - first)
    return allowed


def title_of_rows(catalog: Catalog, rows: Sequence[int] | np.ndarray) -> np.ndarray:
    """(n,) rows of the catalog → which title each is in, as its place in the file."""
    starts = catalog.titles["first_shot"].to_numpy()
    return np.searchsorted(starts, np.asarray(rows, dtype=np.int64), side="right") - 1


def by_title(catalog: Catalog, rows: Sequence[int] | np.ndarray) -> Iterable[tuple[int, np.ndarray]]:
    """Rows gathered by title: (its place in the file, its rows)."""
    rows = np.asarray(rows, dtype=np.int64)
    titles = title_of_rows(catalog, rows)
    return [(int(t), rows[titles == t]) for t in np.unique(titles)]


def label_column(catalog: Catalog, label: str) -> pd.Series:
    """A label of every shot, N values: its own, or its title's. InputError where there is none of that name."""
    if label in catalog.shot_labels:
        return catalog.read_shots(columns=[label])[label]
    if label in catalog.title_labels or (label == "tags" and label in catalog.titles):
        column = catalog.titles[label]
        return column.take(np.repeat(np.arange(len(catalog)), catalog.titles["num_shots"])).reset_index(drop=True)
    known = ", ".join([*catalog.shot_labels, *catalog.title_labels]) or "none"
    raise InputError(f"{catalog.path} has no label {label!r}; it has {known}")


def label_words(value: object) -> frozenset[str]:
    """The values that one cell holds, as a person types them: `A|B` is two, 3.0 is `3`, empty is none."""
    if value is None or value is pd.NA or value != value:
        return frozenset()
    if isinstance(value, bool | np.bool_):
        return frozenset(["yes" if value else "no"])
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return frozenset(filter(None, (word.strip() for word in text.split("|"))))


def label_values(column: pd.Series) -> list[str]:
    """Every value that a label takes, the commonest first."""
    counts: dict[str, int] = {}
    for value, times in column.value_counts().items():
        for word in label_words(value):
            counts[word] = counts.get(word, 0) + int(times)
    return sorted(counts, key=lambda w: (-counts[w], w))


def _has_label(catalog: Catalog, label: str, wanted: list[str]) -> np.ndarray:
    column = label_column(catalog, label)
    codes, different = pd.factorize(column)
    has = np.array([bool(label_words(v) & set(wanted)) for v in different] + [False])  # the last for an empty cell
    for value in wanted:
        if not any(value in label_words(v) for v in different):
            values = label_values(column)
            more = " …" if len(values) > MOST_NAMED else ""
            raise InputError(f"no shot has {label}={value}; it takes {', '.join(values[:MOST_NAMED])}{more}")
    return has[codes]


def _same_scene(catalog: Catalog, title: int, shots: np.ndarray) -> np.ndarray:
    """(shots of the title,) bool: True in the scenes of these shots; shots of an unknown scene are in none."""
    marks = [c for c in SCENE_COLUMNS if c in catalog.shot_labels]
    if not marks:
        raise InputError(
            f"{catalog.path} marks no scenes (label {' or '.join(SCENE_COLUMNS)}), so none can be left out"
        )
    row = catalog.titles.iloc[title]
    first, count = int(row["first_shot"]), int(row["num_shots"])
    scenes = scene_numbers(catalog.read_shots(first, first + count, marks))
    return np.isin(scenes, scenes[shots]) & (scenes != UNKNOWN)
