"""Hand out jobs to a pool, and give back each as it ends."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, TypeVar

from msm.runner.pools import KILLED, Pool, was_killed

LOOK_S = 0.5
J = TypeVar("J")


def run_all(
    pool: Pool,
    jobs: Iterable[J],
    *,
    should_stop: Callable[[], bool] = lambda: False,
    look: Callable[[], None] = lambda: None,
    tries: int = 1,
) -> Generator[tuple[J, Future[Any]], None, None]:
    """Each job with its future, as they end; the pool is closed at the end, and at once where the caller is stopped.

    jobs         the next one is taken when a worker is free, so that an iterator may depend on what has ended
    should_stop  asked twice a second: once it is true, no further job begins, and those under way are waited for
    look         called twice a second, after what has ended was given back
    tries        how often a job is begun at most whose worker was killed under it
    """
    fresh, again = ((job, 1) for job in jobs), list[tuple[J, int]]()
    busy, stopped, at_once, more = dict[Future[Any], tuple[J, int]](), False, True, True
    try:
        while busy or (more and not stopped):
            stopped = stopped or should_stop()
            while more and not stopped and len(busy) < pool.size:
                turn = again.pop() if again else next(fresh, None)
                if turn is None:
                    more = False
                    pool.rest()
                else:
                    busy[pool.submit(turn[0])] = turn
            ended, _ = wait(busy, timeout=LOOK_S, return_when=FIRST_COMPLETED)
            for future in ended:
                pool.release(future)
                job, tried = busy.pop(future)
                if tried < tries and was_killed(future.exception()):
                    again.append((job, tried + 1))
                    more = True
                else:
                    yield job, future
            look()
        at_once = False
    finally:
        pool.close(at_once=at_once)


def why_it_died(future: Future[Any]) -> str | None:
    """Why a job gave no answer; None where it did."""
    error = future.exception()
    if error is None:
        return None
    return KILLED if was_killed(error) else f"{type(error).__name__}: {error}"
