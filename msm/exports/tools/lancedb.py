"""A LanceDB database with one table, `shots`, whose column `embedding` holds the vectors."""

from __future__ import annotations

from pathlib import Path

from msm.exports.shots import Shots
from msm.exports.tool import Tool


def write(shots: Shots, folder: Path) -> None:
    """A fragment a title."""
    import lancedb

    database = lancedb.connect(folder)
    batches = (batch for table in shots.tables() for batch in table.to_batches())
    database.create_table("shots", data=batches, schema=shots.schema_with_vectors)


TOOL = Tool(write=write, opens='lancedb.connect("{out}").open_table("shots")', needs=("lancedb",))
