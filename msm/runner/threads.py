"""Threads of torch and of NumPy's matrix products, for work on one title after another."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import threadpool_limits

MOST = 4


@contextmanager
def few_threads() -> Iterator[None]:
    """Within it torch and BLAS have the threads of `limit_threads`."""
    import torch

    before = torch.get_num_threads()
    blas = limit_threads()
    try:
        yield
    finally:
        blas.restore_original_limits()
        torch.set_num_threads(before)  # last, as it was limited first: it sets threads of BLAS too


def limit_threads() -> threadpool_limits:
    """Limit torch and BLAS to half the cores, at most four, and never to more than they have; returns what undoes that of BLAS.

    What a title needs is many small operations. After each of them all threads wait for the last one, so that a thread for each core
    gains little on an idle machine, and on a busy one costs several times as much as one thread alone.
    """
    import torch

    torch.set_num_threads(min(_few(), torch.get_num_threads()))
    return limit_blas_threads()


def limit_blas_threads() -> threadpool_limits:
    """The same of BLAS alone, for what is computed without torch; as a context manager it undoes it at the end."""
    import numpy as np  # noqa: F401  whose library of matrix products must be loaded to be limited
    from threadpoolctl import threadpool_info, threadpool_limits

    blas = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return threadpool_limits(min([_few(), *blas]), user_api="blas")


def sleep_soon() -> None:
    """Before torch is imported: its threads look a thousand times for the next operation before they sleep, where OpenMP is GNU's.

    By default they look for milliseconds. On a machine on which others compute too, two trainings at once then take longer
    than one after the other (docs/decisions/0021). What the environment says of it stays.
    """
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & set(os.environ):
        os.environ["GOMP_SPINCOUNT"] = "1000"


def _few() -> int:
    return max(1, min(MOST, (os.cpu_count() or 1) // 2))
