"""A local Qdrant database with one collection, `shots`: cosine distance, and the columns of a shot as its payload."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

from msm.exports.shots import Shots
from msm.exports.tool import Tool

AT_ONCE = 512


def write(shots: Shots, folder: Path) -> None:
    """A point a shot; its id is the row of the catalog."""
    from qdrant_client import QdrantClient
    from qdrant_client.models import Distance, PointStruct, VectorParams

    client = QdrantClient(path=str(folder))
    client.create_collection("shots", VectorParams(size=shots.width, distance=Distance.COSINE))
    for batch in shots:
        rows = batch.table.to_pylist()
        points = [
            PointStruct(id=row["id"], vector=vector.tolist(), payload={k: plain(v) for k, v in row.items()})
            for row, vector in zip(rows, batch.vectors, strict=True)
        ]
        for start in range(0, len(points), AT_ONCE):
            client.upsert("shots", points[start : start + AT_ONCE])
    client.close()


def plain(value: Any) -> Any:
    """As JSON has it: no NaN and no dates."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.isoformat() if isinstance(value, date) else value


TOOL = Tool(write=write, opens='QdrantClient(path="{out}").query_points("shots", query=[…])', needs=("qdrant_client",))
