"""Embedding Atlas: `shots.parquet` with x and y, neighbours, text and labels; thumbnails as pictures in the table.

The vectors are in `vectors.parquet`: the browser loads the whole table, and draws from x and y.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from msm.exports.layout import neighbours, places
from msm.exports.shots import Shots
from msm.exports.tool import Tool

PICTURE = pa.struct([("bytes", pa.binary())])
NEAREST = pa.struct([("ids", pa.list_(pa.int32())), ("distances", pa.list_(pa.float32()))])


def write(shots: Shots, folder: Path) -> None:
    """Both files; the vectors are held in memory, to lay them out."""
    tables, pictures, vectors = [], [], []
    for batch in shots:
        tables.append(batch.table)
        vectors.append(batch.vectors)
        pictures += [None if p is None else {"bytes": p.read_bytes()} for p in batch.thumbnails]
    together = np.concatenate(vectors)
    table, points = pa.concat_tables(tables), places(shots, together)
    rows, distances = neighbours(together)
    nearest = [{"ids": i, "distances": d} for i, d in zip(rows.tolist(), distances.tolist(), strict=True)]
    # Atlas writes these names into SQL as they are given on its command line
    added = {"x": pa.array(points[:, 0]), "y": pa.array(points[:, 1]), "neighbors": pa.array(nearest, NEAREST)}
    if any(pictures):
        added["frame"] = pa.array(pictures, PICTURE)
    kept = [name for name in table.column_names if name not in added]
    pq.write_table(pa.table({**{n: table[n] for n in kept}, **added}), folder / "shots.parquet")
    flat = pa.FixedSizeListArray.from_arrays(pa.array(together.ravel()), shots.width)
    pq.write_table(pa.table({"id": table["id"], "embedding": flat}), folder / "vectors.parquet")


TOOL = Tool(
    write=write, opens="embedding-atlas {out}/shots.parquet --x x --y y --neighbors neighbors --disable-projection"
)
