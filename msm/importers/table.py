"""Vectors in one long matrix, and a table with a row a vector: cut into titles, ordered by shot.

The rows of a title may stand anywhere; they are taken together, in the order of the shot column
(equal rows of a table without one keep their order). Shape letters: R rows, N shots of a title.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from msm.catalog_rules import check_title_id
from msm.errors import InputError
from msm.importers.source import DERIVED, Entry, slugs, split_of

TITLE_NAMES = ("title_id", "title")
SHOT_NAMES = ("shot", "scene")
ALWAYS_OF_SHOTS = ("start_s", "end_s", "text")


class TableSource:
    """See `Source`. `vectors` maps a modality to its (R, width) array, which may be mapped and not read."""

    def __init__(
        self,
        where: str,
        vectors: Mapping[str, np.ndarray],
        table: pd.DataFrame,
        *,
        title_column: str | None = None,
        shot_column: str | None = None,
    ):
        self.where, self._vectors = where, vectors
        self.dims = {name: block.shape[1] for name, block in vectors.items()}
        self.dtypes = {name: block.dtype for name, block in vectors.items()}
        self.dropped: list[str] = []
        title = _find_column(where, table, title_column, TITLE_NAMES, "--title-column")
        shot = shot_column or next((c for c in SHOT_NAMES if c in table), None)
        if shot is not None:
            _find_column(where, table, shot, (), "--shot-column")
        rows = _Rows(where, table, title, shot)
        self._order, self._bounds = rows.order, rows.bounds
        self._table = self._drop(table, [title])
        if shot is not None and rows.shots_are_counted:
            self._table = self._drop(self._table, [shot], f"column {shot!r}, which only counts the shots")
        elif shot == "shot":
            self._table = self._table.rename(columns={"shot": "source_shot"})
        self.entries = self._entries(title, rows)

    def read(self, entry: Entry) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
        rows = self._order[self._bounds[entry.key] : self._bounds[entry.key + 1]]
        blocks = {name: _take(vectors, rows) for name, vectors in self._vectors.items()}
        return blocks, self._shots.iloc[rows].reset_index(drop=True)

    def _drop(self, table: pd.DataFrame, columns: Sequence[str], why: str = "") -> pd.DataFrame:
        if why:
            self.dropped.append(why)
        return table.drop(columns=[c for c in columns if c in table])

    def _entries(self, title: str, rows: _Rows) -> list[Entry]:
        """Columns that are constant within every title are the title's, all others its shots'."""
        derived = [c for c in DERIVED if c in self._table]
        self._table = self._drop(
            self._table, derived, ", ".join(map(repr, derived)) and f"columns {derived}, which the catalog derives"
        )
        constant = [c for c in self._table if c not in ALWAYS_OF_SHOTS and rows.is_constant(self._table[c])]
        if "split" in self._table and "split" not in constant:
            raise InputError(
                f"{self.where}: title {rows.first_change(self._table['split'])!r} is in several splits; splits are by title"
            )
        firsts = self._table[constant].iloc[self._order[self._bounds[:-1]]].to_dict("records")
        self._shots = self._table.drop(columns=constant)
        ids = rows.names if title != "title" else slugs(rows.names)
        entries = []
        for key, (title_id, name, labels) in enumerate(zip(ids, rows.names, firsts, strict=True)):
            check_title_id(title_id)
            split = split_of(labels.pop("split", None), f"{self.where}, title {name!r}")
            name = _text(labels.pop("name", None)) or (_text(labels.pop("title", None)) if title != "title" else name)
            entries.append(Entry(title_id=title_id, name=name, split=split, labels=labels, key=key))
        return entries


class _Rows:
    """Which rows of the table make which title: `order` (R,) row numbers, `bounds` (titles + 1,) into it."""

    def __init__(self, where: str, table: pd.DataFrame, title: str, shot: str | None):
        for row in np.flatnonzero(table[title].isna()):
            raise InputError(f"{where}, row {row}: {title} is empty")
        self.codes, names = pd.factorize(table[title])
        self.names = [str(n) for n in names]
        if not self.names:
            raise InputError(f"{where} has no rows")
        keys = np.arange(len(table)) if shot is None else _shot_numbers(where, table[shot])
        self.order = np.lexsort((keys, self.codes))
        self.bounds = np.searchsorted(self.codes[self.order], np.arange(len(self.names) + 1))
        sorted_keys = keys[self.order]
        same = (np.diff(sorted_keys) == 0) & (np.diff(self.codes[self.order]) == 0)
        for i in np.flatnonzero(same):
            name, row = self.names[self.codes[self.order[i]]], self.order[i + 1]
            raise InputError(f"{where}, row {row}: title {name!r}, {shot} {sorted_keys[i]} is there twice")
        counts = np.arange(len(table)) - np.repeat(self.bounds[:-1], np.diff(self.bounds))
        self.shots_are_counted = bool((sorted_keys == counts).all())

    def is_constant(self, column: pd.Series) -> bool:
        return not self._changes(column).any()

    def first_change(self, column: pd.Series) -> str:
        return self.names[self.codes[self.order[int(np.argmax(self._changes(column)))]]]

    def _changes(self, column: pd.Series) -> np.ndarray:
        """(R − 1,) True where a row of the ordered table differs from the row before it, within a title."""
        values = pd.factorize(column, use_na_sentinel=True)[0][self.order]
        return (np.diff(values) != 0) & (np.diff(self.codes[self.order]) == 0)


def _find_column(where: str, table: pd.DataFrame, given: str | None, usual: Sequence[str], option: str) -> str:
    found = given if given is not None else next((c for c in usual if c in table), None)
    if found is None or found not in table:
        wanted = repr(found) if found else " or ".join(map(repr, usual))
        raise InputError(
            f"{where}: column {wanted} is missing; name another with {option} (there are {', '.join(map(str, table.columns))})"
        )
    return found


def _shot_numbers(where: str, column: pd.Series) -> np.ndarray:
    numbers = pd.to_numeric(column, errors="coerce")
    for row in np.flatnonzero(numbers.isna()):
        raise InputError(f"{where}, row {row}: {column.name} is {column.iloc[row]!r}, expected a number")
    return numbers.to_numpy()


def _take(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Some rows, copied; one slice where they follow each other, which is what a disk likes."""
    if len(rows) == rows[-1] - rows[0] + 1 and (np.diff(rows) == 1).all():
        return np.array(vectors[rows[0] : rows[-1] + 1])
    return vectors[rows]


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)
