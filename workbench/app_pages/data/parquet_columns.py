"""The columns of a Parquet table that is to be imported, read from its schema alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.app_pages.data.uploads import source_files

FORMAT_OF_SHOTS = ("start_s", "end_s", "text", "split", "name")
FORMAT_OWN = (*FORMAT_OF_SHOTS, "synopsis", "tags")  # no labels of shots


@dataclass(frozen=True)
class TableColumns:
    """Columns of vectors with what is shown of them, and the names of all others."""

    vectors: dict[str, str]
    others: list[str]

    def place(self, *names: str) -> int | None:
        """Where the first of these names stands among the others; None where none does."""
        return next((self.others.index(name) for name in names if name in self.others), None)

    def of_titles(self, *taken: str | None) -> list[str]:
        """What may describe a title, for [GLOBAL], where these are taken; the import says which are no labels of titles."""
        return [name for name in self.others if name not in taken and name not in FORMAT_OF_SHOTS]

    def rest(self, *taken: str | None) -> list[str]:
        """What becomes a label where these are taken."""
        return [name for name in self.others if name not in taken and name not in FORMAT_OWN]


def of_source(chosen_files: Sequence[Any], path: str) -> TableColumns | None:
    """The columns of uploaded tables, or of those on this machine's disk: a file, a folder or a glob; None for anything else.

    Of several tables, which the import takes as one, the first tells.
    """
    try:
        if chosen_files:
            if not all(one.name.lower().endswith(".parquet") for one in chosen_files):
                return None
            return of_schema(pq.read_schema(pa.BufferReader(chosen_files[0].getbuffer())))
        file = next((p for p in source_files(path) if p.suffix.lower() == ".parquet"), None) if path.strip() else None
        return None if file is None or not file.is_file() else of_schema(pq.read_schema(file))
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
