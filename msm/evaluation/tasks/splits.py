"""Which examples a probe is fitted on and which it is scored on: no title is ever on both sides.

Shape letter: I examples.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from msm.evaluation.probes import Unusable

FOLDS = 5
FEWEST_SCORED = 4  # labelled test titles; with fewer the titles are dealt into folds


class Split(NamedTuple):
    """Numbers of examples."""

    fit: np.ndarray
    score: np.ndarray


def divide(
    title: np.ndarray, split: np.ndarray, folds: int | None, rng: np.random.Generator
) -> tuple[list[Split], str]:
    """Divide examples by title, and say in words how.

    title  (I,) int
    split  (I,) the catalog's split of each title
    folds  None: fit on the train and validation titles and score on the test titles, or in five folds where fewer than four test
           titles have the label
    Raises Unusable for fewer than three titles.
    """
    names = np.unique(title)
    test = split == "test"
    if folds is None and len(np.unique(title[test])) >= FEWEST_SCORED and len(np.unique(title[~test])) >= FEWEST_SCORED:
        return [Split(np.flatnonzero(~test), np.flatnonzero(test))], "test titles"
    count = min(folds or FOLDS, len(names))
    if count < 3:
        raise Unusable("fewer than three titles have it")
    dealt = dict(zip(rng.permutation(names).tolist(), np.arange(len(names)) % count, strict=True))
    fold = np.array([dealt[t] for t in title.tolist()])
    parts = [Split(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(count)]
    return parts, f"{count} folds of titles"


def hold_out(title: np.ndarray) -> np.ndarray:
    """(I,) bool: the examples of every fifth of these titles, on which a strength is chosen; none where there are too few."""
    names, which = np.unique(title, return_inverse=True)
    return (
        which % 5 == 4 if len(names) >= 5 else which == len(names) - 1 if len(names) > 1 else np.zeros(len(title), bool)
    )
