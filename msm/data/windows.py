"""Windows: at most so many consecutive shots of one title as a model sees at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np


def split_windows(num_shots: int, max_shots: int) -> list[tuple[int, int]]:
    """Cut a title into as few windows as cover it, of nearly equal length: [(start, stop), …]."""
    count = -(-num_shots // max_shots)
    edges = np.linspace(0, num_shots, count + 1).round().astype(int)
    return [(int(a), int(b)) for a, b in pairwise(edges)]
