"""New rows on a map that exists: each between its nearest neighbours that are on it.

This is how UMAP's own `transform` begins; it then goes on to push points about, which is left out here. So a new row that
is unlike everything mapped stands among what is least unlike, and a cluster of new rows does not make room for itself.

Shape letters: N mapped rows, M new rows, P columns, d dimensions of the map, K neighbours.
"""

from __future__ import annotations

import numpy as np

from msm.search.neighbour_graph import nearest_to


def place_beside(new: np.ndarray, mapped: np.ndarray, points: np.ndarray, *, neighbours: int = 15) -> np.ndarray:
    """(M, P) new rows, (N, P) mapped ones and their (N, d) places → (M, d): weighted means of the neighbours' places.

    The weight falls with the distance beyond the nearest neighbour, on the scale of the others' mean; a copy of a
    mapped row takes its place.
    """
    rows, distances = nearest_to(new, mapped, min(neighbours, len(mapped)))
    return place_between(rows, distances, points)


def place_between(rows: np.ndarray, distances: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(M, K) nearest mapped rows, ascending (M, K) distances and (N, d) places of the mapped → (M, d), as `place_beside`."""
    beyond = distances - distances[:, :1]
    scale = beyond[:, 1:].mean(axis=1, keepdims=True) if beyond.shape[1] > 1 else np.ones((len(beyond), 1))
    weights = np.exp(-beyond / np.where(scale > 0, scale, 1))
    copies = distances[:, :1] <= 1e-4  # float32 of unit vectors says no more
    weights = np.where(copies, np.arange(weights.shape[1]) == 0, weights)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.einsum("mk,mkd->md", weights, points[rows]).astype(np.float32)
