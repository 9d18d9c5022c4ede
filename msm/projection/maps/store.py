"""Maps on disk, in CATALOG/maps:

    KEY.json            facts: options, fingerprints, seed, trustworthiness, seconds; written last, so it vouches for the rest
    KEY.parquet         a row a point: title_id, shot (shots only), x, y, z in three dimensions, placed, vectors
    KEY.neighbours.npy  (points, K) the true neighbours of each, nearest first, as rows of the table

Shape letters: N points, d dimensions, K neighbours.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Meta, Struct

from msm.config.schema import Count, Number, check
from msm.data.catalog import Catalog
from msm.errors import InputError, reading
from msm.io import files
from msm.io.arrays import map_npy
from msm.projection.maps.options import MapOptions, Source

FORMAT = "msm-map/1"
AXES = ("x", "y", "z")


class SourceEntry(Struct):
    """A `Source` as KEY.json has it."""

    run: str | None = None
    weights: str | None = None


class MapFacts(Struct):
    """KEY.json; more keys are allowed."""

    key: str
    options: dict[str, Any]
    catalog_fingerprint: str
    sources: list[SourceEntry]
    place: Count
    method: str
    num_points: Annotated[int, Meta(ge=0, lt=2**62, description="a whole number from 0 on")]
    points_sha256: str
    made: str = ""
    why: str = ""
    placed: Count = 0
    trustworthiness: Number | None = None
    seconds: Number | None = None


@dataclass(frozen=True)
class StoredMap:
    """A map as it lies on disk; its table is read when it is asked for."""

    path: Path  # KEY.json
    facts: dict[str, Any]

    @property
    def key(self) -> str:
        """16 hex digits: of the catalog, the options and the weights."""
        return str(self.facts["key"])

    @property
    def options(self) -> MapOptions:
        """What it was made with."""
        return MapOptions.from_dict(self.facts["options"])

    @property
    def of(self) -> str:
        """`shots` or `titles`."""
        return str(self.facts["options"]["of"])

    @property
    def dims(self) -> int:
        """2 or 3."""
        return int(self.facts["options"]["layout"]["dims"])

    @property
    def run(self) -> str | None:
        """The run whose contextual embeddings are shown; None for the catalog's own."""
        return self.facts["sources"][self.facts["place"]]["run"]

    @property
    def aligned(self) -> bool:
        """Whether it was laid out together with others."""
        return len(self.facts["sources"]) > 1

    @property
    def trustworthiness(self) -> float:
        """NaN where there were too few points to tell."""
        value = self.facts.get("trustworthiness")
        return math.nan if value is None else float(value)

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row a point, in embedding order: title_id, shot (of a map of shots), x, y, z in three dimensions, placed.

        InputError where the file is not the one that the facts vouch for.
        """
        path = self.path.with_suffix(".parquet")
        try:
            whole = path.read_bytes()
        except FileNotFoundError:
            raise InputError(f"{path} is missing") from None
        if hashlib.sha256(whole).hexdigest() != self.facts["points_sha256"]:
            raise InputError(f"{path} is damaged: it is not the file that {self.path.name} vouches for")
        with reading(path, "the table of a map"):
            file = pq.ParquetFile(pa.BufferReader(whole))
            num_rows, num_points = file.metadata.num_rows, self.facts["num_points"]
            if num_rows != num_points:  # before anything of that size is made
                raise InputError(f"{path} is not the table of a map: it has {num_rows} points and needs {num_points}")
            table = file.read()
            table.validate(full=True)
            table = table.to_pandas(ignore_metadata=True)
            table = table.astype({"title_id": "str", "vectors": "str"})  # dictionaries on disk
            points = table[list(AXES[: self.dims])].to_numpy(dtype=np.float32)
        if not np.isfinite(points).all():
            raise InputError(f"{path} is not the table of a map: its points need finite places")
        return table

    @property
    def points(self) -> np.ndarray:
        """(N, d) float32."""
        return self.table[list(AXES[: self.dims])].to_numpy(dtype=np.float32)

    @cached_property
    def neighbours(self) -> np.ndarray | None:
        """(N, K) mapped, by true distance; None where they are not there or not of this map."""
        try:
            found = map_npy(self.path.with_name(f"{self.key}.neighbours.npy"))
        except InputError:
            return None
        fits = found.ndim == 2 and len(found) == self.facts["num_points"] and found.dtype.kind == "u"
        return found if fits and (not found.size or int(found.max()) < len(found)) else None


def maps_folder(catalog: Path) -> Path:
    """Where a catalog's maps lie: beside its vectors."""
    return catalog / "maps"


