"""Contextual embeddings as one Parquet file, which vector databases and dataframes read.

Shape letters: N shots of a title, W width of a contextual embedding.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from msm.data.catalog import Catalog, Title, cut_again
from msm.data.reader import open_parquet
from msm.errors import InputError
from msm.inference.embed import contextual_blocks
from msm.inference.run import Run
from msm.io.files import whole_file
from msm.runner import HERE, Place, staging_folder

VECTOR = "embedding"


def export_parquet(
    run: Run,
    catalog: Catalog,
    out: str | Path,
    *,
    replace: bool = False,
    place: Place = HERE,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Write a row for each shot, in embedding order and a row group for each title; returns the number of shots.

    Columns: those of shots.parquet (title_id, shot, start_s, end_s, text, labels), name and split of the title, and
    `embedding`, a list of W float32 of fixed length, not normalised.

    replace   an existing file at `out`, else an InputError
    place     where the titles are embedded
    progress  called with (shots done, shots in all)
    """
    path = Path(out)
    if path.is_dir():
        raise InputError(f"{path} is a folder, but --format parquet writes a file; name it, for example {path}.parquet")
    if path.exists() and not replace:
        raise InputError(f"{path} exists; choose another name, or replace it with --replace")
    width = run.model.contextual_width
    held = pa.schema([f for f in open_parquet(catalog.path / "shots.parquet").schema_arrow if f.name != VECTOR])
    title_columns = [pa.field(name, pa.string()) for name in ("name", "split") if name not in held.names]
    schema = pa.schema([*held, *title_columns, pa.field(VECTOR, pa.list_(pa.float32(), width))])
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        staging_folder(path, "embed") as staging,
        closing(contextual_blocks(run, catalog, place=place, staging=staging, progress=progress)) as blocks,
        whole_file(path) as temporary,
        pq.ParquetWriter(temporary, schema) as writer,
    ):
        for title, vectors in zip(catalog, cut_again(blocks, catalog.shot_counts), strict=True):
            writer.write_table(_rows(catalog, title, vectors, held, schema))
    return catalog.num_shots


def _rows(catalog: Catalog, title: Title, vectors: np.ndarray, held: pa.Schema, schema: pa.Schema) -> pa.Table:
    first = int(title.row["first_shot"])
    table = pa.Table.from_pandas(
        catalog.read_shots(first, first + title.num_shots), schema=held, preserve_index=False
    ).replace_schema_metadata()
    columns = {name: table[name] for name in held.names}
    columns |= {
        f.name: pa.array([title.row[f.name]] * title.num_shots)
        for f in schema
        if f.name in ("name", "split") and f.name not in columns
    }
    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
    columns[VECTOR] = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    return pa.table(columns, schema=schema)
