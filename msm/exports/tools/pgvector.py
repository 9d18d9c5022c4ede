"""PostgreSQL with pgvector: `shots.csv` and `load.sql`, which makes the table, copies the file and builds an index.

`shots.parquet` holds the same rows, for DuckDB and for programs that copy them themselves.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from msm.exports.shots import VECTOR, Shots
from msm.exports.tool import Tool

MOST_INDEXED = 2000  # dimensions of a vector that pgvector's HNSW indexes; as halfvec 4000
MOST_HALF = 4000


def write(shots: Shots, folder: Path) -> None:
    """All three files."""
    text = shots.schema.append(pa.field(VECTOR, pa.string()))
    with (
        pq.ParquetWriter(folder / "shots.parquet", shots.schema_with_vectors) as parquet,
        pa.csv.CSVWriter(folder / "shots.csv", text) as csv,
    ):
        for table in shots.tables():
            parquet.write_table(table)
            written = literals(table[VECTOR].combine_chunks())
            csv.write_table(table.set_column(table.num_columns - 1, text.field(VECTOR), written).cast(text))
    (folder / "load.sql").write_text(sql(shots.schema, shots.width), encoding="utf-8")


def literals(vectors: pa.FixedSizeListArray) -> pa.Array:
    """Vectors as PostgreSQL reads them, [1,2,3], with as many digits as float32 has."""
    digits = vectors.flatten().cast(pa.string())
    lists = pa.FixedSizeListArray.from_arrays(digits, vectors.type.list_size).cast(pa.list_(pa.string()))
    joined = pc.binary_join(lists, ",")
    return pc.binary_join_element_wise("[", joined, "]", "")


def sql(schema: pa.Schema, width: int) -> str:
    """Commands of psql; they are run in the folder itself, where `\\copy` finds the file."""
    names = [quoted(f.name) for f in schema]
    columns = [f"{name} {kind(f.type)}" for name, f in zip(names, schema, strict=True)]
    columns[0] += " PRIMARY KEY"
    lines = [
        "CREATE EXTENSION IF NOT EXISTS vector;",
        f"CREATE TABLE shots ({', '.join(columns)}, {VECTOR} vector({width}));",
        f"\\copy shots ({', '.join([*names, VECTOR])}) FROM 'shots.csv' WITH (FORMAT csv, HEADER true)",
    ]
    if width <= MOST_INDEXED:
        lines.append(f"CREATE INDEX ON shots USING hnsw ({VECTOR} vector_cosine_ops);")
    elif width <= MOST_HALF:
        lines.append(f"CREATE INDEX ON shots USING hnsw (({VECTOR}::halfvec({width})) halfvec_cosine_ops);")
    return "\n".join(lines) + "\n"


def kind(type_: pa.DataType) -> str:
    """PostgreSQL's type of a column; text for whatever has none."""
    if pa.types.is_boolean(type_):
        return "boolean"
    if pa.types.is_integer(type_):
        return "bigint"
    if pa.types.is_floating(type_):
        return "double precision"
    return "text"


def quoted(name: str) -> str:
    """A column's name as an SQL identifier."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


TOOL = Tool(write=write, opens="cd {out} && psql DATABASE -f load.sql")
