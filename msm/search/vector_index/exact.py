"""Nearness without an index: every vector looked at, block by block.

Shape letters: N vectors, D their width, Q queries, K neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def scores_of(vectors: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """(N, D), (Q, D) → (Q, N) inner products."""
    return queries @ vectors.T


def exact_top(blocks: Iterable[np.ndarray], queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The K nearest of all vectors, read once in blocks that follow each other.

    returns  scores (Q, K) descending, rows (Q, K); −inf and −1 where there are fewer than K
    """
    best = TopK(len(queries), k)
    for block in blocks:
        best.add(block, queries)
    return best.scores, best.rows


class TopK:
    """The K best so far of a stream of blocks."""

    def __init__(self, num_queries: int, k: int):
        self.k, self.seen = k, 0
        self.scores = np.full((num_queries, k), -np.inf, dtype=np.float32)
        self.rows = np.full((num_queries, k), -1, dtype=np.int64)

    def add(self, block: np.ndarray, queries: np.ndarray) -> None:
        """block  the vectors that follow those that were added before"""
        new = scores_of(block, queries)
        # Of a long stream most blocks hold nothing better for most queries; of equal scores the earlier row stays.
        better = np.flatnonzero((new > self.scores[:, -1:]).any(axis=1))
        if len(better):
            new, few = new[better], min(self.k, new.shape[1])
            where = np.argpartition(-new, few - 1, axis=1)[:, :few]
            scores = np.concatenate([self.scores[better], np.take_along_axis(new, where, axis=1)], axis=1)
            rows = np.concatenate([self.rows[better], where + self.seen], axis=1)
            order = np.lexsort((rows, -scores), axis=1)[:, : self.k]
            self.scores[better], self.rows[better] = (np.take_along_axis(a, order, axis=1) for a in (scores, rows))
        self.seen += len(block)
