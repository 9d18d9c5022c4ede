"""Vectors in one long matrix, and a table with a row a vector: cut into titles, ordered by shot.

The rows of a title may stand anywhere; they are taken together, in the order of the shot column
(of the table, where there is none). Shape letters: R rows, N shots of a title.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from msm.data.schema import check_title_id
from msm.errors import InputError
from msm.importers.source import DERIVED, Entry, slugs, split_of

TITLE_NAMES = ("title_id", "title")
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
        shot = _find_shot_column(where, table, title, shot_column)
        self._rows = _Rows(where, table, title, shot)
        columns = self._without_derived(table.drop(columns=title), shot if shot != title else None)
        constant = [c for c in columns if c not in ALWAYS_OF_SHOTS and self._rows.is_constant(columns[c])]
        self._shots = columns.drop(columns=constant)
        self.entries = self._entries(columns[constant], makes_ids=title != "title_id")

    def read(self, entry: Entry) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
        rows = self._rows.of_title(entry.key)
        blocks = {name: _take(vectors, rows) for name, vectors in self._vectors.items()}
        return blocks, self._shots.iloc[rows].reset_index(drop=True)

    def _without_derived(self, columns: pd.DataFrame, shot: str | None) -> pd.DataFrame:
        """The columns that the catalog does not make itself; a shot number with gaps is kept as a label."""
        derived = [c for c in columns if c in DERIVED or str(c).startswith("__index_level_")]
        self.dropped += [f"column {c!r}, which the catalog numbers or derives itself" for c in derived]
        columns = columns.drop(columns=derived)
        if shot is not None and self._rows.shots_are_counted:
            self.dropped.append(f"column {shot!r}, which only counts the shots")
            return columns.drop(columns=shot)
        return columns.rename(columns={"shot": "source_shot"})

    def _entries(self, constant: pd.DataFrame, *, makes_ids: bool) -> list[Entry]:
        """A title each, with the columns that are constant within every title as its labels."""
        names = self._rows.names
        ids = slugs(names) if makes_ids else names
        entries = []
        for key, labels in enumerate(constant.iloc[self._rows.firsts].to_dict("records")):
            check_title_id(ids[key], f"{self.where}: ")
            split = split_of(labels.pop("split", None), f"{self.where}, title {names[key]!r}")
            name = names[key] if makes_ids else _text(labels.pop("name", None)) or _text(labels.pop("title", None))
            entries.append(Entry(title_id=ids[key], name=name, split=split, labels=labels, key=key))
        return entries


class _Rows:
    """Which rows of the table make which title, and in what order."""

    def __init__(self, where: str, table: pd.DataFrame, title: str, shot: str | None):
        for row in np.flatnonzero(table[title].isna()):
            raise InputError(f"{where}, row {row}: {title} is empty")
        codes, names = pd.factorize(table[title])
        self.names = [str(n) for n in names]
        if not self.names:
            raise InputError(f"{where} has no rows")
        numbers = np.arange(len(table)) if shot is None else _shot_numbers(where, table[shot])
        self._order = np.lexsort((numbers, codes))
        self._codes, numbers = codes[self._order], numbers[self._order]
        self._bounds = np.searchsorted(self._codes, np.arange(len(self.names) + 1))
        for i in np.flatnonzero((np.diff(numbers) == 0) & (np.diff(self._codes) == 0)):
            name, row = self.names[self._codes[i]], self._order[i + 1]
            raise InputError(f"{where}, row {row}: title {name!r}, {shot} {numbers[i]} is there twice")
        counted = np.arange(len(table)) - np.repeat(self._bounds[:-1], np.diff(self._bounds))
        self.shots_are_counted = bool((numbers == counted).all())
        if "split" in table and not self.is_constant(table["split"]):
            name = self.names[self._codes[np.flatnonzero(self._changes(table["split"]))[0]]]
            raise InputError(f"{where}: title {name!r} is in several splits; splits are by title")

    @property
    def firsts(self) -> np.ndarray:
        """(titles,) the row of each title's first shot."""
        return self._order[self._bounds[:-1]]

    def of_title(self, number: int) -> np.ndarray:
        """(N,) the rows of a title, in the order of its shots."""
        return self._order[self._bounds[number] : self._bounds[number + 1]]

    def is_constant(self, column: pd.Series) -> bool:
        return not self._changes(column).any()

    def _changes(self, column: pd.Series) -> np.ndarray:
        """(R − 1,) True where a row of the ordered table differs from the row before it, within a title."""
        values = pd.factorize(column)[0][self._order]
        return (np.diff(values) != 0) & (np.diff(self._codes) == 0)


def _find_shot_column(where: str, table: pd.DataFrame, title: str, given: str | None) -> str | None:
    """The column named; else `shot`; else `scene` where it numbers the rows, and not the scenes that they belong to."""
    if given is not None:
        return _find_column(where, table, given, (), "--shot-column")
    if "shot" in table:
        return "shot"
    return "scene" if "scene" in table and _numbers_each_row(table, title, "scene") else None


def _numbers_each_row(table: pd.DataFrame, title: str, column: str) -> bool:
    numbers = pd.to_numeric(table[column], errors="coerce")
    return not numbers.isna().any() and not pd.DataFrame({"of": table[title], "number": numbers}).duplicated().any()


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
        raise InputError(f"{where}, row {row}: {column.name} is {str(column.iloc[row])!r}, expected a number")
    return numbers.to_numpy()


def _take(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Some rows, copied; one slice where they follow each other, which is what a disk likes."""
    if len(rows) == rows[-1] - rows[0] + 1 and (np.diff(rows) == 1).all():
        return np.array(vectors[rows[0] : rows[-1] + 1])
    return vectors[rows]


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)
