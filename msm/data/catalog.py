"""Titles and shots on disk: open, check, write (format `msm-catalog/1`, see docs/format.md).

Shape letters: N shots of a title, D width of a shot embedding, G width of a title's metadata
embedding, M modalities.
"""

from __future__ import annotations

import copy
import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from msm.data import coverage, notes, soundness
from msm.data.coverage import Coverage
from msm.data.media import MEDIA, film_path, thumbnail_folder, thumbnail_path
from msm.data.reader import (
    check_counts,
    check_shot_table,
    checked_frame,
    digest_table,
    map_globals,
    map_shard,
    open_parquet,
    read_bounded,
    read_header,
    read_titles,
)
from msm.data.schema import (
    ENCODER_PLACES,
    INGEST_REPORT,
    SHOT_COLUMNS,
    SHOT_OPTIONAL,
    SOURCE_COLUMNS,
    SPLITS,
    TITLE_COLUMNS,
    Header,
    Modality,
    labels_among,
    modalities_of,
    tells_sources,
)
from msm.data.shot_times import ShotTimes
from msm.data.writer import (
    MAX_SHARD_BYTES,
    CatalogWriter,
    ShardWriter,
    TitleData,
    checked_embeddings,
    deal_splits,
    write_header,
)
from msm.errors import InputError, did_you_mean, reading
from msm.io import files
from msm.io.arrays import release_rows, to_float32

__all__ = ["SPLITS", "Catalog", "Modality", "Title", "TitleData", "deal_splits", "modalities_of"]
MOST_TAKEN = 4096  # rows from anywhere, each on pages of its own, that may stay resident: 256 MB


@dataclass(frozen=True)
class Title:
    """One title of an opened catalog. Vectors and tables are read when they are asked for."""

    catalog: Catalog
    index: int

    @property
    def row(self) -> pd.Series:
        """Its row of titles.parquet."""
        return self.catalog.titles.iloc[self.index]

    @property
    def title_id(self) -> str:
        """Unique in its catalog."""
        return str(self.catalog.column("title_id")[self.index])

    @property
    def name(self) -> str:
        """For people."""
        return str(self.catalog.column("name")[self.index])

    @property
    def split(self) -> str:
        """train, validation or test."""
        return str(self.catalog.column("split")[self.index])

    @property
    def num_shots(self) -> int:
        """How many shots it has, at least one."""
        return int(self.catalog.shot_counts[self.index])

    @property
    def duration_s(self) -> float:
        """Seconds, NaN where the catalog has no times."""
        return float(self.catalog.column("duration_s")[self.index])

    @property
    def embeddings(self) -> np.ndarray:
        """(N, D) float32, as the encoders made them."""
        return self.rows(0, self.num_shots)

    def rows(self, start: int, stop: int, step: int = 1) -> np.ndarray:
        """(stop − start, D) float32: the embeddings of consecutive shots, or of every `step`-th, without reading the others."""
        first = int(self.catalog.first_shots[self.index])
        return self.catalog.read_rows(first + start, first + stop, step)

    @property
    def present(self) -> np.ndarray:
        """(N, M) bool, True where the shot has the modality: its block is not all zeros."""
        return self.catalog.present(self.embeddings)

    @property
    def shots(self) -> pd.DataFrame:
        """N rows: title_id, shot, start_s, end_s, and whatever text and labels the catalog has."""
        first = int(self.catalog.first_shots[self.index])
        return self.catalog.read_shots(first, first + self.num_shots)

    @property
    def global_embedding(self) -> np.ndarray | None:
        """(G,) float32, or None where the catalog has no metadata embeddings."""
        vectors = self.catalog.global_vectors
        return None if vectors is None else np.array(vectors[self.index], dtype=np.float32)

    @property
    def times(self) -> np.ndarray | None:
        """(N, 2) float32: the seconds at which each shot starts and ends; None unless the catalog has them for all its shots."""
        first = int(self.catalog.first_shots[self.index])
        times = self.catalog.shot_times[first : first + self.num_shots]
        return times if np.isfinite(times).all() else None

    @property
    def film(self) -> Path | None:
        """Path of the film; None where the catalog does not hold it."""
        path = film_path(self.catalog.path, self.title_id)
        inside = path.resolve().is_relative_to((self.catalog.path / MEDIA).resolve())
        return path if inside and path.is_file() else None

    @property
    def has_thumbnails(self) -> bool:
        """True where the catalog has a folder of thumbnails for this title."""
        return thumbnail_folder(self.catalog.path, self.title_id).is_dir()

    def thumbnail(self, shot: int) -> Path:
        """Path of a shot's thumbnail (WebP), whether or not it exists."""
        return thumbnail_path(self.catalog.path, self.title_id, shot)

    def __len__(self) -> int:
        return self.num_shots

    def data(self) -> TitleData:
        """The whole title as `Catalog.write` takes it; reads its vectors."""
        return TitleData(
            title_id=self.title_id,
            name=self.name,
            split=self.split,
            embeddings=self.embeddings,
            shots=self.shots,
            global_embedding=self.global_embedding,
            labels={k: v for k, v in self.row.items() if k not in TITLE_COLUMNS},
        )


