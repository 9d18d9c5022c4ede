"""Windows of a long title: each hidden shot is predicted from the visible shots around it.

Shape letters: V visible shots, H hidden shots.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

LONGEST = 256  # shots that are taken together
STRIDE = 128  # shots in the middle of a window that are predicted from it


@dataclass(frozen=True)
class Window:
    """Consecutive shots of a title, some of which are predicted from its visible ones."""

    hidden: np.ndarray  # places of all its hidden shots, ascending
    visible: slice  # of the visible shots of the title, (V,)
    wanted: np.ndarray  # (hidden,) bool, those to predict
    predicted: slice  # of the hidden shots of the title, (H,)


def split(where: np.ndarray, seen: np.ndarray) -> Iterator[Window]:
    """Cut a title with hidden shots at `where` (H,) and visible ones at `seen` (V,), both ascending.

    A window has LONGEST shots; where fewer than half of them are visible, it is widened to the nearest LONGEST / 2 visible shots, so
    that it can tell the mean of a title of which little is visible.
    """
    if not len(where):
        return
    stop = int(max(where[-1], seen[-1])) + 1
    if stop <= LONGEST:
        yield Window(where, slice(0, len(seen)), np.ones(len(where), dtype=bool), slice(0, len(where)))
        return
    margin, least = (LONGEST - STRIDE) // 2, LONGEST // 2
    for start in range(0, stop, STRIDE):
        own = slice(*np.searchsorted(where, [start, start + STRIDE]).tolist())
        if own.start == own.stop:
            continue
        begin = min(max(start - margin, 0), stop - LONGEST)
        first, last = np.searchsorted(seen, [begin, begin + LONGEST]).tolist()
        if last - first < least:
            middle = int(np.searchsorted(seen, start + STRIDE // 2))
            first = min(first, max(0, min(middle - least // 2, len(seen) - least)))
            last = max(last, min(len(seen), first + least))
            begin, end = min(begin, int(seen[first])), max(begin + LONGEST, int(seen[last - 1]) + 1)
        else:
            end = begin + LONGEST
        inside = where[(where >= begin) & (where < end)]
        wanted = (inside >= start) & (inside < start + STRIDE)
        yield Window(inside, slice(first, last), wanted, own)
