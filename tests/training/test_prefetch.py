"""Batches that are read ahead are the batches of their steps, in any order of asking."""

import threading

from msm.training.prefetch import Prefetcher


def test_each_step_gets_its_own_batch_and_nothing_is_read_beyond_the_last():
    reads: list[tuple[int, str]] = []

    def read(step: int) -> int:
        reads.append((step, threading.current_thread().name))
        return 10 * step

    reader = Prefetcher(read, 6)  # type: ignore[arg-type]
    assert [reader.batch(step) for step in (3, 4, 5)] == [30, 40, 50]
    assert reader.batch(0) == 0  # a training that went back
    reader.close()
    assert sorted(step for step, _ in reads[:3]) == [3, 4, 5] and max(step for step, _ in reads) == 5
    assert all(name.startswith("reader") for _, name in reads)