class Catalog:
    """An opened catalog: tables small enough to read, vectors mapped and not read.

    Make one with `Catalog.open`. `catalog["title-id"]` is a Title; iterating gives all titles in
    file order.
    """

    def __init__(
        self,
        path: Path,
        header: Header,
        modalities: tuple[Modality, ...],
        titles: pd.DataFrame,
        shards: list[np.ndarray],
    ):
        self.path = path
        self.titles = titles
        self.modalities = modalities
        self.shot_dim = header.shot_dim
        self.global_dim = header.global_dim or 0
        self.dtype: str = header.dtype
        self.provenance: dict[str, Any] = header.provenance or {}
        self._columns: dict[str, np.ndarray] = {}
        self._taken = 0  # rows from anywhere since their pages were released
        self._shards = shards
        self._shard_starts = np.cumsum([0, *(len(s) for s in shards)])
        self._index = {str(title_id): i for i, title_id in enumerate(titles["title_id"])}

    @classmethod
    def open(cls, path: str | Path) -> Catalog:
        """Map a catalog. Checks the tables' shape against the shards' headers and reads no vector.

        Raises InputError naming the file and the rule that it breaks.
        """
        path = Path(path)
        if not path.is_dir():
            what = "it is a file; msm import makes a catalog of it" if path.is_file() else "there is no such folder"
            raise InputError(f"{path} is not a catalog: {what}")
        if (path / "run.json").is_file() and not (path / "catalog.json").exists():
            raise InputError(f"{path} is a run and not a catalog")
        header, modalities = read_header(path / "catalog.json")
        titles = read_titles(path / "titles.parquet")
        shards = [map_shard(p, header) for p in sorted(path.glob("shots-*.npy"))]
        catalog = cls(path, header, modalities, titles, shards)
        check_counts(path / "titles.parquet", titles, catalog.num_shots)
        check_shot_table(path / "shots.parquet", catalog.num_shots)
        _ = catalog.global_vectors  # checked here, so that no reader meets a wrong shape later
        return catalog

    @staticmethod
    def write(
        path: str | Path,
        titles: Iterable[TitleData],
        *,
        modalities: Sequence[Modality],
        dtype: str = "float16",
        provenance: Mapping[str, Any] | None = None,
        replace: bool = False,
        max_shard_bytes: int = MAX_SHARD_BYTES,
        media: Callable[[Path], None] | None = None,
        former: Sequence[Catalog] = (),
    ) -> Catalog:
        """Write a catalog, title by title; it appears under its name only when it is whole and sound.

        media   is given the folder when the titles are in it, to put `media/` there before anyone sees it
        former  catalogs of the same modalities and dtype whose titles come first; their vectors are linked, not copied

        Raises InputError for a title that breaks a rule, and leaves nothing behind.
        """
        path = Path(path)
        with _new_catalog(path, replace=replace) as folder:
            writer = CatalogWriter(folder, tuple(modalities), dtype, max_shard_bytes)
            for catalog in former:
                writer.take_over(catalog, max(c.global_dim for c in former))
            for title in titles:
                writer.add(title)
            writer.finish(dict(provenance or {}))
            _keep_what_belongs_to_titles(path, folder)
            if media is not None:
                media(folder)
            if writer.coverage is not None:
                coverage.keep(folder, Catalog.open(folder).fingerprint, writer.coverage)
        return Catalog.open(path)

    def write_vectors(
        self,
        path: str | Path,
        blocks: Iterable[np.ndarray],
        *,
        modalities: Sequence[Modality],
        dtype: str = "float32",
        provenance: Mapping[str, Any] | None = None,
        replace: bool = False,
    ) -> Catalog:
        """Write a catalog of the same titles and shots with other vectors; its tables are linked, not copied.

        blocks  (n, D) of consecutive shots in embedding order, cut anywhere; held one at a time

        Raises InputError for vectors that break a rule, or are too few or too many, and leaves nothing behind.
        """
        with _new_catalog(Path(path), replace=replace) as folder:
            shards, covered = ShardWriter(folder, sum(m.dim for m in modalities), dtype), Coverage(modalities)
            for row, vectors in enumerate(cut_again(blocks, self.shot_counts)):
                stored = checked_embeddings(self.title_at(row).title_id, vectors, modalities, dtype)
                covered.see(row, to_float32(stored))
                shards.append(stored)
            shards.close()
            for name in ("titles.parquet", "shots.parquet", *(["global.npy"] if self.global_dim else [])):
                files.link_or_copy(self.path / name, folder / name)
            write_header(folder, modalities, dtype, self.global_dim, provenance or {})
            _keep_what_belongs_to_titles(Path(path), folder)
            coverage.keep(folder, Catalog.open(folder).fingerprint, covered)
        return Catalog.open(path)

    def __len__(self) -> int:
        return len(self.titles)

    def __getitem__(self, title_id: str) -> Title:
        if title_id not in self._index:
            raise InputError(f"{self.path} has no title {title_id!r}; {did_you_mean(title_id, self._index, at_most=5)}")
        return Title(self, self._index[title_id])

    def __contains__(self, title_id: object) -> bool:
        return title_id in self._index

    def __iter__(self) -> Iterator[Title]:
        return (Title(self, i) for i in range(len(self)))

    def title_at(self, row: int) -> Title:
        """The title of a row of titles.parquet."""
        return Title(self, row)

    @cached_property
    def shot_counts(self) -> np.ndarray:
        """(titles,) int64, how many shots each title has."""
        return self.titles["num_shots"].to_numpy(np.int64)

    @cached_property
    def first_shots(self) -> np.ndarray:
        """(titles,) int64, the row of each title's first shot."""
        return self.titles["first_shot"].to_numpy(np.int64)

    def column(self, name: str) -> np.ndarray:
        """(titles,) a column of titles.parquet; a row of a DataFrame takes a hundred times as long to look up."""
        if name not in self._columns:
            self._columns[name] = self.titles[name].to_numpy()
        return self._columns[name]

    def split(self, name: str) -> list[Title]:
        """The titles of one split, in file order; InputError for a name that is no split."""
        if name not in SPLITS:
            raise InputError(f"split is {name!r}, but must be one of {', '.join(SPLITS)}")
        return [Title(self, int(i)) for i in np.flatnonzero(self.titles["split"] == name)]

    @property
    def shard_files(self) -> list[Path]:
        """The files that hold the vectors, in order."""
        return sorted(self.path.glob("shots-*.npy"))

    @property
    def num_shots(self) -> int:
        """Over all titles."""
        return int(self._shard_starts[-1])

    @cached_property
    def global_vectors(self) -> np.ndarray | None:
        """(titles, G), mapped; None where the catalog has none."""
        return map_globals(self.path / "global.npy", len(self), self.global_dim)

    @cached_property
    def shot_times(self) -> ShotTimes:
        """Rows [start, stop) of it are the seconds at which these shots start and end, (n, 2) float32, NaN where unknown."""
        columns = ["start_s", "end_s"]
        return ShotTimes(lambda start, stop: self.read_shots(start, stop, columns)[columns].to_numpy(), self.num_shots)

    @property
    def global_meaning(self) -> dict[str, Any]:
        """What the metadata embeddings are made of, by name; empty where that is not known.

        A list is the vocabulary of a category, {"mean", "deviation"} the scaling of a number, {"text", "dim"} the encoder
        of a text, and {"vectors"} the width of vectors made elsewhere.
        """
        if not self.global_dim or "global" in self.provenance:
            return dict(self.provenance.get("global") or {})
        words = next((m for m in self.modalities if m.name == "text" and m.dim == self.global_dim), None)
        if "ingest" not in self.provenance or words is None:
            return {}
        return {"description": {"text": words.encoder, "dim": words.dim}}  # `msm ingest` encodes it as it does words

    def with_global_vectors(self, vectors: np.ndarray, meaning: Mapping[str, Any]) -> Catalog:
        """The same catalog, on disk unchanged, with other metadata embeddings for its titles.

        vectors  (titles, G) float32
        meaning  what the G columns are made of, as in `provenance["global"]`
        """
        other = copy.copy(self)
        other.__dict__ |= {
            "global_vectors": vectors,
            "fingerprint": self.fingerprint,
        }  # the fingerprint is that of the files
        other.global_dim = vectors.shape[1]
        other.provenance = {**self.provenance, "global": dict(meaning)}
        return other

    def read_rows(self, start: int, stop: int, step: int = 1) -> np.ndarray:
        """(stop − start, D) float32, copied out of the map; with a step every `step`-th row from `start` on."""
        rows = np.empty((-(-(stop - start) // step), self.shot_dim), dtype=np.float32)
        for shard, first in zip(self._shards, self._shard_starts, strict=False):
            low, high = max(start, first), min(stop, first + len(shard))
            low += (start - low) % step
            if low < high:
                here = slice((low - start) // step, (high - start - 1) // step + 1)
                rows[here] = to_float32(shard[low - first : high - first : step])
                release_rows(shard, low - first, high - first)
        return rows

    def take(self, rows: np.ndarray) -> np.ndarray:
        """(n, D) float32: single rows from anywhere, in the order asked for."""
        rows = np.asarray(rows, dtype=np.int64)
        taken = np.empty((len(rows), self.shot_dim), dtype=np.float32)
        for shard, first in zip(self._shards, self._shard_starts, strict=False):
            inside = np.flatnonzero((rows >= first) & (rows < first + len(shard)))
            if len(inside):
                taken[inside] = to_float32(shard[rows[inside] - first])
        self._taken += len(rows)
        if self._taken > MOST_TAKEN:
            self._taken = 0
            for shard in self._shards:
                release_rows(shard, 0, len(shard))
        return taken

    def present(self, embeddings: np.ndarray) -> np.ndarray:
        """(N, M) bool for (N, D) vectors of this catalog: which modalities each shot has."""
        return np.stack([embeddings[:, m.columns].any(axis=1) for m in self.modalities], axis=1)

    def read_shots(self, start: int = 0, stop: int | None = None, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Rows [start, stop) of shots.parquet, of all columns or some; only the row groups that hold them are read."""
        path = self.path / "shots.parquet"
        file = open_parquet(path)
        stop = self.num_shots if stop is None else min(stop, self.num_shots)
        groups, first_row, row = [], None, 0
        with reading(path, "Parquet"):
            for g in range(file.num_row_groups):
                rows = file.metadata.row_group(g).num_rows
                if row < stop and row + rows > start:
                    groups.append(g)
                    first_row = row if first_row is None else first_row
                row += rows
            table = read_bounded(path, file, columns, groups)
            if stop - start < len(table):  # copied: a slice would keep the words of all its row groups
                table = table.take(pa.array(np.arange(start, stop) - (first_row or 0)))
            return checked_frame(table).reset_index(drop=True)

    @cached_property
    def shot_labels(self) -> list[str]:
        """Columns of shots.parquet beyond the format's own."""
        names = open_parquet(self.path / "shots.parquet").schema_arrow.names
        return [n for n in names if n not in SHOT_COLUMNS + SHOT_OPTIONAL]

    @property
    def title_labels(self) -> list[str]:
        """Columns of the titles beyond those of the format."""
        return labels_among(self.titles.columns)

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits of what the files hold: the tables whole, of large files evenly spaced samples.

        Where it came from is left out: the same source imported on another day is the same catalog, and so are the
        same films read from another folder.
        """
        digest = hashlib.sha256(repr((self.modalities, self.dtype, self.global_dim)).encode())
        for file in sorted([*self.path.glob("*.parquet"), *self.path.glob("*.npy")]):
            digest.update(file.name.encode())
            if file.name == "titles.parquet" and tells_sources(self.titles):
                digest_table(self.titles.drop(columns=list(SOURCE_COLUMNS)), digest)
            else:
                files.digest_file(file, digest)
        return digest.hexdigest()[:16]

    def problems(self, on_title: Callable[[Title, np.ndarray], None] | None = None) -> Iterator[str]:
        """Every rule that the contents break, a sentence each: file, row, rule. Reads all vectors.

        on_title  is called with each title and its (N, D) vectors, for who wants to look at them on the way
        """
        return soundness.problems(self, on_title)

    def validate(
        self, progress: Callable[[int, int], None] = lambda done, total: None, *, again: bool = False
    ) -> Coverage:
        """Check every rule, and say what the vectors cover; InputError with the first rule that is broken.

        Everything is read once: nothing is of a catalog that `msm` wrote or validated before, and that has its fingerprint
        still. The result is kept in the catalog's folder, if that may be written.

        progress  called with (titles read, titles in all)
        again     read everything in any case
        """
        if self.coverage is not None and not again:
            return self.coverage
        self.coverage = soundness.checked(self, progress)
        coverage.keep(self.path, self.fingerprint, self.coverage)
        return self.coverage

    @cached_property
    def coverage(self) -> Coverage | None:
        """What is known of the vectors since the catalog was written or checked; None where nobody looked yet."""
        return coverage.kept(self.path, self.fingerprint, self.modalities, len(self))


@contextmanager
def _new_catalog(path: Path, *, replace: bool) -> Iterator[Path]:
    """A folder that becomes the catalog `path` when it is whole."""
    if path.exists() and any(path.iterdir() if path.is_dir() else [path]) and not (path / "catalog.json").exists():
        raise InputError(f"{path} exists and is no catalog, so it is not replaced; choose another name")
    with files.whole_folder(path, replace=replace) as folder:
        yield folder


def _keep_what_belongs_to_titles(path: Path, folder: Path) -> None:
    """Copy maps, notes and reports of the catalog that is replaced: most of its titles may still be these."""
    for name in ("maps", notes.FOLDER):
        if (path / name).is_dir():
            shutil.copytree(path / name, folder / name, ignore=shutil.ignore_patterns(".*"))
    for name in (INGEST_REPORT, ENCODER_PLACES):
        if (path / name).is_file():
            shutil.copyfile(path / name, folder / name)


def cut_again(blocks: Iterable[np.ndarray], counts: Iterable[int]) -> Iterator[np.ndarray]:
    """Blocks of rows that were cut anywhere, cut into `counts` rows each; InputError for too few or too many rows."""
    waiting, source = np.zeros((0, 0)), iter(blocks)
    for count in map(int, counts):
        parts, missing = [], count
        while missing:
            while not len(waiting):
                found = next(source, None)
                if found is None:
                    raise InputError(f"there are vectors for too few shots: {missing} are missing in a title")
                waiting = found
            parts.append(waiting[:missing])
            waiting = waiting[len(parts[-1]) :]
            missing -= len(parts[-1])
        yield parts[0] if len(parts) == 1 else np.concatenate(parts)
    if len(waiting) or any(len(block) for block in source):
        raise InputError("there are vectors for more shots than the titles have")
