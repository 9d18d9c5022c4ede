"""Search an index with shots as positive and negative examples, or with a vector that was predicted or encoded.

Shape letters: N shots of a catalog, W width of a space, K results.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from msm.data.catalog import Catalog
from msm.data.fusion import unit
from msm.data.schema import SHOT_COLUMNS, SHOT_OPTIONAL
from msm.errors import InputError
from msm.search.filters import Filters, allowed_rows, title_of_rows
from msm.search.index_store import Finder

AGAINST = 0.5  # weight of the negative examples against the positive ones
ALIKE = 0.98  # centred cosine from which two found shots count as duplicates
BLOCK, TIE = 8192, 1e-6
WIDENING = 4  # factor by which the number of neighbours grows where too many were duplicates


@dataclass(frozen=True)
class SearchResult:
    """The shots that a search found.

    table       a row a shot, the nearest first: place, row (of the catalog), title_id, name, split, shot, start_s,
                end_s, text, score (centred cosine to the query), copies (number of its duplicates, which are left out)
    labels      the same rows: the labels of shots, and of their titles, as the catalog calls them
    candidates  number of shots that passed the filters
    took_ms     milliseconds of the search itself
    """

    table: pd.DataFrame
    labels: pd.DataFrame
    candidates: int
    took_ms: float
    finder: Finder

    @property
    def rows(self) -> list[int]:
        """The found shots, as rows of the catalog, the nearest first."""
        return self.table["row"].tolist()


def nearest(
    finder: Finder,
    like: Sequence[int] = (),
    unlike: Sequence[int] = (),
    *,
    vector: np.ndarray | None = None,
    about: Sequence[int] = (),
    filters: Filters | None = None,
    k: int = 10,
    alike: float = ALIKE,
) -> SearchResult:
    """The K shots nearest to a query. The shots of the query itself are left out.

    like, unlike  rows of the catalog: positive and negative examples
    vector        (W,) of the finder's space, instead of `like`
    about         rows that a vector stands for, to which `Filters.not_same_title` refers; they may be found
    alike         cosine from which two found shots count as duplicates; above 1 = keep all

    Fewer than K where the filters leave fewer. Raises InputError for a query whose vector is zero.
    """
    query = vector if vector is not None else query_vector(finder, like, unlike)
    if k < 1:
        raise InputError(f"{k} shots are asked for; ask for at least one")
    named = np.unique(np.asarray([*like, *unlike], dtype=np.int64))
    allowed = allowed_rows(finder.catalog, filters or Filters(), [*like, *about])
    if len(named):
        allowed = np.ones(finder.space.num, dtype=bool) if allowed is None else allowed
        allowed[named] = False
    candidates = finder.space.num if allowed is None else int(allowed.sum())
    began = time.perf_counter()
    found = _distinct(finder, query, k, allowed, candidates, alike)
    took = 1000 * (time.perf_counter() - began)
    return SearchResult(*shots_of(finder.catalog, found), candidates, round(took, 3), finder)


def query_vector(finder: Finder, like: Sequence[int], unlike: Sequence[int] = ()) -> np.ndarray:
    """(W,) the mean of the positive examples less AGAINST times that of the negative ones. InputError where it is zero."""
    if not len(like):
        raise InputError("nothing is asked for; name at least one shot")
    vectors = finder.space.read(np.asarray(like, dtype=np.int64))
    if not vectors.any():
        one = "this shot has" if len(like) == 1 else "these shots have"
        raise InputError(f"{one} nothing to compare in {finder.space.words}")
    query = unit(vectors.mean(axis=0))
    if len(unlike):
        query = query - AGAINST * unit(finder.space.read(np.asarray(unlike, dtype=np.int64)).mean(axis=0))
    if not np.linalg.norm(query) > 1e-6:
        raise InputError("the shots asked for cancel out: nothing is like all of them")
    return np.asarray(unit(query), dtype=np.float32)


def rank_of(finder: Finder, query: np.ndarray, row: int) -> int:
    """Rank of a shot among all shots of the catalog by cosine to a query (W,), from 1. Reads every vector."""
    own = float(finder.space.read(np.array([row]))[0] @ query)
    nearer = 0
    for start in range(0, finder.space.num, BLOCK):
        block = finder.space.read_range(start, min(start + BLOCK, finder.space.num))
        nearer += int((block @ query > own + TIE).sum())
    return 1 + nearer


def _distinct(
    finder: Finder, query: np.ndarray, k: int, allowed: np.ndarray | None, candidates: int, alike: float
) -> pd.DataFrame:
    """row, score, copies of K different shots; more neighbours are searched until there are K, or no more."""
    wide = min(k if alike > 1 else 2 * k, candidates)
    while True:
        scores, rows = finder.index.search(query[None], max(wide, 1), allowed)
        there = rows[0] >= 0
        found = collapse(finder, rows[0][there], scores[0][there], alike)
        if len(found) >= k or wide >= candidates or there.sum() < wide:
            return found.head(k)
        wide = min(WIDENING * wide, candidates)


def collapse(finder: Finder, rows: np.ndarray, scores: np.ndarray, alike: float) -> pd.DataFrame:
    """(n,) rows with (n,) scores → row, score, copies: of near-identical shots the first one, with the number of others."""
    if alike > 1 or len(rows) < 2:
        return pd.DataFrame({"row": rows, "score": scores, "copies": 0})
    vectors = finder.space.read(rows)
    kept: list[int] = []
    copies = np.zeros(len(rows), dtype=int)
    for i in range(len(rows)):
        same = vectors[kept] @ vectors[i] >= alike if kept else np.zeros(0, dtype=bool)
        if same.any():
            copies[kept[int(same.argmax())]] += 1
        else:
            kept.append(i)
    return pd.DataFrame({"row": rows[kept], "score": scores[kept], "copies": copies[kept]})


def shots_of(catalog: Catalog, found: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`SearchResult.table` and `SearchResult.labels` of found shots, in their order. Reads only the row groups that hold them.

    found  row, score, copies
    """
    rows = found["row"].to_numpy(dtype=np.int64)
    shots = read_rows_of_table(catalog, rows)
    titles = catalog.titles.iloc[title_of_rows(catalog, rows)].reset_index(drop=True)
    table = pd.DataFrame({"place": np.arange(len(rows)) + 1, "row": rows})
    for column in ("title_id", "name", "split"):
        table[column] = titles[column].astype(str).to_numpy()
    for column in ("shot", "start_s", "end_s"):
        table[column] = shots[column].to_numpy()
    text = shots["text"].fillna("").astype(str).to_numpy() if "text" in shots else ""
    table = table.assign(text=text, score=found["score"].to_numpy(float), copies=found["copies"].to_numpy(int))
    labels = shots.drop(columns=[c for c in (*SHOT_COLUMNS, *SHOT_OPTIONAL) if c in shots])
    of_title = [c for c in catalog.title_labels if c not in labels]
    return table, labels.join(titles[of_title])


