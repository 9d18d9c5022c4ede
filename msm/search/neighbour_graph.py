"""The k-nearest-neighbour graph of an array of vectors, which maps are computed from.

Beside `msm.search.vector_index` the only place that imports FAISS: a map needs each row's neighbours once, and no index.

Shape letters: N rows, M new rows, P columns, K neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

EXACT_UP_TO = 20_000  # rows up to which every pair is compared; with more, an inverted file is searched
CELLS_LOOKED_AT = 64  # of 4 √N; 24 find 0.999 of 30 000 shots of benchmarks/map.py, but fewer of 100 000
CELLS_OF_NEW_ROWS = 16  # a row that is placed stands between its neighbours: a missed one moves it little
AT_ONCE = 4096  # rows searched between two reports of progress

Progress = Callable[[int, int], None]


def nearest_rows(
    vectors: np.ndarray, count: int, *, seed: int = 0, progress: Progress = lambda done, total: None
) -> tuple[np.ndarray, np.ndarray]:
    """Each row's nearest rows by Euclidean distance, itself first.

    vectors  (N, P) float32, all of them finite
    count    K, itself included; at most N
    returns  (N, K) int32 rows, and (N, K) float32 distances, ascending
    """
    rows, distances = _search(_index(vectors, seed), vectors, count, progress)
    own = np.arange(len(vectors))
    place = np.where((hit := rows == own[:, None]).any(axis=1), hit.argmax(axis=1), count - 1)
    for column in range(count - 1, 0, -1):  # among exact copies of a row FAISS may name another one first
        moved = place >= column
        rows[moved, column] = rows[moved, column - 1]
        distances[moved, column] = distances[moved, column - 1]
    rows[:, 0], distances[:, 0] = own, 0.0
    return rows, distances


def nearest_to(queries: np.ndarray, vectors: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """For (M, P) new rows the nearest of (N, P): (M, K) int32 rows and (M, K) float32 distances, ascending."""
    return _search(_index(vectors, 0), queries, count, lambda done, total: None)


class NearestAmong:
    """The nearest of (N, P) rows, for one block of new rows after another; of many rows a few cells are looked into."""

    def __init__(self, vectors: np.ndarray, *, seed: int = 0):
        self._index = _index(vectors, seed)
        if hasattr(self._index, "nprobe"):
            self._index.nprobe = CELLS_OF_NEW_ROWS

    def nearest(self, queries: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(M, K) int32 rows and (M, K) float32 distances, ascending."""
        return _search(self._index, queries, count, lambda done, total: None)


def _index(vectors: np.ndarray, seed: int) -> Any:
    import faiss

    num_rows, width = vectors.shape
    if num_rows <= EXACT_UP_TO:
        index: Any = faiss.IndexFlatL2(width)
    else:
        cells = int(4 * num_rows**0.5)
        index = faiss.IndexIVFFlat(faiss.IndexFlatL2(width), width, cells)
        index.cp.seed, index.cp.niter, index.cp.max_points_per_centroid = seed, 6, 64
        index.nprobe = CELLS_LOOKED_AT
        index.train(vectors)
    index.add(vectors)
    return index


def _search(index: Any, queries: np.ndarray, count: int, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    rows = np.empty((len(queries), count), dtype=np.int32)
    squares = np.empty((len(queries), count), dtype=np.float32)
    for start in range(0, len(queries), AT_ONCE):
        stop = min(start + AT_ONCE, len(queries))
        squares[start:stop], rows[start:stop] = index.search(queries[start:stop], count)
        progress(stop, len(queries))
    missing = rows < 0  # the cells looked at held fewer
    if missing.any():
        squares[missing] = np.nan
        rows, squares = _fill(rows, squares)
    return rows, np.sqrt(np.maximum(squares, 0))


def _fill(rows: np.ndarray, squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Repeat the last neighbour found where there are fewer than K."""
    last = np.maximum(np.isfinite(squares).sum(axis=1) - 1, 0)
    column = np.minimum(np.arange(rows.shape[1])[None], last[:, None])
    rows, squares = np.take_along_axis(rows, column, axis=1), np.take_along_axis(squares, column, axis=1)
    return np.maximum(rows, 0), np.nan_to_num(squares)
