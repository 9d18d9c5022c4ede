"""Search with several shots in a row: for other stretches that are similar shot by shot.

Shape letters: L shots of the clip, N shots of a catalog, W width of a space.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pandas as pd

from msm.data.catalog import Catalog
from msm.data.ranges import parse_ranges
from msm.errors import InputError
from msm.search.filters import Filters, allowed_rows, title_of_rows
from msm.search.index_store import Finder
from msm.search.query import SearchResult, shots_of

BLOCK = 8192
PROPOSED = 200  # neighbours of each shot of the clip, where the index is not exact
MOST_STARTS = 2000  # of those that are then looked at shot by shot
LONGEST = 128


def like_clip(
    finder: Finder, clip: Sequence[int] | np.ndarray, *, filters: Filters | None = None, k: int = 10
) -> SearchResult:
    """The K stretches of L shots nearest to a clip: the mean of the cosines of first to first, second to second …

    clip     (L,) rows of the catalog, consecutive shots of one title; InputError for others, or for too many
    returns  a SearchResult whose rows are the first shots, with `last_shot` and `last_end_s`; no two of them overlap, and
             none overlaps the clip
    """
    rows = np.asarray(clip, dtype=np.int64)
    catalog = finder.catalog
    if not len(rows) or (np.diff(rows) != 1).any() or len(np.unique(title_of_rows(catalog, rows))) > 1:
        raise InputError("a clip is made of consecutive shots of one title")
    if len(rows) > LONGEST:
        raise InputError(f"a clip of {len(rows)} shots is too long; it may have {LONGEST}")
    began = time.perf_counter()
    query = finder.space.read(rows)
    if not query.any():
        raise InputError(f"these shots have nothing to compare in {finder.space.words}")
    possible = _possible_starts(catalog, rows, allowed_rows(catalog, filters or Filters(), rows))
    if finder.plan.exact:
        starts = np.flatnonzero(possible)
        scores = _every_start(finder, query)[starts]
    else:
        starts = _proposed_starts(finder, query, possible)
        scores = np.array(
            [(finder.space.read_range(s, s + len(rows)) * query).sum(axis=1).mean() for s in starts.tolist()]
        )
    best = _apart(starts, scores, len(rows), k)
    took = 1000 * (time.perf_counter() - began)
    found = pd.DataFrame({"row": starts[best], "score": scores[best], "copies": 0})
    last, _ = shots_of(catalog, found.assign(row=found["row"] + len(rows) - 1))
    table, labels = shots_of(catalog, found)
    table = table.assign(last_shot=last["shot"].to_numpy(), last_end_s=last["end_s"].to_numpy())
    return SearchResult(table, labels, int(possible.sum()), round(took, 3), finder)


def clip_rows(catalog: Catalog, name: str) -> np.ndarray:
    """`TITLE:A-B` as (L,) rows of the catalog; InputError for anything else."""
    title_id, _, span = name.rpartition(":")
    if not title_id:
        raise InputError(f"{name!r} is no clip; write TITLE:FIRST-LAST, for example harbour-lights:40-44")
    title = catalog[title_id]
    shots = np.array(parse_ranges(span, title.num_shots), dtype=np.int64)
    if not len(shots) or (np.diff(shots) != 1).any():
        raise InputError(f"{span!r} is not one stretch of shots; write FIRST-LAST, for example 40-44")
    return shots + int(title.row["first_shot"])


def _possible_starts(catalog: Catalog, clip: np.ndarray, allowed: np.ndarray | None) -> np.ndarray:
    """(N,) bool: where a stretch of L shots begins that ends in the same title, all of it allowed, none of it in the query."""
    length = len(clip)
    possible = np.zeros(catalog.num_shots, dtype=bool)
    for first, count in zip(catalog.titles["first_shot"], catalog.titles["num_shots"], strict=True):
        possible[first : first + max(0, count - length + 1)] = True
    if allowed is not None:
        forbidden = np.cumsum(np.r_[0, ~allowed, np.zeros(length - 1, dtype=bool)])
        possible &= forbidden[length:] == forbidden[:-length]
    possible[max(0, clip[0] - length + 1) : clip[-1] + 1] = False
    return possible


def _every_start(finder: Finder, query: np.ndarray) -> np.ndarray:
    """(N,) the score of the stretch that begins at each shot, whatever it runs into."""
    total = np.zeros(finder.space.num, dtype=np.float32)
    for start in range(0, finder.space.num, BLOCK):
        stop = min(start + BLOCK, finder.space.num)
        cosines = query @ finder.space.read_range(start, stop).T  # (L, block)
        for i, row in enumerate(cosines):
            first = max(0, start - i)
            total[first : stop - i] += row[first + i - start :] if stop > i else 0
    return total / len(query)


def _proposed_starts(finder: Finder, query: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """Starts at which a neighbour of one of the clip's shots would stand where that shot does; the best first."""
    valid = np.flatnonzero(query.any(axis=1))
    scores, rows = finder.index.search(query[valid], PROPOSED)
    starts = (rows - valid[:, None]).ravel()
    inside = (rows.ravel() >= 0) & (starts >= 0)
    inside[inside] &= possible[starts[inside]]
    unique, which = np.unique(starts[inside], return_inverse=True)
    votes = np.bincount(which, weights=np.maximum(scores.ravel()[inside], 0), minlength=len(unique))
    return unique[np.argsort(-votes, kind="stable")[:MOST_STARTS]]


def _apart(starts: np.ndarray, scores: np.ndarray, length: int, k: int) -> np.ndarray:
    """Places of the K best of which no two overlap."""
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        if all(abs(int(starts[i]) - int(starts[j])) >= length for j in kept):
            kept.append(int(i))
            if len(kept) == k:
                break
    return np.array(kept, dtype=int)
