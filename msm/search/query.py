"""Ask an index: for shots like these and not like those, or like a vector that was predicted or encoded.

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

AGAINST = 0.5  # weight of "not those": half of "like these", so that the answer stays about these
ALIKE = 0.98  # centred cosine from which two found shots count as one
BLOCK, TIE = 8192, 1e-6
WIDENING = 4  # times as many are looked for where duplicates collapsed


@dataclass(frozen=True)
class Answer:
    """What was found.

    table       a row a shot, the nearest first: place, row (of the catalog), title_id, name, split, shot, start_s,
                end_s, text, score (centred cosine to the query), copies (near-identical ones that it stands for)
    labels      the same rows: the labels of shots, and of their titles, as the catalog calls them
    candidates  shots that the filters left
    took_ms     for the search itself
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
) -> Answer:
    """The K shots nearest to a query, which are never those that it is made of.

    like, unlike  rows of the catalog
    vector        (W,) of the finder's space, in the place of `like`
    about         rows that a vector stands for: "not the same title" means theirs; they may be found
    alike         cosine from which two found shots are shown as one; above 1 = show them all

    Fewer than K where the filters leave fewer. InputError for a query that has nothing to compare.
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
    return Answer(*shots_of(finder.catalog, found), candidates, round(took, 3), finder)


def query_vector(finder: Finder, like: Sequence[int], unlike: Sequence[int] = ()) -> np.ndarray:
    """(W,): the mean of these, less half of the mean of those. InputError where nothing is left to compare."""
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
    """1 = no shot of the catalog is nearer to a query (W,) than this one. Reads every vector."""
    own = float(finder.space.read(np.array([row]))[0] @ query)
    nearer = 0
    for start in range(0, finder.space.num, BLOCK):
        block = finder.space.read_range(start, min(start + BLOCK, finder.space.num))
        nearer += int((block @ query > own + TIE).sum())
    return 1 + nearer


def _distinct(
    finder: Finder, query: np.ndarray, k: int, allowed: np.ndarray | None, candidates: int, alike: float
) -> pd.DataFrame:
    """row, score, copies: wider and wider, until K different ones are there or there are no more."""
    wide = min(k if alike > 1 else 2 * k, candidates)
    while True:
        scores, rows = finder.index.search(query[None], max(wide, 1), allowed)
        there = rows[0] >= 0
        found = collapse(finder, rows[0][there], scores[0][there], alike)
        if len(found) >= k or wide >= candidates or there.sum() < wide:
            return found.head(k)
        wide = min(WIDENING * wide, candidates)


def collapse(finder: Finder, rows: np.ndarray, scores: np.ndarray, alike: float) -> pd.DataFrame:
    """(n,) rows with (n,) scores, near-identical shots as one, the nearest of them: row, score, copies."""
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
    """What is known of found shots, in their order, as `Answer.table` and `Answer.labels`; only what holds them is read.

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
    said = shots["text"].fillna("").astype(str).to_numpy() if "text" in shots else ""
    table = table.assign(text=said, score=found["score"].to_numpy(float), copies=found["copies"].to_numpy(int))
    labels = shots.drop(columns=[c for c in (*SHOT_COLUMNS, *SHOT_OPTIONAL) if c in shots])
    of_title = [c for c in catalog.title_labels if c not in labels]
    return table, labels.join(titles[of_title])


def read_rows_of_table(catalog: Catalog, rows: np.ndarray) -> pd.DataFrame:
    """(n,) rows of shots.parquet in the order asked for; of the file only the row groups that hold them."""
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


def as_records(answer: Answer) -> dict[str, Any]:
    """An answer as plain JSON values: index, candidates, took_ms, results."""
    results = json.loads(answer.table.to_json(orient="records"))
    labels = json.loads(answer.labels.to_json(orient="records"))
    results = [{**row, "labels": known} for row, known in zip(results, labels, strict=True)]
    return {
        "index": answer.finder.facts(),
        "candidates": answer.candidates,
        "took_ms": answer.took_ms,
        "results": results,
    }
