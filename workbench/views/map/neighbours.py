"""Statistics of the nearest neighbours of a map's points: shared labels, and overlap between two embeddings."""

from __future__ import annotations

import numpy as np
import pandas as pd


def label_agreement(neighbours: np.ndarray, values: pd.Series) -> tuple[float, float] | None:
    """(share of nearest neighbours with the same value, the same by chance); None for a continuous label or one of one value.

    neighbours  (N, K) indices of points
    values      (N,) of the label; unknown values are left out
    """
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > 20:
        return None
    codes, found = pd.factorize(values.mask(values.astype(str) == ""))
    known = codes >= 0
    if len(found) < 2 or not neighbours.shape[1]:
        return None
    near = codes[np.asarray(neighbours[known])]  # (n, K)
    same = (near == codes[known][:, None]).sum() / max(int((near >= 0).sum()), 1)
    sizes = np.bincount(codes[known]) / known.sum()
    return float(same), float((sizes**2).sum())


def neighbour_overlap(one: np.ndarray, other: np.ndarray, at_once: int = 20_000) -> np.ndarray:
    """(N, K) and (N, K) nearest neighbours → (N,) share of the first that is among the second."""
    count = min(one.shape[1], other.shape[1])
    shares = np.zeros(len(one), dtype=np.float32)
    for start in range(0, len(one) if count else 0, at_once):
        a, b = (np.asarray(n[start : start + at_once, :count]) for n in (one, other))
        shares[start : start + at_once] = (a[:, :, None] == b[:, None, :]).any(axis=2).mean(axis=1)
    return shares
