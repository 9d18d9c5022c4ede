"""Principal components of more rows than fit into memory.

Shape letters: N rows, D columns, P components.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

FITTED_ON = 20_000  # rows that the components are fitted on; all where there are fewer
TOGETHER = 20  # neighbouring rows drawn at once, so that a catalog is read in few places
AT_ONCE = 4096


class Rows(Protocol):
    """An array of float32, or whatever gives slices of itself like one: a mapped file, shots fused while they are read."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, where: slice, /) -> np.ndarray: ...


def principal_components(
    rows: Rows, count: int, *, seed: int, progress: Callable[[int, int], None] = lambda done, total: None
) -> np.ndarray:
    """(N, D) → (N, P) float32: the rows seen from where they differ most; P is `count`, or fewer where there are not as many.

    Fitted on at most FITTED_ON rows, drawn with the seed, by a randomised decomposition; all rows are then
    turned into it block by block. Rows that are no wider than `count` are centred and otherwise left as they are.
    """
    num_rows, turned = rows.shape[0], Turned(rows, count, seed=seed)
    reduced = np.empty((num_rows, turned.count), dtype=np.float32)
    for start, block in turned.blocks():
        reduced[start : start + len(block)] = block
        progress(start + len(block), num_rows)
    return reduced


class Turned:
    """Rows seen from where they differ most, block by block: what `principal_components` holds as a whole."""

    def __init__(self, rows: Rows, count: int, *, seed: int):
        self.rows, width = rows, rows.shape[1]
        sample = _sample(rows, np.random.default_rng(seed))
        self.mean = sample.mean(axis=0)
        self.count = min(count, width, len(sample))
        self.turn = None if self.count == width else _components(sample - self.mean, self.count, seed)

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """(first row, (n, P) float32) of all rows, AT_ONCE at a time."""
        num_rows = self.rows.shape[0]
        for start in range(0, num_rows, AT_ONCE):
            block = self.rows[start : min(start + AT_ONCE, num_rows)] - self.mean
            yield start, np.asarray(block if self.turn is None else block @ self.turn, dtype=np.float32)


def _sample(rows: Rows, rng: np.random.Generator) -> np.ndarray:
    num_rows = rows.shape[0]
    if num_rows <= FITTED_ON:
        return np.array(rows[0:num_rows], dtype=np.float32)
    starts = rng.choice(num_rows // TOGETHER, FITTED_ON // TOGETHER, replace=False) * TOGETHER
    return np.concatenate([rows[int(s) : int(s) + TOGETHER] for s in np.sort(starts)])


def _components(sample: np.ndarray, count: int, seed: int) -> np.ndarray:
    """(n, D) centred → (D, P), orthonormal."""
    from sklearn.utils.extmath import randomized_svd  # a second to import

    _, _, directions = randomized_svd(sample, count, n_oversamples=10, n_iter=3, random_state=seed)
    return np.ascontiguousarray(directions.T, dtype=np.float32)
