"""Principal components of training shots, one title in memory at a time.

Shape letters: N shots of a title, D width of a shot, R principal components.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

LEAST_VARIANCE = 1e-8  # of a component, as a share of the whole, below which it is left out
FULL_WIDTH = 512  # up to which all eigenvectors are computed


def principal_components(titles: Iterable[np.ndarray], most: int) -> np.ndarray:
    """The directions in which shots vary most, about the origin; (N, D) each → (D, R) float16, R at most `most`.

    Half precision halves the file, and everything that follows is estimated for these very numbers.
    """
    total: np.ndarray | None = None
    for shots in titles:
        total = shots.T @ shots + (0 if total is None else total)
    if total is None:
        raise ValueError("there is no title to take components of")
    values, vectors = leading(total.astype(np.float64), min(most, len(total)))
    kept = values > LEAST_VARIANCE * max(float(np.trace(total)), float(np.finfo(np.float32).tiny))
    return vectors[:, kept].astype(np.float16)


def leading(matrix: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The leading eigenvalues (count,) and eigenvectors (D, count) of a symmetric matrix (D, D)."""
    if len(matrix) > max(FULL_WIDTH, 2 * count) and matrix.any():
        from scipy.sparse.linalg import ArpackError, eigsh

        try:
            values, vectors = eigsh(matrix, k=count, v0=np.ones(len(matrix)))
            order = np.argsort(-values)
            return values[order], vectors[:, order]
        except ArpackError:  # it may not converge where many eigenvalues are equal
            pass
    values, vectors = np.linalg.eigh(matrix)
    return values[::-1][:count], vectors[:, ::-1][:, :count]
