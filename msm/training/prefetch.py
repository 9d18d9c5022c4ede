"""Batches read ahead in the background, while the step before still computes.

A batch is a function of its step alone (msm.training.sampler), so reading ahead changes no order, and a resumed training asks
for the batches of its own steps.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from msm.training.sampler import Batch

AHEAD = 2  # steps


class Reader:
    """Gives the batches of steps, each read by a thread before it is asked for.

    read   from a step to its batch
    steps  how many steps there are: nothing is read beyond
    pinned in memory that a GPU copies from while it computes
    """

    def __init__(self, read: Callable[[int], Batch], steps: int, *, pinned: bool = False):
        self._read, self._steps, self._pinned = read, steps, pinned
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")  # in order, one at a time
        self._coming: dict[int, Future[Batch]] = {}

    def batch(self, step: int) -> Batch:
        """The batch of a step; the next ones are begun."""
        for ahead in range(step, min(step + AHEAD + 1, max(self._steps, step + 1))):
            if ahead not in self._coming:
                self._coming[ahead] = self._thread.submit(self._get, ahead)
        for gone in [s for s in self._coming if not step <= s <= step + AHEAD]:
            self._coming.pop(gone).cancel()
        return self._coming.pop(step).result()

    def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _get(self, step: int) -> Batch:
        batch = self._read(step)
        return batch.pinned() if self._pinned else batch
