"""How far a map can be trusted: are those near in the map near in the vectors too?

Shape letters: N rows, n rows of the sample, d dimensions of the map, K neighbours.
"""

from __future__ import annotations

import numpy as np

from msm.projection.pca import AT_ONCE, Rows

SAMPLE = 500
NEIGHBOURS = 15
TIE = 1e-6  # squared distances closer than this are equal: float32 says no more


def trustworthiness(
    rows: Rows, points: np.ndarray, *, seed: int, sample: int = SAMPLE, neighbours: int = NEIGHBOURS
) -> float:
    """Venna and Kaski's measure (2001) over a seeded sample of rows: 1 where every map neighbour is a true one.

    rows     (N, D), the vectors that were mapped, in full width
    points   (N, d), where the map has them
    returns  1 − 2 / (n K (2N − 3K − 1)) · Σ max(0, rank − K), the rank of a map neighbour being its place among all
             N by true distance; NaN where there are too few rows to tell (2N ≤ 3K + 1)
    """
    num_rows = len(points)
    if 2 * num_rows <= 3 * neighbours + 1 or not np.isfinite(points).all():
        return float("nan")
    from scipy.spatial import cKDTree

    chosen = np.sort(np.random.default_rng(seed).permutation(num_rows)[:sample])
    near = cKDTree(points).query(points[chosen], neighbours + 1)[1]
    near = _without_self(near, chosen)  # (n, K)
    queried = np.concatenate([rows[i : i + 1] for i in map(int, chosen)])  # (n, D)
    lengths = (queried * queried).sum(axis=1)
    to_near = np.stack([_squares(queried[i], rows, near[i]) for i in range(len(chosen))])  # (n, K)
    nearer = np.zeros_like(near)
    for start in range(0, num_rows, AT_ONCE):
        block = rows[start : min(start + AT_ONCE, num_rows)]
        squares = lengths[:, None] + (block * block).sum(axis=1) - 2 * queried @ block.T  # (n, block)
        inside = (chosen >= start) & (chosen < start + len(block))
        squares[inside, chosen[inside] - start] = np.inf  # a row is not its own neighbour
        squares.sort(axis=1)
        for i in range(len(chosen)):
            nearer[i] += np.searchsorted(squares[i], to_near[i] - TIE)
    penalty = np.maximum(0, nearer + 1 - neighbours).sum()
    return float(1 - 2 * penalty / (len(chosen) * neighbours * (2 * num_rows - 3 * neighbours - 1)))


def _without_self(near: np.ndarray, own: np.ndarray) -> np.ndarray:
    """(n, K + 1) with the row itself somewhere, or among more copies than that nowhere → (n, K)."""
    is_self = near == own[:, None]
    is_self[~is_self.any(axis=1), -1] = True
    return near[~is_self].reshape(len(near), -1)


def _squares(one: np.ndarray, rows: Rows, others: np.ndarray) -> np.ndarray:
    apart = np.concatenate([rows[i : i + 1] for i in map(int, others)]) - one
    return (apart * apart).sum(axis=1)
