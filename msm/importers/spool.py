"""Temporary copies of a table's columns on disk, from which rows can be picked in any order."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa


class SpooledRows:
    """Vectors in one nameless file a column, plain values in an Arrow file; use it as a context manager.

    folder  on a disk with room for the vectors; nothing is left there however the import ends
    kinds   column of vectors → (width, type of a value)
    schema  of the plain columns
    """

    def __init__(self, folder: Path, kinds: Mapping[str, tuple[int, np.dtype]], schema: pa.Schema):
        self._kinds, self._schema = kinds, schema
        self._files: dict[str, Any] = {name: tempfile.TemporaryFile(dir=folder) for name in kinds}  # noqa: SIM115 — closed by __exit__
        self._plain: Any = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 — closed by __exit__
        self._starts = [0]
        self._writer = pa.ipc.new_file(pa.PythonFile(self._plain, "w"), schema)
        self._maps: dict[str, np.ndarray] = {}
        self._reader: Any = None

    def __enter__(self) -> SpooledRows:
        return self

    def __exit__(self, *_: object) -> None:
        self._maps.clear()
        for file in (*self._files.values(), self._plain):
            file.close()

    def append(self, vectors: Mapping[str, np.ndarray], plain: pa.RecordBatch) -> None:
        """Copy some rows behind those that are there."""
        for name, block in vectors.items():
            self._files[name].write(np.ascontiguousarray(block).tobytes())
        if len(self._schema):
            self._writer.write_batch(plain)
        self._starts.append(self._starts[-1] + plain.num_rows)

    def vectors(self, name: str, rows: np.ndarray) -> np.ndarray:
        """(n, width) of some rows, in their order."""
        if name not in self._maps:
            width, dtype = self._kinds[name]
            self._files[name].flush()
            self._maps[name] = np.memmap(self._files[name], dtype=dtype, mode="r", shape=(self._starts[-1], width))
        return np.asarray(self._maps[name][rows])

    def table(self, rows: np.ndarray) -> pa.Table:
        """The plain columns of some rows, in their order; there must be such columns."""
        if self._reader is None:
            self._writer.close()
            self._plain.flush()
            self._plain.seek(0)
            self._reader = pa.ipc.open_file(pa.PythonFile(self._plain, "r"))
        order = np.argsort(rows, kind="stable")
        batches = np.searchsorted(self._starts, rows[order], side="right") - 1
        parts = []
        for number in np.unique(batches):
            inside = rows[order][batches == number] - self._starts[number]
            parts.append(self._reader.get_batch(int(number)).take(pa.array(inside)))
        back = np.empty(len(rows), np.int64)
        back[order] = np.arange(len(rows))
        return pa.Table.from_batches(parts).combine_chunks().take(pa.array(back))