def read_rows_of_table(catalog: Catalog, rows: np.ndarray) -> pd.DataFrame:
    """(n,) rows of shots.parquet in the order given. Reads only the row groups that hold them."""
    file = pq.ParquetFile(catalog.path / "shots.parquet")
    ends = np.cumsum([file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)])
    groups = np.unique(np.searchsorted(ends, rows, side="right")) if len(rows) else np.zeros(1, dtype=int)
    starts = np.r_[0, ends][groups]
    sizes = ends[groups] - starts
    table = file.read_row_groups([int(g) for g in groups])
    which = np.searchsorted(groups, np.searchsorted(ends, rows, side="right"))
    place = rows - starts[which] + (np.cumsum(sizes) - sizes)[which] if len(rows) else np.zeros(0, dtype=np.int64)
    return table.take(pa.array(place)).to_pandas(ignore_metadata=True).reset_index(drop=True)


def row_of(catalog: Catalog, name: str) -> int:
    """`TITLE:NUMBER` as a row of the catalog; InputError for anything that is no shot of it."""
    title_id, _, number = name.rpartition(":")
    if not title_id or not number.strip().isdecimal():
        raise InputError(f"{name!r} is no shot; write TITLE:NUMBER, for example harbour-lights:40")
    title = catalog[title_id]
    if int(number) >= title.num_shots:
        raise InputError(f"there is no shot {int(number)}: {title_id} has shots 0 to {title.num_shots - 1}")
    return int(title.row["first_shot"]) + int(number)


def as_records(result: SearchResult) -> dict[str, Any]:
    """A result as plain JSON values: index, candidates, took_ms, results."""
    results = json.loads(result.table.to_json(orient="records"))
    results = [{**row, "labels": known} for row, known in zip(results, label_records(result.labels), strict=True)]
    return {
        "index": result.finder.facts(),
        "candidates": result.candidates,
        "took_ms": result.took_ms,
        "results": results,
    }


def label_records(labels: pd.DataFrame) -> list[dict[str, Any]]:
    """The labels of each row as plain JSON values; pandas writes no row at all where there are no labels."""
    return json.loads(labels.to_json(orient="records")) if len(labels.columns) else [{} for _ in range(len(labels))]
