"""The posterior mean of hidden shots given the visible ones, for many covariance functions at once.

The covariance matrix K of consecutive shots is a Toeplitz matrix. Its inverse P, the precision matrix, does not depend on what is
hidden, and is kept for the next choice. The posterior mean of the hidden shots is −P_HH⁻¹ P_HV y_V: as many equations as shots are
hidden. Where more shots are hidden than visible, K_HV K_VV⁻¹ y_V takes fewer equations.

Shape letters: N consecutive shots, V visible shots, H hidden shots, F covariance functions, J terms, D width of a shot.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

import numpy as np

MOST_BYTES = 128 * 2**20  # of the precision matrices that are kept; 49 of 256 shots take 26 MB


def covariance(num_shots: int, decays: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """(J,), (J, F) → (F, N): Σ variance · decay^distance at the distances 0 … N − 1.

    Decay 1 is a constant, a negative one alternates, and 0 is a nugget, because 0⁰ = 1.
    """
    powers = decays.astype(np.float64) ** np.arange(num_shots)[:, None]  # (N, J)
    return np.ascontiguousarray((powers @ variances.astype(np.float64)).T)


def by_precision(
    precision: np.ndarray, hidden: np.ndarray, scores: np.ndarray, rest: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Predict the hidden ones of consecutive shots, from the precision matrices.

    precision  (F, N, N) of `precision_matrices`
    hidden     (N,)  bool
    scores     (V, F − 1) of the visible shots, one column for each covariance function but the last
    rest       (V, D) of the visible shots, predicted with the last covariance function
    returns    (H, F − 1) and (H, D)
    """
    where = np.flatnonzero(hidden)
    rows = precision.take(where, axis=1)  # (F, H, N)
    own = rows.take(where, axis=2)  # (F, H, H)
    known = np.zeros((len(rows) - 1, len(hidden), 1))
    known[:, ~hidden, 0] = scores.T
    leading = -np.linalg.solve(own[:-1], rows[:-1] @ known)[:, :, 0].T
    return leading, -np.linalg.solve(own[-1], rows[-1][:, ~hidden]) @ rest


def by_covariance(
    table: np.ndarray, where: np.ndarray, seen: np.ndarray, scores: np.ndarray, rest: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The same as `by_precision` from covariances (F, N), for shots at any places (H,) and (V,), each less than N."""
    among = np.abs(seen[:, None] - seen)
    across = np.abs(where[:, None] - seen)
    solved = np.linalg.solve(table[:-1, among], scores.T[:, :, None])  # (F − 1, V, 1)
    leading = np.matmul(table[:-1, across], solved)[:, :, 0].T
    return leading, np.linalg.solve(table[-1, among], table[-1, across].T).T @ rest


def precision_matrices(table: np.ndarray) -> np.ndarray:
    """(F, N) covariances → (F, N, N), the inverse of each Toeplitz matrix.

    From its first column by the formula of Gohberg and Semencul (1972): N² operations and not N³. The rows of the second half
    are those of the first, turned round.
    """
    functions, count = table.shape
    first = first_columns(table)
    back = np.concatenate([np.zeros((functions, 1)), first[:, :0:-1]], axis=1)  # (F, N): 0, x[N − 1], …, x[1]
    forward, backward = first[:, 1:] / first[:, :1], back[:, 1:] / first[:, :1]
    inverse = np.empty((functions, count, count))
    inverse[:, 0] = first
    half = (count + 1) // 2
    for i in range(1, half):
        row = first[:, i, None] * forward
        row -= back[:, i, None] * backward
        inverse[:, i, 0] = first[:, i]
        np.add(inverse[:, i - 1, :-1], row, out=inverse[:, i, 1:])
    inverse[:, half:] = inverse[:, : count - half][:, ::-1, ::-1]
    return inverse


def first_columns(table: np.ndarray) -> np.ndarray:
    """(F, N) covariances → (F, N), the first column of the inverse of each Toeplitz matrix.

    By Durbin's recursion, all matrices at once: the coefficients that predict a shot from those after it, over the variance
    of what they leave.
    """
    functions, count = table.shape
    reverse = np.ascontiguousarray(table[:, ::-1])
    coefficients, left = np.zeros((functions, count)), table[:, 0].copy()
    coefficients[:, 0] = 1.0
    for n in range(1, count):
        known = coefficients[:, :n]
        reflection = -np.einsum("fi,fi->f", known, reverse[:, count - 1 - n : count - 1]) / left
        coefficients[:, 1 : n + 1] += reflection[:, None] * known[:, ::-1]
        left *= 1 - reflection**2
    return coefficients / left[:, None]


class PrecisionCache:
    """The precision matrices that were asked for last, at most MOST_BYTES of them; threads may share one."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, np.ndarray] = OrderedDict()
        self._lock = Lock()

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._kept.clear()

    def get(self, table: np.ndarray) -> np.ndarray:
        """`precision_matrices(table)`, kept for the next call with the same covariances (F, N)."""
        key = table.tobytes()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = precision_matrices(table)  # without the lock: two threads may both do it
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > 1 and sum(m.nbytes for m in self._kept.values()) > MOST_BYTES:
                self._kept.popitem(last=False)
        return made


PRECISIONS = PrecisionCache()
