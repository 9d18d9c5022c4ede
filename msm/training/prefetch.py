"""Prefetch batches in a background thread while the previous step computes.

A batch depends on its step only (msm.training.sampler), so prefetching does not change the order, and a resumed training
reads the batches of its own steps.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from msm.training.sampler import Batch

AHEAD = 2  # steps


class Prefetcher:
    """Reads the batches of the next steps in a background thread.

    read    step → batch
    steps   number of steps; no batch after the last step is read
    pinned  use page-locked memory, from which a GPU copies while it computes
    """

    def __init__(self, read: Callable[[int], Batch], steps: int, *, pinned: bool = False):
        self._read, self._steps, self._pinned = read, steps, pinned
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")  # in order, one at a time
        self._pending: dict[int, Future[Batch]] = {}

    def batch(self, step: int) -> Batch:
        """The batch of a step; reading of the next ones starts."""
        for ahead in range(step, min(step + AHEAD + 1, max(self._steps, step + 1))):
            if ahead not in self._pending:
                self._pending[ahead] = self._thread.submit(self._get, ahead)
        for stale in [s for s in self._pending if not step <= s <= step + AHEAD]:
            self._pending.pop(stale).cancel()
        return self._pending.pop(step).result()

    def close(self) -> None:
        """Stop the thread."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _get(self, step: int) -> Batch:
        batch = self._read(step)
        return batch.pinned() if self._pinned else batch
