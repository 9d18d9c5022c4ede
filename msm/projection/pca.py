"""Principal components of more rows than fit into memory.

Shape letters: N rows, D columns, P components.
"""

from __future__ import annotations

from collections.abc import Callable
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
    num_rows, width = rows.shape
    sample = _sample(rows, np.random.default_rng(seed))
    mean = sample.mean(axis=0)
    count = min(count, width, len(sample))
    turn = None if count == width else _components(sample - mean, count, seed)
    del sample
    reduced = np.empty((num_rows, count), dtype=np.float32)
    for start in range(0, num_rows, AT_ONCE):
        stop = min(start + AT_ONCE, num_rows)
        block = rows[start:stop] - mean
        reduced[start:stop] = block if turn is None else block @ turn
        progress(stop, num_rows)
    return reduced


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
