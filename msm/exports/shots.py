"""What is exported of a catalog: a table of shots, their vectors, and where their thumbnails are.

Shape letters: N exported shots, n shots of one title, W width of a vector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from msm.data.catalog import Catalog, Title
from msm.data.fusion import fuse
from msm.data.reader import open_parquet
from msm.errors import InputError
from msm.inference.run import Run
from msm.search.contextual_space import contextual_space
from msm.search.spaces import DEFAULT_FUSION, RawSpace

OF_TITLES = ("name", "split")  # and the labels of titles
VECTOR = "embedding"


@dataclass(frozen=True)
class ShotBatch:
    """The exported shots of one title."""

    title: Title
    table: pa.Table  # n rows, of `Shots.schema`
    vectors: np.ndarray  # (n, W) float32
    thumbnails: list[Path | None]  # n files, None where a shot has none


@dataclass(frozen=True)
class Shots:
    """Shots of a catalog in embedding order; iterating gives a batch a title, so that memory holds one title.

    run       its contextual embeddings are exported; None = the embeddings of the catalog, fused to unit length
    rows      (N,) rows of the catalog, ascending; None = all
    centred   vectors as the app's search compares them: less the mean of the training shots, of unit length
    progress  called with shots done and shots in all
    """

    catalog: Catalog
    run: Run | None = None
    rows: np.ndarray | None = None
    centred: bool = False
    progress: Callable[[int, int], object] = field(default=lambda done, total: None, compare=False)

    def __post_init__(self) -> None:
        if self.run is not None:
            self.run.check_fits(self.catalog)
        if self.rows is not None and not len(self.rows):
            raise InputError("no shot is selected, so there is nothing to export")

    def __len__(self) -> int:
        return self.catalog.num_shots if self.rows is None else len(self.rows)

    @property
    def width(self) -> int:
        """W"""
        return self.catalog.shot_dim if self.run is None else self.run.model.contextual_width

    @cached_property
    def chosen(self) -> np.ndarray:
        """(N,) rows of the catalog."""
        return np.arange(self.catalog.num_shots) if self.rows is None else self.rows

    @cached_property
    def schema(self) -> pa.Schema:
        """Columns: id (row of the catalog), those of shots.parquet, and name, split and labels of the title."""
        held = _plain(open_parquet(self.catalog.path / "shots.parquet").schema_arrow)
        titles = _plain(open_parquet(self.catalog.path / "titles.parquet").schema_arrow)
        wanted = [*OF_TITLES, *self.catalog.title_labels]
        of_titles = [
            f for f in titles if f.name in wanted and f.name not in held.names and f.name not in ("id", VECTOR)
        ]
        return pa.schema([("id", pa.int64()), *(f for f in held if f.name not in ("id", VECTOR)), *of_titles])

    @property
    def schema_with_vectors(self) -> pa.Schema:
        """`schema` and the column `embedding`, a list of W float32 of fixed length."""
        return self.schema.append(pa.field(VECTOR, pa.list_(pa.float32(), self.width)))

    @property
    def described(self) -> str:
        """Of which vectors, for a heading."""
        return "shots" if self.run is None else f"contextual embeddings of {self.run.path.name}"

    def __iter__(self) -> Iterator[ShotBatch]:
        read = self._reader()
        done = 0
        for title in self.catalog:
            first = int(self.catalog.first_shots[title.index])
            rows = self.chosen[
                np.searchsorted(self.chosen, first) : np.searchsorted(self.chosen, first + title.num_shots)
            ]
            if not len(rows):
                continue
            pictures = [title.thumbnail(int(row - first)) for row in rows] if title.has_thumbnails else []
            there: list[Path | None] = [p if p.is_file() else None for p in pictures] or [None] * len(rows)
            yield ShotBatch(title, self._table(title, rows), read(title, rows), there)
            done += len(rows)
            self.progress(done, len(self))

    def tables(self) -> Iterator[pa.Table]:
        """A table a title, of `schema_with_vectors`."""
        for batch in self:
            flat = pa.array(np.ascontiguousarray(batch.vectors, dtype=np.float32).ravel())
            vectors = pa.FixedSizeListArray.from_arrays(flat, self.width)
            columns = [*batch.table.columns, vectors]
            yield pa.table(dict(zip(self.schema_with_vectors.names, columns, strict=True)), self.schema_with_vectors)

    def vectors(self) -> np.ndarray:
        """(N, W) float32 of all shots, in memory."""
        return np.concatenate([batch.vectors for batch in self])

    def _reader(self) -> Callable[[Title, np.ndarray], np.ndarray]:
        """Vectors of rows of a title."""
        if self.centred:
            space: Any = RawSpace(self.catalog) if self.run is None else contextual_space(self.catalog, self.run)
            return lambda title, rows: space.read(rows)
        run = self.run
        if run is None:
            return lambda title, rows: fuse(self.catalog.take(rows), self.catalog.modalities, DEFAULT_FUSION)
        return lambda title, rows: run.contextual(title)[rows - int(self.catalog.first_shots[title.index])]

    def _table(self, title: Title, rows: np.ndarray) -> pa.Table:
        first = int(self.catalog.first_shots[title.index])
        frame = self.catalog.read_shots(first, first + title.num_shots).iloc[rows - first]
        columns = []
        for one in self.schema:
            if one.name == "id":
                values: Any = rows
            else:
                values = frame[one.name] if one.name in frame else [title.row[one.name]] * len(rows)
            columns.append(pa.array(values, type=one.type, from_pandas=True))
        return pa.table(columns, schema=self.schema)


def _plain(schema: pa.Schema) -> pa.Schema:
    """Without dictionaries and without metadata, which other tools stumble over."""
    types = [f.type.value_type if pa.types.is_dictionary(f.type) else f.type for f in schema]
    return pa.schema(
        [
            pa.field(f.name, pa.string() if pa.types.is_large_string(t) else t)
            for f, t in zip(schema, types, strict=True)
        ]
    )
