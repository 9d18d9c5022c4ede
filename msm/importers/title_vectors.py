"""Metadata embeddings that were made elsewhere: a vector per title, for [GLOBAL].

`.npz` holds an array (G,) per title, named as the title; `.parquet` a column of titles (`title_id`, else `title`) and one
column of lists. Shape letters: T titles, G width of the metadata embedding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from msm.errors import InputError, reading
from msm.importers.source import Entry

TITLE_COLUMNS = ("title_id", "title")


def read_title_vectors(choice: str, entries: Sequence[Entry]) -> tuple[np.ndarray, dict[str, Any]]:
    """((T, G) float32 of unit length, what they mean) from `FILE` or `NAME=FILE`, in the order of the titles.

    Titles are found by their id, else by their name. Raises InputError with file and title for a title that the file
    lacks, for vectors of several widths, and for values that are not finite.
    """
    name, _, file = choice.rpartition("=")
    path = Path(file)
    with reading(path, "vectors of titles"):
        held = _read(path)
    found = [_vector_of(entry, held) for entry in entries]
    if missing := [entry.title_id for entry, vector in zip(entries, found, strict=True) if vector is None]:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise InputError(f"{path} has no vector for {', '.join(map(repr, missing[:3]))}{more}")
    vectors = _stacked(path, [e.title_id for e in entries], [v for v in found if v is not None])
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return unit, {name or path.stem: {"vectors": unit.shape[1]}}


def _vector_of(entry: Entry, held: Mapping[str, np.ndarray]) -> np.ndarray | None:
    return held.get(entry.title_id, held.get(entry.name))


def _stacked(path: Path, names: Sequence[str], vectors: Sequence[np.ndarray]) -> np.ndarray:
    """(T, G) float64"""
    first = vectors[0]
    for name, vector in zip(names, vectors, strict=True):
        if vector.ndim != 1 or vector.dtype.kind not in "fiu" or not len(vector):
            raise InputError(f"{path}, title {name!r}: {vector.dtype} of shape {vector.shape}, expected a vector")
        if len(vector) != len(first):
            raise InputError(f"{path}, title {name!r}: {len(vector)} numbers, but {names[0]!r} has {len(first)}")
        if not np.isfinite(vector).all():
            raise InputError(f"{path}, title {name!r}: holds NaN or infinite values")
    return np.stack([vector.astype(np.float64) for vector in vectors])


def _read(path: Path) -> Mapping[str, np.ndarray]:
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    if path.suffix == ".parquet":
        return _read_table(path)
    raise InputError(f"{path}: vectors of titles are .npz or .parquet")


def _read_table(path: Path) -> dict[str, np.ndarray]:
    schema = pq.read_schema(path)
    titles = next((name for name in TITLE_COLUMNS if name in schema.names), None)
    lists = [field.name for field in schema if _is_list(field.type)]
    if titles is None or len(lists) != 1:
        raise InputError(
            f"{path}: expected a column title_id and one column of lists; it has {', '.join(schema.names) or 'no columns'}"
        )
    table = pq.read_table(path, columns=[titles, lists[0]])
    names = [str(name) for name in table[titles].to_pylist()]
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise InputError(f"{path}: title {twice!r} has two rows; expected a row a title")
    values = table[lists[0]].to_pylist()
    if None in values:
        raise InputError(f"{path}, title {names[values.index(None)]!r}: has no vector")
    return {name: np.asarray(value, dtype=np.float64) for name, value in zip(names, values, strict=True)}


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