def open_map(path: Path) -> StoredMap:
    """A map from its KEY.json; InputError where that is no such file. The table is looked at later."""
    facts = files.read_json(path)
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise InputError(f"{path} is not a map of the format {FORMAT}")
    entry = check(MapFacts, facts, path)
    if entry.place >= len(entry.sources):
        raise InputError(f"{path}: place is {entry.place}, but there are {len(entry.sources)} sources")
    try:
        whole = MapOptions.from_dict(entry.options).to_dict() == entry.options
    except (KeyError, TypeError, ValueError):
        whole = False
    if not whole:
        raise InputError(f"{path}: options are not those of a map")
    return StoredMap(path, facts)


def list_maps(catalog: Path) -> list[StoredMap]:
    """The maps beside a catalog, the latest first; what is not one is passed over."""
    found = []
    for path in maps_folder(catalog).glob("[!.]*.json"):
        try:
            found.append(open_map(path))
        except InputError:
            continue
    return sorted(found, key=lambda m: (m.facts.get("made", ""), m.key), reverse=True)


def find_map(
    catalog: Catalog, options: MapOptions, sources: tuple[Source, ...] = (Source(),), place: int = 0
) -> tuple[StoredMap | None, StoredMap | None]:
    """(the map asked for, or None; else the latest like it that has been overtaken, by other titles or other weights)."""
    alike = [
        m
        for m in list_maps(catalog.path)
        if m.facts["options"] == options.to_dict()
        and m.facts["place"] == place
        and [s.get("run") for s in m.facts["sources"]] == [s.run for s in sources]
    ]
    weights = [s.weights for s in sources]
    fresh = [m for m in alike if m.facts["catalog_fingerprint"] == catalog.fingerprint and _weights(m) == weights]
    fresh.sort(key=lambda m: m.facts.get("placed", 0))  # one that was laid out as a whole first
    stale = [m for m in alike if m not in fresh]
    return (fresh[0] if fresh else None), (stale[0] if stale else None)


def _weights(found: StoredMap) -> list[str | None]:
    return [s.get("weights") for s in found.facts["sources"]]


def write_map(folder: Path, table: pd.DataFrame, neighbours: np.ndarray, facts: dict[str, Any]) -> StoredMap:
    """Write the three files of a map, (N, K) neighbours among them; whoever reads meanwhile sees none, or all of it."""
    path = folder / f"{facts['key']}.json"
    columns = {name: table[name] for name in table}
    for name in ("title_id", "vectors"):  # few values, many times
        columns[name] = pa.array(table[name].tolist(), pa.string()).dictionary_encode()
    with files.naming_full_disk(path):
        with files.whole_file(path.with_suffix(".parquet")) as temporary:
            pq.write_table(pa.table(columns), temporary, compression="zstd")
            digest = hashlib.sha256(temporary.read_bytes()).hexdigest()
        with files.whole_file(path.with_name(f"{facts['key']}.neighbours.npy")) as temporary:
            small = np.uint16 if len(table) <= 2**16 else np.uint32
            temporary.write_bytes(_as_npy(neighbours.astype(small)))
        facts = {"format": FORMAT, **facts, "num_points": len(table), "points_sha256": digest}
        files.write_json(path, facts)
    return StoredMap(path, facts)


def _as_npy(array: np.ndarray) -> bytes:
    import io

    whole = io.BytesIO()
    np.save(whole, array, allow_pickle=False)
    return whole.getvalue()
