"""A table that grows on disk part by part, while its columns and their types are still being found out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa


class TableParts:
    """Parts of one table in an opened file; `schema` has every column of any part, in the widest type.

    file  opened for reading and writing; who made it closes it

    `append` raises pa.ArrowException for a part whose columns cannot be joined with the former ones, text with numbers.
    """

    def __init__(self, file: Any):
        self._file, self.num_parts = file, 0
        self.schema = pa.schema([])

    def append(self, part: pa.Table | pa.RecordBatch) -> None:
        """Add rows at the end."""
        table = part if isinstance(part, pa.Table) else pa.Table.from_batches([part])
        table = table.replace_schema_metadata()
        self.schema = pa.unify_schemas([self.schema, table.schema], promote_options="permissive")
        self._file.seek(0, 2)
        with pa.ipc.new_stream(pa.PythonFile(self._file, "w"), table.schema) as writer:
            writer.write_table(table)
        self.num_parts += 1

    def __iter__(self) -> Iterator[pa.Table]:
        """The parts in order, each with the columns and types of the whole table."""
        self._file.flush()
        self._file.seek(0)
        for _ in range(self.num_parts):
            with pa.ipc.open_stream(pa.PythonFile(self._file, "r")) as reader:
                part = reader.read_all()
            at = self._file.tell()
            columns = [
                part[f.name].cast(f.type) if f.name in part.column_names else pa.nulls(part.num_rows, f.type)
                for f in self.schema
            ]
            yield pa.table(columns, schema=self.schema)
            self._file.seek(at)
