"""Titles are made on a Ray cluster that sees the same folders, a title a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from msm.errors import FULL, FullDiskError, InputError
from msm.ingest.encode_title import StagedTitle, TitleJob
from msm.ingest.workers import Outcome, encode_titles
from msm.runner import RayPool, run_all, why_it_died


def encode_on_ray(
    jobs: Sequence[TitleJob], address: str, workers: int | None, progress: Callable[[str, float], None]
) -> Iterator[Outcome]:
    """As `encode_titles`, on the cluster at an address; `progress` hears of a title when it has ended.

    workers  titles at a time, None for as many as the cluster has cores
    """
    if not jobs:
        return
    pool = RayPool(make_title, address, workers)
    with closing(run_all(pool, jobs)) as ended:
        for job, future in ended:
            died = why_it_died(future)
            outcome = future.result() if died is None else InputError(f"{job.video} was not read: {died}")
            if isinstance(outcome, FullDiskError):
                raise outcome  # the next title would find no space either
            progress(job.facts.title_id, job.seconds)
            yield job, outcome


def make_title(job: TitleJob) -> StagedTitle | InputError:
    """In a worker: the finished title, or the sentence that says why there is none."""
    try:
        ((_, outcome),) = encode_titles([job], 1, lambda title_id, seconds: None)
        return outcome
    except FullDiskError as error:
        return error
    except OSError as error:
        if error.errno in FULL:
            return FullDiskError(f"{job.folder} cannot be written: there is no space left on its disk")
        raise
