"""A table of shards with a row a shot, vectors among its columns, as titles.

Where the rows of each title stand together, however many shards they cross, vectors are read once and go straight
into the catalog. Where they are scattered, vectors and labels are first copied to temporary files in `spool`, and each
title is picked from there. Either way memory holds one title and a few numbers a row.
Shape letters: R rows of all shards, N shots of a title.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from msm.data.names import split_of
from msm.data.reader import checked_frame
from msm.data.schema import check_title_id
from msm.errors import InputError
from msm.importers.columns import Columns, agreed_columns, dense, width_of
from msm.importers.format import FormatOptions
from msm.importers.shards import Shard, rows_at_once
from msm.importers.source import DERIVED, Entry, parse_columns, slugs
from msm.importers.spool import SpooledRows
from msm.importers.title_index import TitleIndex

TITLE_NAMES = ("title_id", "title")
ALWAYS_OF_SHOTS = ("start_s", "end_s", "text")
Piece = tuple[dict[str, np.ndarray], pd.DataFrame]


class TableSource:
    """See `Source`. Titles are read in the order of `entries`."""

    def __init__(self, shards: Sequence[Shard], options: FormatOptions):
        self._shards, self._columns = shards, agreed_columns(shards)
        self.where, self._spool = shards[0].where, options.spool
        self._cuts = _cuts(self.where, self._columns, options.modalities)
        self._vectors = list(dict.fromkeys(name for name, _ in self._cuts.values()))
        title = _find_column(self.where, self._columns, options.title_column, TITLE_NAMES, "--title-column")
        self._index = self._indexed(title, options.shot_column)
        widths = {name: width_of(shards, name) for name in self._vectors}
        self.dims = {m: _width(self.where, m, *cut, widths[cut[0]]) for m, cut in self._cuts.items()}
        self.dtypes = {m: self._columns.vectors[column] for m, (column, _) in self._cuts.items()}
        self._widths = widths
        self.dropped = [f"column {n!r}, which is no plain value" for n in self._columns.dropped]
        self._of_shots = self._shot_columns(title)
        self.entries = self._entries(makes_ids=title != "title_id")
        self._titles: Iterator[Piece] | None = None
        self._next = 0  # the title that is read next

    def read(self, entry: Entry) -> Piece:
        """The next title: its blocks by modality, and its labels of shots."""
        if self._titles is None:
            self._titles = self._grouped() if self._index.is_grouped else self._scattered()
        vectors, shots = next(self._titles)
        self._next += 1
        return {m: vectors[column][:, cut] for m, (column, cut) in self._cuts.items()}, shots

    @property
    def is_grouped(self) -> bool:
        """Whether the rows of each title stand together."""
        return self._index.is_grouped

    def start_at(self, number: int) -> None:
        """Let `read` go on at this title. Shards before it are not read, nor are rows twice that lie ahead in the same shard."""
        if not self._index.is_grouped:
            self._titles, self._next = None, 0
            return
        rows = [self._index.first_row(n) for n in (self._next, number)] if self._next <= number else [0, 0]
        if self._titles is None or self._next > number or len({self._index.rows.shard(row) for row in rows}) > 1:
            self._titles, self._next = self._grouped(number), number
        for _ in range(self._next, number):
            next(self._titles)
        self._next = number

    def place(self, entry: Entry, shot: int) -> str:
        """Where a shot of a title stands: shard and row."""
        return self._index.rows.place(int(self._index.of_title(entry.key)[shot]))

    def _indexed(self, title: str, shot_column: str | None) -> TitleIndex:
        names = self._columns.plain.names
        if shot_column is not None:
            shot: str | None = _find_column(self.where, self._columns, shot_column, (), "--shot-column")
        else:
            shot = next((c for c in ("shot", "scene") if c in names), None)
        if_unique = shot_column is None and shot == "scene"
        left_out = (*ALWAYS_OF_SHOTS, *DERIVED, title, "" if if_unique else shot)
        labels = [c for c in names if c not in left_out and not _is_index(c)]
        return TitleIndex(self._shards, self._columns, title=title, shot=shot, labels=labels, if_unique=if_unique)

    def _shot_columns(self, title: str) -> dict[str, str]:
        """Columns that are labels of shots → their names in the catalog."""
        index, kept = self._index, {}
        for name in self._columns.plain.names:
            if name == index.shot:
                if index.shots_are_counted:
                    self.dropped.append(f"column {name!r}, which only counts the shots")
                elif name != title:
                    kept[name] = "source_shot" if name == "shot" else name
            elif name in DERIVED or _is_index(name):
                self.dropped.append(f"column {name!r}, which the catalog numbers or derives itself")
            elif name != title and name not in index.constant:
                kept[name] = "source_shot" if name == "shot" else name
        return kept

    def _entries(self, *, makes_ids: bool) -> list[Entry]:
        """A title each, with the columns that are constant within every title as its labels."""
        constant, names = self._index.constant, self._index.names
        if "split" in self._columns.plain.names and "split" not in constant:
            raise InputError(f"{self.where}: {self._split_twice()} is in several splits; splits are by title")
        ids = slugs(names) if makes_ids else names
        entries = []
        for key, name in enumerate(names):
            labels: dict[str, Any] = {column: values[key] for column, values in constant.items()}
            check_title_id(ids[key], f"{self.where}: ")
            split = split_of(labels.pop("split", None), f"{self.where}, title {name!r}")
            shown = name if makes_ids else _text(labels.pop("name", None)) or _text(labels.pop("title", None))
            entries.append(Entry(title_id=ids[key], name=shown, split=split, labels=labels, key=key))
        return entries

    def _split_twice(self) -> str:
        """The first title whose rows name two splits."""
        frames = (f for _, f in self._batches([], ["split"]))
        splits, first = pd.concat(frames)["split"].to_numpy(), 0
        for first in range(len(self._index.names)):
            if len(pd.unique(splits[self._index.of_title(first)])) > 1:
                break
        return f"title {self._index.names[first]!r}"

    def _grouped(self, number: int = 0) -> Iterator[Piece]:
        """Titles one after another from this one on, each from one stretch of rows."""
        waiting, have = list[Piece](), 0
        before = self._index.first_row(number)
        for vectors, shots in self._batches(self._vectors, list(self._of_shots), before):
            first, rows = 0, len(shots)
            while first < rows:
                take = min(self._index.count(number) - have, rows - first)
                piece = slice(first, first + take)
                waiting.append(({n: block[piece] for n, block in vectors.items()}, shots.iloc[piece]))
                first, have = first + take, have + take
                if have == self._index.count(number):
                    yield self._ordered(number, waiting)
                    number, waiting, have = number + 1, [], 0

    def _ordered(self, number: int, pieces: Sequence[Piece]) -> Piece:
        rows = self._index.of_title(number)
        vectors = {n: _joined([blocks[n] for blocks, _ in pieces]) for n in self._vectors}
        shots = pieces[0][1] if len(pieces) == 1 else pd.concat([s for _, s in pieces])
        if (np.diff(rows) != 1).any():
            rows = rows - rows.min()
            vectors, shots = {n: block[rows] for n, block in vectors.items()}, shots.iloc[rows]
        return vectors, self._named(shots.reset_index(drop=True))

    def _named(self, shots: pd.DataFrame) -> pd.DataFrame:
        """The same with the names that columns have in the catalog."""
        renamed = any(name != kept for name, kept in self._of_shots.items())
        return shots.rename(columns=self._of_shots) if renamed else shots

    def _scattered(self) -> Iterator[Piece]:
        """Titles one after another, each picked from copies of the columns."""
        kinds = {n: (self._widths[n], self._columns.vectors[n]) for n in self._vectors}
        schema = pa.schema([self._columns.plain.field(n) for n in self._of_shots])
        with SpooledRows(self._spool, kinds, schema) as spooled:
            for vectors, table in self._arrow_batches(self._vectors, list(self._of_shots)):
                spooled.append(vectors, table)
            for number in range(len(self._index.names)):
                rows = self._index.of_title(number)
                shots = checked_frame(spooled.table(rows)) if self._of_shots else pd.DataFrame(index=range(len(rows)))
                yield {n: spooled.vectors(n, rows) for n in self._vectors}, self._named(shots)

    def _batches(self, vectors: list[str], plain: list[str], before: int = 0) -> Iterator[Piece]:
        for blocks, batch in self._arrow_batches(vectors, plain, before):
            table = pa.Table.from_batches([batch])
            yield blocks, checked_frame(table) if plain else pd.DataFrame(index=range(table.num_rows))

    def _arrow_batches(
        self, vectors: list[str], plain: list[str], before: int = 0
    ) -> Iterator[tuple[dict[str, np.ndarray], pa.RecordBatch]]:
        """All rows but the first `before`, batch by batch: (rows, width) of each column of vectors, and the plain columns."""
        rows_of = self._index.rows
        ends = [*rows_of.starts[1:], self._index.num_rows]
        for shard, start, end in zip(self._shards, rows_of.starts, ends, strict=True):
            if end <= before:
                continue
            row = 0
            rows = rows_at_once(shard.schema, [self._widths[n] for n in vectors])
            for whole in shard.batches([*vectors, *plain] or shard.schema.names[:1], rows):
                cut = min(whole.num_rows, max(0, before - start - row))
                batch, row = whole.slice(cut), row + cut
                if not batch.num_rows:
                    continue
                blocks = {
                    n: dense(batch.column(n), self._widths[n], self._columns.vectors[n], shard.where, n, row)
                    for n in vectors
                }
                yield blocks, self._columns.plain_values(batch.select(plain)) if plain else batch
                row += batch.num_rows


def _joined(blocks: list[np.ndarray]) -> np.ndarray:
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def _cuts(where: str, columns: Columns, modalities: Mapping[str, str]) -> dict[str, tuple[str, slice]]:
    """Modality → the column of vectors that it is made of, and which part of it."""
    cuts = {name: parse_columns(array) for name, array in modalities.items()}
    for name, (column, _) in cuts.items():
        if column not in columns.vectors:
            there = f"; there is {', '.join(columns.vectors)}" if columns.vectors else ""
            raise InputError(
                f"{where}: column {column!r}, of which {name!r} is made, is missing or holds no lists of numbers{there}"
            )
    if not cuts:
        chosen = ["embedding"] if "embedding" in columns.vectors else list(columns.vectors)
        cuts = {name: (name, slice(None)) for name in chosen}
    if not cuts:
        raise InputError(f"{where}: column 'embedding', a list of numbers a row, is missing")
    return cuts


def _width(where: str, modality: str, column: str, cut: slice, width: int) -> int:
    start, stop = cut.start or 0, width if cut.stop is None else cut.stop
    if stop > width or stop <= start:
        raise InputError(f"{where}: {modality!r} is {column}[{start}:{stop}], but {column!r} is {width} wide")
    return stop - start


def _find_column(where: str, columns: Columns, given: str | None, usual: Sequence[str], option: str) -> str:
    names = columns.plain.names
    found = given if given is not None else next((c for c in usual if c in names), None)
    if found is None or found not in names:
        wanted = repr(found) if found else " or ".join(map(repr, usual))
        raise InputError(
            f"{where}: column {wanted} is missing; name another with {option} (there are {', '.join(names)})"
        )
    return found


def _is_index(name: str) -> bool:
    """Is it the index that pandas writes beside a frame?"""
    return name.startswith("__index_level_")


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)
