"""Parquet: a table beside an `.npy`, or a table that holds the vectors themselves in list columns."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from msm.data.reader import checked_frame, open_parquet, read_bounded
from msm.errors import InputError
from msm.importers.source import parse_columns
from msm.importers.table import TableSource
from msm.io.arrays import map_npy

BATCH_ROWS = 4096


def open_npy_with_table(
    path: Path, modalities: Mapping[str, str], *, table: Path | None, title_column: str | None, shot_column: str | None
) -> TableSource:
    """X.npy (rows, width) and a Parquet table with a row per vector, in the same order."""
    npy = only_file(path, "npy", "name the file itself") if path.is_dir() else path
    table = table or only_file(npy.parent, "parquet", "name it with --table")
    vectors = map_npy(npy)
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiu" or 0 in vectors.shape:
        raise InputError(f"{npy}: shape is {vectors.shape} of {vectors.dtype}, expected (rows, width) of numbers")
    frame = _read_plain_columns(table, open_parquet(table), [])[0]
    if len(frame) != len(vectors):
        raise InputError(
            f"{table} has {len(frame)} rows, but {npy.name} has {len(vectors)}: a row per vector is needed"
        )
    blocks = _cut(str(npy), {npy.stem: vectors}, modalities or {npy.stem: npy.stem})
    return TableSource(str(table), blocks, frame, title_column=title_column, shot_column=shot_column)


def open_vector_table(
    path: Path, modalities: Mapping[str, str], *, spool: Path, title_column: str | None, shot_column: str | None
) -> TableSource:
    """A table with vectors in list columns. They are copied, batch by batch, to a nameless file in `spool`.

    So a table larger than memory can be read, its rows may stand in any order, and nothing is left
    behind however the import ends.
    """
    file = open_parquet(path)
    vector_columns = [f.name for f in file.schema_arrow if _is_vector(f.type)]
    asked = [parse_columns(array)[0] for array in modalities.values()]
    for name in asked:
        if name not in vector_columns:
            raise InputError(f"{path}: column {name!r} is missing or holds no lists of numbers")
    chosen = list(dict.fromkeys(asked)) or (["embedding"] if "embedding" in vector_columns else vector_columns)
    if not chosen:
        raise InputError(f"{path}: column 'embedding', a list of numbers a row, is missing")
    frame, dropped = _read_plain_columns(path, file, chosen)
    vectors = {name: _spool(path, file, name, spool) for name in chosen}
    blocks = _cut(str(path), vectors, modalities or {name: name for name in chosen})
    source = TableSource(str(path), blocks, frame, title_column=title_column, shot_column=shot_column)
    source.dropped += [f"column {name!r}, which is no plain value" for name in dropped]
    return source


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """What goes wrong while the pages of a table are read is the table's fault."""
    try:
        yield
    except pa.ArrowException as error:
        raise InputError(f"{path} is damaged: {str(error).splitlines()[0]}") from None
    except OSError as error:
        if error.errno is not None:
            raise  # the disk's fault
        raise InputError(f"{path} is damaged: {str(error).splitlines()[0]}") from None


def only_file(folder: Path, suffix: str, hint: str) -> Path:
    """The one file with a suffix in a folder; InputError with a hint where there are none or several."""
    found = sorted(folder.glob(f"*.{suffix}"))
    if len(found) != 1:
        names = ", ".join(f.name for f in found) or "none"
        raise InputError(f"{folder} should hold one .{suffix} file, but holds {names}; {hint}")
    return found[0]


def _read_plain_columns(path: Path, file: pq.ParquetFile, leave_out: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """All columns of plain values as a frame, and the names of the others but those in `leave_out`."""
    names = [f.name for f in file.schema_arrow]
    plain = [f.name for f in file.schema_arrow if not pa.types.is_nested(f.type) and not pa.types.is_binary(f.type)]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{path}: column {name!r} is there twice")
    with _reading(path):
        frame = checked_frame(read_bounded(path, file, plain))
    return frame, [n for n in names if n not in plain and n not in leave_out]


def _is_vector(kind: pa.DataType) -> bool:
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return is_list and (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))


def _spool(path: Path, file: pq.ParquetFile, column: str, folder: Path) -> np.ndarray:
    """(R, width) of a list column, mapped from a nameless file; a null list is a missing modality: zeros."""
    value_type = np.dtype(file.schema_arrow.field(column).type.value_type.to_pandas_dtype())
    dtype = value_type if value_type.kind == "f" else np.dtype(np.float32)
    width, rows = None, 0
    with _reading(path), tempfile.TemporaryFile(dir=folder) as spool:
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


def _cut(where: str, vectors: Mapping[str, np.ndarray], modalities: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Modality → its columns of the vectors it is made of."""
    blocks = {}
    for name, array in modalities.items():
        source, columns = parse_columns(array)
        if source not in vectors:
            raise InputError(f"{where}: there is no {source!r} to take {name!r} from; there is {', '.join(vectors)}")
        blocks[name] = vectors[source][:, columns]
        if columns.stop is not None and (
            blocks[name].shape[1] != columns.stop - columns.start or columns.stop <= columns.start
        ):
            raise InputError(f"{where}: {name!r} is {array}, but {source!r} is {vectors[source].shape[1]} wide")
    return blocks
