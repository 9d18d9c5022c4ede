"""Writing a catalog, title by title; every rule is checked before a byte of the title is kept.

Shape letters: N shots of a title, D width of a shot embedding, G width of a metadata embedding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from msm.data.coverage import Coverage
from msm.data.schema import (
    FORMAT,
    SHOT_COLUMNS,
    SPLITS,
    TITLE_COLUMNS,
    Modality,
    check_modalities,
    check_title_id,
    embedding_problems,
    tells_sources,
    time_problems,
)
from msm.data.shot_table import ROW_GROUP, ShotTableWriter, to_arrow
from msm.errors import InputError, ShotError
from msm.io import files
from msm.io.arrays import to_float32

if TYPE_CHECKING:
    from msm.data.catalog import Catalog

MAX_SHARD_BYTES = 2**31


@dataclass(frozen=True, kw_only=True)
class TitleData:
    """One title on its way into a catalog.

    embeddings        (N, D)  float, raw encoder output; a missing modality is a zero block
    shots             N rows  optional columns start_s, end_s (seconds), text, and any labels
    global_embedding  (G,)    float, of the title's metadata; None where the catalog has none
    labels            further columns of titles.parquet (synopsis, tags, genre …)
    """

    title_id: str
    embeddings: np.ndarray
    split: str
    name: str = ""
    shots: pd.DataFrame | None = None
    global_embedding: np.ndarray | None = None
    labels: Mapping[str, Any] = field(default_factory=dict)


def deal_splits(title_ids: Sequence[str], seed: int = 0) -> dict[str, str]:
    """Give each title a split: of ten, eight train, one validation, one test; the rule is seeded.

    Titles are ordered by a hash of seed and id, so that the order of the files does not matter.
    From three titles on every split has one.
    """

    def key(title_id: str) -> bytes:
        return hashlib.sha256(f"{seed}/{title_id}".encode()).digest()

    ordered = sorted(title_ids, key=key)
    held_out = max(1, round(len(ordered) / 10)) if len(ordered) >= 3 else 0
    names = ["validation"] * held_out + ["test"] * held_out
    names += ["train"] * (len(ordered) - len(names))
    return dict(zip(ordered, names, strict=True))


class CatalogWriter:
    """Appends titles to a folder that nobody reads yet."""

    def __init__(self, folder: Path, modalities: tuple[Modality, ...], dtype: str, max_shard_bytes: int):
        self.folder, self.modalities, self.dtype = folder, modalities, dtype
        self.shot_dim = sum(m.dim for m in modalities)
        self.vectors = ShardWriter(folder, self.shot_dim, dtype, max_shard_bytes)
        self.titles: list[dict[str, Any]] = []
        self.shots = ShotTableWriter(folder / "shots.parquet")
        self.globals: list[np.ndarray] = []
        self.coverage: Coverage | None = Coverage(modalities)  # None where titles were taken over unchecked
        self._seen: set[str] = set()
        check_modalities("the new catalog", modalities, self.shot_dim)

    def add(self, title: TitleData) -> None:
        """Check a title and append it; InputError for the first rule that it breaks."""
        self._check_names(title)
        embeddings = checked_embeddings(title.title_id, title.embeddings, self.modalities, self.dtype)
        shots = _complete_shots(title, len(embeddings))
        if self.coverage is not None:
            self.coverage.see(len(self.titles), to_float32(embeddings))
        self.titles.append(
            {
                "title_id": title.title_id,
                "name": title.name or title.title_id,
                "split": title.split,
                "first_shot": self.vectors.rows,
                "num_shots": len(embeddings),
                "duration_s": float(shots["end_s"].max()),
                **title.labels,
            }
        )
        self.shots.add(shots)
        if title.global_embedding is not None:
            self.globals.append(np.asarray(title.global_embedding, dtype=np.float32))
        self.vectors.append(embeddings)

    def take_over(self, former: Catalog, global_dim: int) -> None:
        """Append all titles of a catalog with the same modalities and dtype; its shards are linked, not read.

        global_dim  G of the new catalog; titles of a catalog without metadata embeddings get zeros
        """
        if self.coverage is not None and former.coverage is not None:
            self.coverage.join(former.coverage, len(self.titles))
        else:
            self.coverage = None
        for row in former.titles.to_dict("records"):
            self._check_unique(str(row["title_id"]))
            self.titles.append({**row, "first_shot": row["first_shot"] + self.vectors.rows})
        self.vectors.link(former.shard_files, former.num_shots)
        for start in range(0, former.num_shots, ROW_GROUP):
            self.shots.add(former.read_shots(start, start + ROW_GROUP))
        if global_dim:
            held = former.global_vectors
            self.globals += list(np.zeros((len(former), global_dim), np.float32) if held is None else held)

    def _check_unique(self, title_id: str) -> None:
        if title_id in self._seen:
            raise InputError(f"title {title_id!r} is there twice; ids must be unique")
        self._seen.add(title_id)

    def _check_names(self, title: TitleData) -> None:
        check_title_id(title.title_id)
        self._check_unique(title.title_id)
        if title.split not in SPLITS:
            raise InputError(
                f"title {title.title_id!r}: split is {title.split!r}, but must be one of {', '.join(SPLITS)}"
            )
        for column in title.labels:
            if column in TITLE_COLUMNS:
                raise InputError(
                    f"title {title.title_id!r}: a label cannot be called {column!r}, as a column of the format is"
                )

    def finish(self, provenance: dict[str, Any]) -> None:
        if not self.titles:
            raise InputError("there are no titles to write")
        self.vectors.close()
        global_dim = self._write_globals()
        titles = self.folder / "titles.parquet"
        pq.write_table(to_arrow(_titles_table(self.titles), titles), titles, row_group_size=ROW_GROUP)
        self.shots.finish()
        write_header(self.folder, self.modalities, self.dtype, global_dim, provenance)

    def _write_globals(self) -> int:
        if not self.globals:
            return 0
        widths = {g.shape for g in self.globals}
        if len(self.globals) != len(self.titles) or len(widths) != 1:
            raise InputError("either every title has a global embedding, all of one width, or none has")
        vectors = np.stack(self.globals)
        if vectors.ndim != 2 or vectors.shape[1] == 0:
            raise InputError(f"global embeddings must be vectors, but have shape {vectors.shape[1:]}")
        for row in np.flatnonzero(~np.isfinite(vectors).all(axis=1)):
            raise InputError(f"title {self.titles[row]['title_id']!r}: NaN or infinite value in the global embedding")
        files.save_array(self.folder / "global.npy", vectors)
        return vectors.shape[1]


def write_header(
    folder: Path, modalities: Sequence[Modality], dtype: str, global_dim: int, provenance: Mapping[str, Any]
) -> None:
    """catalog.json"""
    content = {
        "format": FORMAT,
        "shot_dim": sum(m.dim for m in modalities),
        "dtype": dtype,
        "modalities": [asdict(m) for m in modalities],
        "global_dim": global_dim,
        "provenance": dict(provenance),
    }
    files.write_json(folder / "catalog.json", content)


def checked_embeddings(title_id: str, embeddings: Any, modalities: Sequence[Modality], dtype: str) -> np.ndarray:
    """(N, D) of a title in this dtype; InputError for another width, and for a number that overflows in it or vanishes."""
    given, where, width = np.asarray(embeddings), f"title {title_id!r}", sum(m.dim for m in modalities)
    if given.ndim != 2 or given.shape[1] != width or given.dtype.kind not in "fiu":
        raise InputError(
            f"{where}: embeddings have shape {given.shape} of {given.dtype}, but shots here are {width} wide"
        )
    if len(given) == 0:
        raise InputError(f"{where} has no shots")
    for problem in embedding_problems(title_id, given, tuple(modalities)):
        raise problem
    with np.errstate(over="ignore"):
        stored = given.astype(dtype, copy=False)
    if stored is given:
        return stored
    for m in modalities:
        infinite = ~np.isfinite(stored[:, m.columns]).all(axis=1)
        vanished = given[:, m.columns].any(axis=1) & ~stored[:, m.columns].any(axis=1)
        for shot in np.flatnonzero(infinite | vanished):
            what = f"beyond {np.finfo(dtype).max:g}" if infinite[shot] else "too small"
            wider = "; use float32" if dtype == "float16" else ""
            raise ShotError(title_id, int(shot), f"{m.name} is {what} for {dtype}{wider}")
    return stored


def _titles_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    if tells_sources(table) and pd.api.types.is_numeric_dtype(table["source_size"]):
        table["source_size"] = table["source_size"].round().astype("Int64")  # bytes, also beside titles without a file
    return table


class ShardWriter:
    """The vectors of a catalog, in `.npy` files of at most so many bytes."""

    def __init__(self, folder: Path, dim: int, dtype: str, max_bytes: int = MAX_SHARD_BYTES):
        self.folder, self.dim, self.dtype = folder, dim, dtype
        self.rows = 0
        self._rows_per_shard = max(1, max_bytes // (dim * np.dtype(dtype).itemsize))
        self._shard: _ShardFile | None = None
        self._num_shards = 0

    def append(self, embeddings: np.ndarray) -> None:
        """(n, D) behind those that are there."""
        while len(embeddings):
            if self._shard is None:
                self._shard = _ShardFile(self._next(), self.dim, self.dtype)
            take = min(len(embeddings), self._rows_per_shard - self._shard.rows)
            self._shard.append(embeddings[:take])
            embeddings = embeddings[take:]
            self.rows += take
            if self._shard.rows == self._rows_per_shard:
                self.close()

    def link(self, shards: Sequence[Path], rows: int) -> None:
        """Whole shards of another catalog, of so many rows together, linked and not read."""
        self.close()
        for shard in shards:
            files.link_or_copy(shard, self._next())
        self.rows += rows

    def close(self) -> None:
        if self._shard is not None:
            self._shard.close()
            self._shard = None

    def _next(self) -> Path:
        self._num_shards += 1
        return self.folder / f"shots-{self._num_shards - 1:05d}.npy"


class _ShardFile:
    """A `.npy` that grows: NumPy pads its header so that the row count can be written at the end."""

    def __init__(self, path: Path, dim: int, dtype: str):
        self.file = open(path, "w+b")  # noqa: SIM115 — closed by close()
        self.dim, self.dtype, self.rows = dim, np.dtype(dtype), 0
        self._write_header()
        self.header_end = self.file.tell()

    def append(self, rows: np.ndarray) -> None:
        self.file.write(np.ascontiguousarray(rows, dtype=self.dtype).tobytes())
        self.rows += len(rows)

    def close(self) -> None:
        self.file.seek(0)
        self._write_header()
        assert self.file.tell() == self.header_end
        self.file.close()

    def _write_header(self) -> None:
        header = {"descr": self.dtype.str, "fortran_order": False, "shape": (self.rows, self.dim)}
        np.lib.format.write_array_header_1_0(self.file, header)


def _complete_shots(title: TitleData, num_shots: int) -> pd.DataFrame:
    """The title's rows of shots.parquet: ids and times first, then text and labels as they came."""
    given = pd.DataFrame(index=range(num_shots)) if title.shots is None else title.shots.reset_index(drop=True)
    if len(given) != num_shots:
        raise InputError(f"title {title.title_id!r}: {len(given)} rows of shots for {num_shots} embeddings")
    if not given.columns.is_unique:
        twice = given.columns[given.columns.duplicated()][0]
        raise InputError(f"title {title.title_id!r}: column {twice!r} of its shots is there twice")
    times = {name: _seconds(title.title_id, given, name) for name in ("start_s", "end_s")}
    own = {column: given[column].array for column in given if column not in SHOT_COLUMNS}
    columns = {"title_id": title.title_id, "shot": np.arange(num_shots), **times, **own}
    table = pd.DataFrame(columns, index=range(num_shots))  # in one step: joins cost more than the vectors of a title
    for problem in time_problems(table):
        raise problem
    return table


def _seconds(title_id: str, given: pd.DataFrame, column: str) -> np.ndarray:
    """(N,) float64, a column of times, NaN where there is none; InputError for what is no number."""
    if column not in given:
        return np.full(len(given), np.nan)
    if given[column].dtype == np.float64:
        return given[column].to_numpy()
    seconds = pd.to_numeric(given[column], errors="coerce").astype(float)
    for shot in np.flatnonzero(seconds.isna() & given[column].notna()):
        raise InputError(
            f"title {title_id!r}, shot {shot}: {column} is {str(given[column].iloc[shot])!r}, expected seconds"
        )
    return seconds.to_numpy()
