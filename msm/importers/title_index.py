"""Which rows of a sharded table make which title, in what order, and which columns are labels of titles.

One pass over the columns of plain values. What is kept is a number or two a row and the labels of the titles.
Shape letters: R rows of all shards, N shots of a title.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from msm.errors import InputError
from msm.importers.columns import Columns
from msm.importers.shards import Shard, rows_at_once


@dataclass
class Rows:
    """How many rows each shard has, and the place of a row as messages name it."""

    names: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)

    def place(self, row: int) -> str:
        """`shard, row 17` for a row of the whole table."""
        shard = self.shard(row)
        return f"{self.names[shard]}, row {row - self.starts[shard]}"

    def shard(self, row: int) -> int:
        """The number of the shard in which a row of the whole table stands."""
        return int(np.searchsorted(self.starts, row, side="right")) - 1


class TitleIndex:
    """The titles of a table, in the order in which they first appear.

    names       of titles, as the table has them
    is_grouped  True where the rows of each title stand together: then a title is read in one stretch
    constant    columns that have one value within every title, with that value for each title
    shot        the column that orders the shots, None where the order of the rows does
    """

    def __init__(
        self,
        shards: Sequence[Shard],
        columns: Columns,
        *,
        title: str,
        shot: str | None,
        labels: Sequence[str],
        if_unique: bool = False,
    ):
        """`if_unique`: the shot column orders the shots only where it has another number in each row of a title."""
        self.where, self._title, self.shot, self._if_unique = _source_of(shards), title, shot, if_unique
        self.rows = Rows()
        self._codes_of: dict[Any, int] = {}
        self.constant: dict[str, list[Any]] = {name: [] for name in labels}
        codes, numbers = self._read(shards, columns)
        self.names = [str(name) for name in self._codes_of]
        if not self.names:
            raise InputError(f"{self.where} has no rows")
        self.num_rows = len(codes)
        self.is_grouped = bool((np.diff(codes) >= 0).all())
        self._sort(codes, numbers)

    def of_title(self, number: int) -> np.ndarray:
        """(N,) the rows of a title, in the order of its shots."""
        start, stop = self._bounds[number], self._bounds[number + 1]
        return np.arange(start, stop) if self._order is None else self._order[start:stop]

    def first_row(self, number: int) -> int:
        """Where a title begins in a table whose rows of a title stand together."""
        return int(self._bounds[number])

    def count(self, number: int) -> int:
        """N of a title."""
        return int(self._bounds[number + 1] - self._bounds[number])

    def _read(self, shards: Sequence[Shard], columns: Columns) -> tuple[np.ndarray, np.ndarray | None]:
        """(R,) number of each row's title, and (R,) number of its shot."""
        codes, numbers, row = [np.zeros(0, np.int32)], [], 0
        for shard in shards:
            self.rows.names.append(shard.where)
            self.rows.starts.append(row)
            wanted = [*dict.fromkeys([self._title, *([self.shot] if self.shot else []), *self.constant])]
            for batch in shard.batches(wanted, rows_at_once(shard.schema)):
                values = columns.plain_values(batch)
                codes.append(self._titles_of(values.column(self._title), row))
                if self.shot:
                    numbers.append(self._numbers_of(values.column(self.shot), row))
                self._observe(values, codes[-1])
                row += batch.num_rows
        return np.concatenate(codes), np.concatenate(numbers) if numbers else None

    def _titles_of(self, column: pa.Array, first_row: int) -> np.ndarray:
        """(rows,) int32 numbers of titles; new names get the next ones."""
        for i in np.flatnonzero(np.asarray(column.is_null())):
            raise InputError(f"{self.rows.place(first_row + int(i))}: {self._title} is empty")
        local, names = pd.factorize(column.to_pandas())
        for i in np.flatnonzero(local < 0):
            raise InputError(f"{self.rows.place(first_row + int(i))}: {self._title} is empty")
        known = [self._codes_of.setdefault(name, len(self._codes_of)) for name in names.tolist()]
        return np.array(known, np.int32)[local] if known else np.zeros(0, np.int32)

    def _numbers_of(self, column: pa.Array, first_row: int) -> np.ndarray:
        """(rows,) numbers of shots; NaN for what is no number, where the column need not order the shots."""
        values = column.to_pandas()
        numbers = pd.to_numeric(values, errors="coerce")
        for i in () if self._if_unique else np.flatnonzero(numbers.isna()):
            place = self.rows.place(first_row + int(i))
            raise InputError(f"{place}: {self.shot} is {str(values.iloc[i])!r}, expected a number")
        return numbers.to_numpy()

    def _observe(self, values: pa.RecordBatch, codes: np.ndarray) -> None:
        """Learn the labels of new titles, and forget columns that have two values in one."""
        titles, firsts, inverse = np.unique(codes, return_index=True, return_inverse=True)
        for name in list(self.constant):
            kinds = pd.factorize(values.column(name).to_pandas())[0]
            known = self.constant[name]
            if (kinds != kinds[firsts][inverse]).any():
                del self.constant[name]
                continue
            here = values.column(name).take(pa.array(firsts)).to_pylist()
            for title, value in zip(titles, here, strict=True):
                if title == len(known):  # titles are numbered as they appear, so new ones come in order
                    known.append(value)
                elif not _same(known[title], value):
                    del self.constant[name]
                    break

    def _sort(self, codes: np.ndarray, numbers: np.ndarray | None) -> None:
        """Set the order of rows, None where it is the table's own, and the bounds of titles in it."""
        if numbers is not None and self._if_unique and not _numbers_each(codes, numbers):
            numbers = self.shot = None
        self._order: np.ndarray | None = None
        if not self.is_grouped or (numbers is not None and not _grows(codes, numbers)):
            self._order = np.lexsort((codes,) if numbers is None else (numbers, codes))
            codes = codes[self._order]
            numbers = None if numbers is None else numbers[self._order]
        self._bounds = np.searchsorted(codes, np.arange(len(self.names) + 1))
        self.shots_are_counted = False
        if numbers is not None:
            self._check_unique(codes, numbers)
            counted = np.arange(len(codes)) - np.repeat(self._bounds[:-1], np.diff(self._bounds))
            self.shots_are_counted = bool((numbers == counted).all())

    def _check_unique(self, codes: np.ndarray, numbers: np.ndarray) -> None:
        for i in np.flatnonzero((np.diff(numbers) == 0) & (np.diff(codes) == 0)):
            row = int(i + 1 if self._order is None else self._order[i + 1])
            name = self.names[codes[i]]
            raise InputError(f"{self.rows.place(row)}: title {name!r}, {self.shot} {numbers[i]} is there twice")


def _source_of(shards: Sequence[Shard]) -> str:
    return shards[0].where if len(shards) == 1 else f"{shards[0].where} and {len(shards) - 1} more"


def _numbers_each(codes: np.ndarray, numbers: np.ndarray) -> bool:
    """Has every row of a title a number of its own?"""
    if numbers.dtype.kind == "f" and np.isnan(numbers).any():
        return False
    order = np.lexsort((numbers, codes))
    return not ((np.diff(numbers[order]) == 0) & (np.diff(codes[order]) == 0)).any()


def _grows(codes: np.ndarray, numbers: np.ndarray) -> bool:
    """Do the shots of each title stand in their order?"""
    return bool(((np.diff(numbers) >= 0) | (np.diff(codes) != 0)).all())


def _same(one: Any, other: Any) -> bool:
    """Are two plain values equal? Two missing ones are, whether they are null or NaN."""
    return bool(one == other) or (_is_missing(one) and _is_missing(other))


def _is_missing(value: Any) -> bool:
    return value is None or value != value
