"""An `.npy` of vectors and a Parquet table beside it that describes them, a row a vector."""

from __future__ import annotations

from msm.data.reader import open_parquet
from msm.errors import InputError
from msm.importers.format import FormatOptions
from msm.importers.table import TableSource
from msm.importers.vector_columns import cut_modalities, only_file, read_plain_columns
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
    frame = read_plain_columns(table, open_parquet(table), [])[0]
    if len(frame) != len(vectors):
        raise InputError(
            f"{table} has {len(frame)} rows, but {npy.name} has {len(vectors)}: a row per vector is needed"
        )
    blocks = cut_modalities(str(npy), {npy.stem: vectors}, options.modalities or {npy.stem: npy.stem})
    return TableSource(str(table), blocks, frame, title_column=options.title_column, shot_column=options.shot_column)
