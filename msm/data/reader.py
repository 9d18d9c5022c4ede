"""Reading a catalog's files: what each must say before it is believed. No vector is read here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from msm.config.schema import check
from msm.data.schema import (
    FORMAT,
    SHOT_COLUMNS,
    SOURCE_COLUMNS,
    SPLITS,
    TITLE_COLUMNS,
    Header,
    Modality,
    check_modalities,
    check_title_id,
    tells_sources,
)
from msm.errors import InputError, reading
from msm.io import files
from msm.io.arrays import map_npy

LARGEST_TABLE = 1 << 29  # bytes in memory that a small file may become
MOST_TIMES_ITS_FILE = 64
BATCH_ROWS = 4096
TEXT_COLUMNS = ("title_id", "name", "split", "text")
WHOLE_COLUMNS = ("first_shot", "num_shots", "shot")
SOURCE_NUMBERS = ("source_size", "source_mtime")
TIME_COLUMNS = ("duration_s", "start_s", "end_s")


def read_header(path: Path) -> tuple[Header, tuple[Modality, ...]]:
    """catalog.json, checked, and its modalities."""
    content = files.read_json(path)
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        raise InputError(f"{path}: format is {found!r}, expected {FORMAT!r}")
    header = check(Header, content, path)
    modalities = tuple(Modality(m.name, m.start, m.dim, m.encoder) for m in header.modalities)
    check_modalities(str(path), modalities, header.shot_dim)
    return header, modalities


def read_titles(path: Path) -> pd.DataFrame:
    """titles.parquet: ids that are unique and can name files, known splits, counts that add up."""
    file = open_parquet(path)
    with reading(path, "Parquet"):
        check_columns(path, file.schema_arrow, TITLE_COLUMNS)
        _check_sources(path, file.schema_arrow)
        titles = checked_frame(read_bounded(path, file))
    if not len(titles):
        raise InputError(f"{path} has no titles")
    for column in (c for c in TITLE_COLUMNS if c != "duration_s"):
        for row in np.flatnonzero(titles[column].isna()):
            raise InputError(f"{path}, row {row}: {column} is empty")
    for number, title_id in enumerate(titles["title_id"]):
        check_title_id(str(title_id), f"{path}, row {number}: ")
    for row in np.flatnonzero(titles["title_id"].duplicated()):
        raise InputError(
            f"{path}, row {row}: title {titles['title_id'].iloc[row]!r} is there twice; ids must be unique"
        )
    for row in np.flatnonzero(~titles["split"].isin(SPLITS)):
        raise InputError(
            f"{path}, row {row}: split is {titles['split'].iloc[row]!r}, but must be one of {', '.join(SPLITS)}"
        )
    return titles


def check_counts(path: Path, titles: pd.DataFrame, num_shots: int) -> None:
    """The titles of a table must follow each other and cover just the shots that there are."""
    first, counts = titles["first_shot"].to_numpy(np.int64), titles["num_shots"].to_numpy(np.int64)
    for row in np.flatnonzero(counts < 1):
        raise InputError(f"{path}, row {row}: title {titles['title_id'].iloc[row]!r} has no shots")
    for row in np.flatnonzero(counts > num_shots):
        raise InputError(f"{path}, row {row}: num_shots is {counts[row]}, but the .npy shards hold {num_shots}")
    ends = np.cumsum([0, *counts])
    for row in np.flatnonzero(first != ends[:-1]):
        raise InputError(f"{path}, row {row}: first_shot is {first[row]}, but the titles before it end at {ends[row]}")
    if ends[-1] != num_shots:
        raise InputError(f"{path}: it counts {ends[-1]} shots, but the .npy shards hold {num_shots}")


def check_shot_table(path: Path, num_shots: int) -> None:
    """shots.parquet must have its columns and a row for each vector; its rows are not read."""
    file = open_parquet(path)
    with reading(path, "Parquet"):
        check_columns(path, file.schema_arrow, SHOT_COLUMNS)
    if file.metadata.num_rows != num_shots:
        raise InputError(f"{path}: it has {file.metadata.num_rows} rows, but the .npy shards hold {num_shots}")


def check_columns(path: Path, schema: pa.Schema, wanted: tuple[str, ...]) -> None:
    """Every wanted column is there, none is there twice, and the format's own have their kinds."""
    for name in wanted:
        if name not in schema.names:
            raise InputError(f"{path}: column {name!r} is missing")
    for name in schema.names:
        if schema.names.count(name) > 1:
            raise InputError(f"{path}: column {name!r} is there twice")
        kind = schema.field(name).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
        if pa.types.is_null(kind):
            continue  # a column of nothing but nulls has no kind; where nulls are wrong, its rows say so
        if name in TEXT_COLUMNS and not is_text:
            raise InputError(f"{path}: column {name!r} holds {kind}, expected text")
        if name in WHOLE_COLUMNS and not pa.types.is_integer(kind):
            raise InputError(f"{path}: column {name!r} holds {kind}, expected whole numbers")
        if name in TIME_COLUMNS and not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
            raise InputError(f"{path}: column {name!r} holds {kind}, expected seconds")


