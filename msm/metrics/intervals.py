"""Confidence intervals: one level for all of them.

Shape letter: B bootstrap resamplings.
"""

from __future__ import annotations

import numpy as np

LEVEL = 0.95
FEW_TITLES = 8  # intervals over as many or fewer are flagged


def few_titles_note(num_titles: int) -> str:
    """A sentence where an interval is drawn from so few titles that it may be too narrow; else empty."""
    if num_titles > FEW_TITLES:
        return ""
    return f"Intervals are of {num_titles} {'title' if num_titles == 1 else 'titles'} only: take them as a rough guess."


def middle(resampled: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """(B,) → the percentile interval that holds the middle `level` of the resamplings."""
    tail = round((1 - level) / 2, 9)  # 0.025, not the 0.025000000000000022 of binary arithmetic
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return float(low), float(high)
