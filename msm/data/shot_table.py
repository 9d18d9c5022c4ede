"""Writing shots.parquet in bounded memory: rows wait on disk until the columns of all titles are known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from msm.errors import InputError

ROW_GROUP = 16_384  # shots.parquet is read by row group, so one title never loads the whole table
PARTS = ".shots-parts.arrow"


class ShotTableWriter:
    """Collects the titles' rows and writes them as one table.

    Titles may have different labels, and a label may hold whole numbers in one title and fractions in the next: the
    table has every column of any title, in the widest type. Until the last title that type is unknown, so rows are
    kept in a temporary Arrow file; memory does not grow with their number.
    """

    def __init__(self, path: Path):
        self._path, self._parts_path = path, path.parent / PARTS
        self._waiting: list[pd.DataFrame] = []
        self._rows = 0
        self._schema: pa.Schema | None = None
        self._parts: list[pa.Schema] = []
        self._file: pa.OSFile | None = None

    def add(self, shots: pd.DataFrame) -> None:
        """Append the rows of one title."""
        self._waiting.append(shots)
        self._rows += len(shots)
        while self._rows >= 2 * ROW_GROUP:
            self._store(ROW_GROUP)

    def finish(self) -> None:
        """Write the table; InputError for a label that mixes types."""
        if self._file is None:
            pq.write_table(self._to_arrow(self._take(self._rows)), self._path, row_group_size=ROW_GROUP)
            return
        while self._rows:
            self._store(min(self._rows, ROW_GROUP))
        self._file.close()
        with pq.ParquetWriter(self._path, self._schema) as writer:
            for table in self._stored():
                writer.write_table(table, row_group_size=ROW_GROUP)
        self._parts_path.unlink()

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
        part = self._to_arrow(self._take(count)).replace_schema_metadata()
        self._schema = part.schema if self._schema is None else self._unified(self._schema, part.schema)
        if self._file is None:
            self._file = pa.OSFile(str(self._parts_path), "wb")
        with pa.ipc.new_stream(self._file, part.schema) as writer:  # streams of different schemas, one after another
            writer.write_table(part)
        self._parts.append(part.schema)

    def _stored(self) -> Iterator[pa.Table]:
        """The stored parts with the columns and types of the whole table."""
        assert self._schema is not None
        with pa.OSFile(str(self._parts_path), "rb") as file:
            for _ in self._parts:
                with pa.ipc.open_stream(file) as reader:
                    part = reader.read_all()
                rows = part.num_rows
                columns = [
                    part[f.name].cast(f.type) if f.name in part.column_names else pa.nulls(rows, f.type)
                    for f in self._schema
                ]
                yield pa.table(columns, schema=self._schema)

    def _to_arrow(self, shots: pd.DataFrame) -> pa.Table:
        return to_arrow(shots, self._path)

    def _unified(self, one: pa.Schema, other: pa.Schema) -> pa.Schema:
        try:
            return pa.unify_schemas([one, other], promote_options="permissive")
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
