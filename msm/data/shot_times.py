"""When the shots of a catalog start and end, read in blocks of which the last few are kept.

Whoever predicts asks for the times of one title at a time, and opening a table of ten million rows for each would take longer than
reading it; all of them together would take memory that grows with the catalog.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np

BLOCK = 1 << 18  # shots: 2 MB
KEPT = 32  # blocks


class ShotTimes:
    """The seconds at which each shot starts and ends, by rows of shots.parquet; several threads may read.

    read  rows [start, stop) as (stop − start, 2)
    num   rows in all
    """

    def __init__(self, read: Callable[[int, int], np.ndarray], num: int):
        self._read, self._num = read, num
        self._blocks: OrderedDict[int, np.ndarray] = OrderedDict()
        self._guard = threading.Lock()

    def __getitem__(self, rows: slice) -> np.ndarray:
        """(n, 2) float32 of a slice of rows, NaN where a time is not known; a copy."""
        start, stop, _ = rows.indices(self._num)
        found = np.empty((max(0, stop - start), 2), dtype=np.float32)
        for number in range(start // BLOCK, -(-stop // BLOCK)):
            first = number * BLOCK
            low, high = max(start, first), min(stop, first + BLOCK)
            found[low - start : high - start] = self._block(number)[low - first : high - first]
        return found

    def _block(self, number: int) -> np.ndarray:
        with self._guard:
            if number not in self._blocks:
                start = number * BLOCK
                self._blocks[number] = self._read(start, min(start + BLOCK, self._num)).astype(np.float32)
                if len(self._blocks) > KEPT:
                    self._blocks.popitem(last=False)
            self._blocks.move_to_end(number)
            return self._blocks[number]
