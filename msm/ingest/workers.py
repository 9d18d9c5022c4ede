"""Titles are made one after the other, or several at once in processes of their own."""

from __future__ import annotations

import multiprocessing
import queue
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from msm.errors import FullDiskError, InputError
from msm.ingest.encode_title import StagedTitle, TitleJob, encode_title
from msm.io.processes import exit_with_parent

Outcome = tuple[TitleJob, StagedTitle | InputError]
_progress: Any = None  # in a worker: where it tells (title, seconds)
_stop: Any = None  # in a worker: set when the parent wants no more


def encode_titles(jobs: Sequence[TitleJob], workers: int, progress: Callable[[str, float], None]) -> Iterator[Outcome]:
    """Each job with its finished title or with the sentence that says why there is none, as they come.

    progress  hears the title and the seconds of it that are done
    """
    if min(workers, len(jobs)) <= 1:
        for job in jobs:
            yield job, _attempt(job, progress)
    else:
        yield from _in_processes(jobs, min(workers, len(jobs)), progress)


def _attempt(job: TitleJob, progress: Callable[[str, float], None]) -> StagedTitle | InputError:
    try:
        return encode_title(job, lambda seconds: progress(job.facts.title_id, seconds))
    except FullDiskError:
        raise  # the next title would find no space either
    except InputError as error:
        return error


def _in_processes(jobs: Sequence[TitleJob], workers: int, progress: Callable[[str, float], None]) -> Iterator[Outcome]:
    context = multiprocessing.get_context("spawn")  # threads that decode do not survive a fork
    progress_queue, stop = context.Queue(), context.Event()
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(progress_queue, stop)) as pool:
        running: dict[Future[StagedTitle | InputError], TitleJob] = {pool.submit(_work, job): job for job in jobs}
        try:
            while running:
                done, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                _drain(progress_queue, progress)
                yield from ((running.pop(future), _result(future)) for future in done)
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _result(future: Future[StagedTitle | InputError]) -> StagedTitle | InputError:
    try:
        return future.result()
    except BrokenProcessPool:
        raise InputError(
            "a process that read a video was killed; is there enough memory for so many --workers?"
        ) from None


def _drain(progress_queue: Any, progress: Callable[[str, float], None]) -> None:
    while True:
        try:
            progress(*progress_queue.get_nowait())
        except queue.Empty:
            return


def _begin(progress_queue: Any, stop: Any) -> None:
    """In a worker: Ctrl-C is the parent's affair, and nobody works on when the parent is gone."""
    global _progress, _stop
    _progress, _stop = progress_queue, stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    exit_with_parent()


def _work(job: TitleJob) -> StagedTitle | InputError:
    def tell(title_id: str, seconds: float) -> None:
        if _stop.is_set():
            raise KeyboardInterrupt
        _progress.put((title_id, seconds))

    return _attempt(job, tell)
