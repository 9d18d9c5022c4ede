"""The rank of the true shot: the one rule that every rank follows.

Shape letters: N shots, H hidden shots, D width of a shot.
"""

from __future__ import annotations

import numpy as np

ROUNDING = 1e-5  # relative; identical rows differ by less than this in a float32 matrix product


def rank_among(similarity: np.ndarray, shots: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Rank the true shot among all shots by their similarity to its prediction.

    similarity  (H, N) of each prediction to each shot
    shots       (N, D) the shots, in the columns that were compared
    where       (H,)   which of them is the true one
    returns     (H,)   1 + the number of shots that are more similar + half the number of ties

    A prediction without information, equally similar to all shots, so ranks in the middle and not first.
    Identical shots tie by definition: a matrix product may give them similarities that differ in the last bit.
    """
    true = np.take_along_axis(similarity, where[:, None], axis=1)  # (H, 1)
    better, equal = similarity > true, similarity == true
    reach = ROUNDING * np.abs(similarity).max(axis=1, keepdims=True)
    close = ~equal & (np.abs(similarity - true) <= reach)
    for row in np.flatnonzero(close.any(axis=1)):
        others = np.flatnonzero(close[row])
        identical = others[(shots[others] == shots[where[row]]).all(axis=1)]
        better[row, identical], equal[row, identical] = False, True
    return 1 + better.sum(axis=1) + (equal.sum(axis=1) - 1) / 2
