"""An `.npy` of vectors and a Parquet table beside it that describes them, a row a vector."""

from __future__ import annotations

from dataclasses import replace

import pyarrow.parquet as pq

from msm.data.reader import open_parquet
from msm.errors import InputError
from msm.importers.format import FormatOptions
from msm.importers.locations import locate
from msm.importers.shards import ArrayShard, ParquetShard
from msm.importers.source import only_file
from msm.importers.table import TableSource
from msm.io.arrays import map_npy

NAME, SUFFIXES = ".npy with Parquet", (".npy",)


def open_source(options: FormatOptions) -> TableSource:
    """X.npy (rows, width) and a Parquet table with a row per vector, in the same order."""
    path = options.path
    npy = only_file(path, "npy", "name the file itself") if path.is_dir() else path
    table = options.table or only_file(npy.parent, "parquet", "name it with --table")
    vectors = map_npy(npy)
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiu" or 0 in vectors.shape:
        raise InputError(f"{npy}: shape is {vectors.shape} of {vectors.dtype}, expected (rows, width) of numbers")
    rows = _num_rows(open_parquet(table))
    if rows != len(vectors):
        raise InputError(f"{table} has {rows} rows, but {npy.name} has {len(vectors)}: a row per vector is needed")
    shard = ArrayShard(ParquetShard(locate(table)[0]), npy.stem, vectors)
    modalities = options.modalities or {npy.stem: npy.stem}
    return TableSource([shard], replace(options, modalities=modalities))


def _num_rows(file: pq.ParquetFile) -> int:
    return int(file.metadata.num_rows)
