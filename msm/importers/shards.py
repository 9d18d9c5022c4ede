"""The files of one logical table, each read batch by batch.

A shard has a name for messages (`where`), an Arrow schema, and gives its rows as Arrow record batches. Vectors are
columns of lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from msm.data.reader import LARGEST_TABLE, MOST_TIMES_ITS_FILE
from msm.errors import FULL, InputError
from msm.importers.locations import Location, first_line, unreachable
from msm.io.table_parts import TableParts

BATCH_BYTES = 8 << 20
MOST_ROWS = 1 << 16


class Shard(Protocol):
    """One file of a table."""

    @property
    def where(self) -> str: ...

    @property
    def schema(self) -> pa.Schema: ...

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        """The rows in order, of these columns, at most about `rows` at once."""
        ...


class ParquetShard:
    """A Parquet file."""

    def __init__(self, location: Location):
        self.location, self.where = location, str(location)

    @cached_property
    def schema(self) -> pa.Schema:
        with self._opened() as (file, _):
            return file.schema_arrow

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        with self._opened() as (file, read):
            most = LARGEST_TABLE + MOST_TIMES_ITS_FILE * self._num_bytes
            size = 0
            for batch in file.iter_batches(min(rows, self._safe_rows(file, columns)), columns=list(columns)):
                size += sum(column.nbytes for column in batch.columns if not pa.types.is_nested(column.type))
                if size > most:
                    raise InputError(
                        f"{self.where}: its rows take more than {most >> 20} MB, and the file has {self._num_bytes >> 10} kB"
                    )
                yield batch
                read.rows += batch.num_rows

    @cached_property
    def _num_bytes(self) -> int:
        return int(self.location.fs.size(self.location.path) or 0)

    @staticmethod
    def _safe_rows(file: pq.ParquetFile, columns: Sequence[str]) -> int:
        """So few rows that even the longest text that the file can hold, repeated in each, fits LARGEST_TABLE."""
        schema, groups = file.metadata.schema, [file.metadata.row_group(g) for g in range(file.metadata.num_row_groups)]
        texts = [
            c
            for c in range(len(schema))
            if schema.column(c).physical_type == "BYTE_ARRAY" and schema.column(c).path.split(".")[0] in columns
        ]
        longest = max((g.column(c).total_uncompressed_size for g in groups for c in texts), default=1)
        return max(16, LARGEST_TABLE // max(1, longest))

    @contextmanager
    def _opened(self) -> Iterator[tuple[pq.ParquetFile, Progress]]:
        with reading_shard(self.where, "Parquet") as read:
            opened: Any = self.location.path if self.location.is_local else self.location.open()
            # pre-buffering would hold a whole row group, which may be gigabytes of vectors
            file = pq.ParquetFile(opened, pre_buffer=False, buffer_size=1 << 20, memory_map=False)
            try:
                yield file, read
            finally:
                file.close(force=True)


class ArrowShard:
    """An Arrow IPC file, in the stream format that Hugging Face datasets write, or in the file format."""

    def __init__(self, location: Location):
        self.location, self.where = location, str(location)

    @cached_property
    def schema(self) -> pa.Schema:
        with self._opened() as (schema, _, _):
            return schema

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        with self._opened() as (_, batches, read):
            for batch in batches:
                chosen = batch.select(list(columns))
                for first in range(0, chosen.num_rows, rows):
                    yield chosen.slice(first, rows)
                read.rows += batch.num_rows

    @contextmanager
    def _opened(self) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch], Progress]]:
        with reading_shard(self.where, "Arrow") as read:
            path = self.location.path
            with pa.memory_map(path) if self.location.is_local else self.location.open() as file:
                is_file_format = file.read(6) == b"ARROW1"
                file.seek(0)
                if is_file_format:
                    whole = pa.ipc.open_file(file)
                    yield whole.schema, (whole.get_batch(i) for i in range(whole.num_record_batches)), read
                else:
                    stream = pa.ipc.open_stream(file)
                    yield stream.schema, iter(stream), read


class PartsShard:
    """A table that was written to a temporary file while its source was read."""

    def __init__(self, where: str, parts: TableParts):
        self.where, self._parts, self.schema = where, parts, parts.schema

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        for part in self._parts:
            yield from part.select(list(columns)).to_batches(max_chunksize=rows)


class ArrayShard:
    """A shard beside whose rows lies an (R, width) array; it becomes a column of vectors."""

    def __init__(self, shard: Shard, column: str, array: np.ndarray):
        self._shard, self._column, self._array = shard, column, array
        self.where = shard.where

    @cached_property
    def schema(self) -> pa.Schema:
        kind = pa.list_(pa.from_numpy_dtype(self._array.dtype), self._array.shape[1])
        return self._shard.schema.append(pa.field(self._column, kind))

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        others = [c for c in columns if c != self._column]
        first = 0
        for batch in self._shard.batches(others or self._shard.schema.names[:1], rows):
            block = np.ascontiguousarray(self._array[first : first + batch.num_rows])
            lists = pa.FixedSizeListArray.from_arrays(pa.array(block.reshape(-1)), self._array.shape[1])
            first += batch.num_rows
            whole = {**{c: batch.column(c) for c in others}, self._column: lists}
            yield pa.record_batch([whole[c] for c in columns], names=list(columns))


class ConstantShard:
    """A shard with further columns of one text each, such as the values that stand in its path."""

    def __init__(self, shard: Shard, values: Mapping[str, str]):
        self._shard, self._values, self.where = shard, values, shard.where

    @cached_property
    def schema(self) -> pa.Schema:
        own = self._shard.schema
        return pa.schema([*own, *(pa.field(name, pa.string()) for name in self._values)], metadata=own.metadata)

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        own = [c for c in columns if c not in self._values]
        for batch in self._shard.batches(own or self._shard.schema.names[:1], rows):
            held = {c: batch.column(c) for c in own}
            held |= {n: pa.repeat(pa.scalar(v, pa.string()), batch.num_rows) for n, v in self._values.items()}
            yield pa.record_batch([held[c] for c in columns], names=list(columns))


def rows_at_once(schema: pa.Schema, widths: Sequence[int] = ()) -> int:
    """How many rows of vectors this wide make a batch of some megabytes."""
    row = 64 + 4 * sum(widths) + 32 * len(schema)
    return max(64, min(MOST_ROWS, BATCH_BYTES // row))


@dataclass
class Progress:
    """How many rows of a shard were read."""

    rows: int = 0


@contextmanager
def reading_shard(where: str, what: str) -> Iterator[Progress]:
    """Turn whatever a decoder or a file system raises into an InputError that names the shard, and the rows that were read."""
    read = Progress()
    try:
        yield read
    except InputError:
        raise
    except Exception as error:  # decoders and file systems raise what they like
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        until = f" after row {read.rows - 1}" if read.rows else ""
        if "://" in where and (why := unreachable(error)):
            raise InputError(f"{where} cannot be read{until}: {why}") from None
        damage = f"is damaged{until}" if read.rows else f"is damaged or no {what}"
        raise InputError(f"{where} {damage}: {first_line(error)[:200]}") from None
