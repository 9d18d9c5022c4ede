"""Writing shots.parquet in bounded memory: rows wait on disk until the columns of all titles are known."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from msm.errors import InputError
from msm.io.table_parts import TableParts

ROW_GROUP = 16_384  # shots.parquet is read by row group, so one title never loads the whole table


class ShotTableWriter:
    """Collects the titles' rows and writes them as one table.

    Titles may have different labels, and a label may hold whole numbers in one title and fractions in the next: the
    table has every column of any title, in the widest type. Until the last title that type is unknown, so rows are
    kept in a temporary Arrow file; memory does not grow with their number.
    """

    def __init__(self, path: Path):
        self._path = path
        self._waiting: list[pd.DataFrame] = []
        self._rows = 0
        self._parts: TableParts | None = None
        self._file: Any = None

    def add(self, shots: pd.DataFrame) -> None:
        """Append the rows of one title."""
        self._waiting.append(shots)
        self._rows += len(shots)
        while self._rows >= 2 * ROW_GROUP:
            self._store(ROW_GROUP)

    def finish(self) -> None:
        """Write the table; InputError for a label that mixes types."""
        if self._parts is None:
            table = to_arrow(self._take(self._rows), self._path)
            pq.write_table(table, self._path, row_group_size=ROW_GROUP)
            return
        while self._rows:
            self._store(min(self._rows, ROW_GROUP))
        with pq.ParquetWriter(self._path, self._parts.schema) as writer:
            for part in self._parts:
                writer.write_table(part, row_group_size=ROW_GROUP)
        self._file.close()

    def _take(self, count: int) -> pd.DataFrame:
        """The first `count` waiting rows, which then wait no longer."""
        taken: list[pd.DataFrame] = []
        self._rows -= count
        while count:
            first = self._waiting.pop(0)
            if len(first) > count:
                self._waiting.insert(0, first.iloc[count:])
                first = first.iloc[:count]
            taken.append(first)
            count -= len(first)
        return pd.concat(taken, ignore_index=True)

    def _store(self, count: int) -> None:
        if self._parts is None:
            self._file = tempfile.TemporaryFile(dir=self._path.parent)  # noqa: SIM115 — closed by finish()
            self._parts = TableParts(self._file)
        try:
            self._parts.append(to_arrow(self._take(count), self._path))
        except pa.ArrowException as error:
            raise _unwritable(self._path, error) from None


def to_arrow(table: pd.DataFrame, path: Path) -> pa.Table:
    """A table ready for the file `path`; InputError for a column that mixes types."""
    try:
        return pa.Table.from_pandas(table, preserve_index=False)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: Exception) -> InputError:
    return InputError(f"a label cannot be written to {path.name}: {' '.join(str(error).split())}")
