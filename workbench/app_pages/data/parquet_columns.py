"""The columns of a Parquet table that is to be imported, read from its schema alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

FORMAT_OWN = ("start_s", "end_s", "text", "split", "name", "synopsis", "tags")  # no labels


@dataclass(frozen=True)
class TableColumns:
    """Columns of vectors with what is shown of them, and the names of all others."""

    vectors: dict[str, str]
    others: list[str]

    def place(self, *names: str) -> int | None:
        """Where the first of these names stands among the others; None where none does."""
        return next((self.others.index(name) for name in names if name in self.others), None)

    def rest(self, *taken: str | None) -> list[str]:
        """What becomes a label where these are taken."""
        return [name for name in self.others if name not in taken and name not in FORMAT_OWN]


def of_source(chosen_files: Sequence[Any], path: str) -> TableColumns | None:
    """The columns of an uploaded table, or of one on this machine's disk or the first in a folder; None for anything else."""
    try:
        if len(chosen_files) == 1 and chosen_files[0].name.lower().endswith(".parquet"):
            return of_schema(pq.read_schema(pa.BufferReader(chosen_files[0].getbuffer())))
        if chosen_files or not path.strip():
            return None
        place = Path(path.strip().strip("\"'")).expanduser()
        file = next(iter(sorted(place.glob("*.parquet"))), None) if place.is_dir() else place
        if file is None or file.suffix.lower() != ".parquet" or not file.is_file():
            return None
        return of_schema(pq.read_schema(file))
    except (pa.ArrowException, OSError, ValueError):  # the import says what is wrong with it
        return None


def of_schema(schema: pa.Schema) -> TableColumns:
    vectors = {field.name: _shown(field) for field in schema if _is_vector(field.type)}
    return TableColumns(vectors, [name for name in schema.names if name not in vectors])


def _is_vector(kind: pa.DataType) -> bool:
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return lists and (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))


def _shown(field: pa.Field) -> str:
    width = f", {field.type.list_size} wide" if pa.types.is_fixed_size_list(field.type) else ""
    return f"{field.name} ({field.type.value_type}{width})"