def _check_sources(path: Path, schema: pa.Schema) -> None:
    """Where titles say which files they were made from, these columns have their kinds."""
    for name in SOURCE_COLUMNS if tells_sources(schema.names) else ():
        kind = schema.field(name).type
        is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
        wanted = "a number" if name in SOURCE_NUMBERS else "text"
        if not pa.types.is_null(kind) and is_number != (name in SOURCE_NUMBERS):
            raise InputError(f"{path}: column {name!r} holds {kind}, expected {wanted}")


def open_parquet(path: Path) -> pq.ParquetFile:
    """An opened Parquet file; InputError if it is missing, truncated or something else."""
    with reading(path, "Parquet"):
        return pq.ParquetFile(path)


def read_bounded(
    path: Path, file: pq.ParquetFile, columns: Sequence[str] | None = None, groups: list[int] | None = None
) -> pa.Table:
    """All rows of a table, or of some of its row groups; InputError as soon as it is far larger than its file.

    One long text that every row repeats is kilobytes on disk and can be terabytes in memory.
    """
    batches = list(bounded_batches(path, file, columns, groups))
    return pa.concat_tables(batches) if batches else file.read_row_groups([], columns)


def bounded_batches(
    path: Path, file: pq.ParquetFile, columns: Sequence[str] | None = None, groups: list[int] | None = None
) -> Iterator[pa.Table]:
    """`read_bounded` batch by batch, for who looks at rows and keeps none."""
    most = LARGEST_TABLE + MOST_TIMES_ITS_FILE * path.stat().st_size
    groups = list(range(file.num_row_groups)) if groups is None else groups
    size = 0
    for batch in file.iter_batches(_rows_at_once(file), row_groups=groups, columns=columns):
        size += sum(_bytes(column) for column in batch.columns)
        if size > most:
            raise InputError(
                f"{path}: its rows take more than {most >> 20} MB, and the file has {path.stat().st_size >> 10} kB"
            )
        yield pa.Table.from_batches([batch])


def _rows_at_once(file: pq.ParquetFile) -> int:
    """So few that even rows of the longest text that the file can hold fit the bound."""
    groups = [file.metadata.row_group(g) for g in range(file.num_row_groups)]
    longest = max((g.column(c).total_uncompressed_size for g in groups for c in range(g.num_columns)), default=1)
    return max(16, min(BATCH_ROWS, LARGEST_TABLE // max(1, longest)))


def _bytes(column: pa.Array) -> int:
    """In memory; what several batches share, a dictionary, does not count."""
    return column.indices.nbytes if pa.types.is_dictionary(column.type) else column.nbytes


def checked_frame(table: pa.Table) -> pd.DataFrame:
    """A table for pandas; whatever is not text where text was promised is noticed here, and not at a later look."""
    table.validate(full=True)
    return table.to_pandas(ignore_metadata=True)


def digest_table(table: pd.DataFrame, digest: Any) -> None:
    """Feed the names and the values of a table to a digest, whichever version of a library wrote it."""
    for name in table.columns:
        digest.update(repr((name, pa.array(table[name], from_pandas=True).to_pylist())).encode("utf-8", "replace"))


def map_shard(path: Path, header: Header) -> np.ndarray:
    """(rows, D), mapped; InputError where it is not what catalog.json says."""
    shard = map_npy(path)
    if shard.ndim != 2 or shard.shape[1] != header.shot_dim or shard.dtype != header.dtype:
        raise InputError(
            f"{path}: shape {shard.shape} of {shard.dtype}, but catalog.json says {header.shot_dim} wide and {header.dtype}"
        )
    return shard


def map_globals(path: Path, num_titles: int, global_dim: int) -> np.ndarray | None:
    """(titles, G), mapped; None where the catalog has no metadata embeddings."""
    if not global_dim:
        return None
    vectors = map_npy(path)
    if vectors.shape != (num_titles, global_dim) or vectors.dtype.kind != "f":
        raise InputError(
            f"{path}: shape {vectors.shape} of {vectors.dtype}, expected {(num_titles, global_dim)} of float32"
        )
    return vectors
