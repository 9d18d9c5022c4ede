"""A Parquet table that holds the vectors themselves in list columns, a row a shot."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from msm.data.reader import open_parquet
from msm.errors import InputError
from msm.importers.format import FormatOptions
from msm.importers.source import parse_columns
from msm.importers.table import TableSource
from msm.importers.vector_columns import cut_modalities, only_file, read_plain_columns, reading_pages

NAME, SUFFIXES = "Parquet", (".parquet",)
BATCH_ROWS = 4096


def open_source(options: FormatOptions) -> TableSource:
    """A table with vectors in list columns. They are copied, batch by batch, to a nameless file in `options.spool`.

    So a table larger than memory can be read, its rows may stand in any order, and nothing is left
    behind however the import ends.
    """
    path, modalities = options.path, options.modalities
    if path.is_dir():
        path = only_file(path, "parquet", "name the file itself")
    file = open_parquet(path)
    vector_columns = [f.name for f in file.schema_arrow if _is_vector(f.type)]
    asked = [parse_columns(array)[0] for array in modalities.values()]
    for name in asked:
        if name not in vector_columns:
            raise InputError(f"{path}: column {name!r} is missing or holds no lists of numbers")
    chosen = list(dict.fromkeys(asked)) or (["embedding"] if "embedding" in vector_columns else vector_columns)
    if not chosen:
        raise InputError(f"{path}: column 'embedding', a list of numbers a row, is missing")
    frame, dropped = read_plain_columns(path, file, chosen)
    vectors = {name: _spool(path, file, name, options.spool) for name in chosen}
    blocks = cut_modalities(str(path), vectors, modalities or {name: name for name in chosen})
    source = TableSource(str(path), blocks, frame, title_column=options.title_column, shot_column=options.shot_column)
    source.dropped += [f"column {name!r}, which is no plain value" for name in dropped]
    return source


def _is_vector(kind: pa.DataType) -> bool:
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return is_list and (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))


def _spool(path: Path, file: pq.ParquetFile, column: str, folder: Path) -> np.ndarray:
    """(R, width) of a list column, mapped from a nameless file; a null list is a missing modality: zeros."""
    value_type = np.dtype(file.schema_arrow.field(column).type.value_type.to_pandas_dtype())
    dtype = value_type if value_type.kind == "f" else np.dtype(np.float32)
    width, rows = None, 0
    with reading_pages(path), tempfile.TemporaryFile(dir=folder) as spool:
        for batch in file.iter_batches(BATCH_ROWS, columns=[column]):
            lists = batch.column(0)
            width = _width(path, column, lists, rows, width)
            if width is not None:
                spool.write(_dense(lists, width, dtype).tobytes())
            elif len(lists):
                raise InputError(f"{path}, row {rows}: {column} is null in the first {len(lists)} rows")
            rows += len(lists)
        spool.flush()
        if width is None:
            raise InputError(f"{path} has no rows")
        return np.memmap(spool, dtype=dtype, mode="r", shape=(rows, width))


def _width(path: Path, column: str, lists: pa.Array, first_row: int, width: int | None) -> int | None:
    """The width that all lists share, with those of the batches before."""
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), -1))
    if width is None:
        width = int(lengths.max(initial=-1))
        width = None if width < 0 else int(lengths[lengths >= 0][0])
    for i in np.flatnonzero((lengths >= 0) & (lengths != width) | (lengths == 0)):
        raise InputError(
            f"{path}, row {first_row + i}: {column} is {lengths[i]} wide, but {width} in the rows before it"
        )
    return width


def _dense(lists: pa.Array, width: int, dtype: np.dtype) -> np.ndarray:
    values = np.asarray(lists.drop_null().flatten().to_numpy(zero_copy_only=False)).astype(dtype).reshape(-1, width)
    if lists.null_count == 0:
        return values
    dense = np.zeros((len(lists), width), dtype)
    dense[np.asarray(lists.is_valid())] = values
    return dense
