"""Titles are made one after the other, or several at once in processes of their own."""

from __future__ import annotations

import logging
import multiprocessing
import queue
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from msm.errors import FULL, FullDiskError, InputError, printable
from msm.ingest.compute import computing
from msm.ingest.encode_title import StagedTitle, TitleJob, encode_title
from msm.ingest.encoder import Encoder, load_encoders
from msm.ingest.encoder_server import ServerAddress, are_shared, connect, serving
from msm.ingest.report import unreadable
from msm.io.processes import exit_with_parent, ignoring_ctrl_c

READING = ".reading-"
logger = logging.getLogger(__name__)
Outcome = tuple[TitleJob, StagedTitle | InputError]
_progress: Any = None  # in a worker: where it tells (title, seconds)
_stop: Any = None  # in a worker: set when the parent wants no more
_server: ServerAddress | None = None  # in a worker: who holds the encoders, where it does not load them itself
_encoders: list[Encoder] | None = None  # in a worker: those of the server


def encode_titles(jobs: Sequence[TitleJob], workers: int, progress: Callable[[str, float], None]) -> Iterator[Outcome]:
    """Each job with its finished title or with the sentence that says why there is none, as they come.

    One worker is this process. What its decoders crash on ends it, and is read in a process of its own by the next call.

    progress  hears the title and the seconds of it that are done
    """
    if min(workers, len(jobs)) <= 1:
        for job in jobs:
            if _reading(job).exists():
                _reading(job).unlink()
                yield from _in_processes([job], 1, progress)
            else:
                yield job, _attempt_here(job, progress)
    else:
        with _shared_encoders(jobs[0]) as server:
            yield from _in_processes(jobs, min(workers, len(jobs)), progress, server)


@contextmanager
def _shared_encoders(job: TitleJob) -> Iterator[ServerAddress | None]:
    """This process holds the encoders of the jobs where they are large; None where each worker loads its own."""
    with computing(job.compute):
        encoders = load_encoders(job.encoders)
    if not are_shared(encoders):
        yield None
        return
    with serving(encoders) as server:
        yield server


def _reading(job: TitleJob) -> Path:
    """A file that stands beside the staged titles while a film is read in this process: a crash leaves it."""
    return job.folder.parent / f"{READING}{job.facts.title_id}"


def _attempt_here(job: TitleJob, progress: Callable[[str, float], None]) -> StagedTitle | InputError:
    mark = _reading(job)
    with suppress(OSError):
        mark.touch()
    try:
        return _attempt(job, progress)
    finally:
        mark.unlink(missing_ok=True)


def _attempt(
    job: TitleJob, progress: Callable[[str, float], None], encoders: list[Encoder] | None = None
) -> StagedTitle | InputError:
    try:
        return encode_title(job, lambda seconds: progress(job.facts.title_id, seconds), encoders)
    except FullDiskError:
        raise  # the next title would find no space either
    except InputError as error:
        return error
    except Exception as error:  # whatever it is, it is about this film: the others are read
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        logger.debug("%s", printable(job.video), exc_info=True)
        return unreadable(job.video, error)


def _in_processes(
    jobs: Sequence[TitleJob],
    workers: int,
    progress: Callable[[str, float], None],
    server: ServerAddress | None = None,
) -> Iterator[Outcome]:
    """Titles made in several processes. One that is killed costs the film that killed it, and no other.

    A pool does not say which of its films a process died of. Those that may have been under way are tried again, each
    in a pool of its own; then the rest, together.
    """
    suspects = yield from _pool(jobs, workers, progress, server)
    while suspects:
        under_way, rest = suspects[: workers + 1], suspects[workers + 1 :]
        for job in under_way:
            for _ in (yield from _pool([job], 1, progress, server)):
                yield (
                    job,
                    InputError(f"{job.video}: the process that read it was killed; is there enough memory for it?"),
                )
        suspects = yield from _pool(rest, workers, progress, server)


def _pool(
    jobs: Sequence[TitleJob], workers: int, progress: Callable[[str, float], None], server: ServerAddress | None
) -> Generator[Outcome, None, list[TitleJob]]:
    """Make titles in a pool of processes; returns the jobs that were not done when one of them was killed, in order."""
    if not jobs:
        return []
    context = multiprocessing.get_context("spawn")  # threads that decode do not survive a fork
    progress_queue, stop = context.Queue(), context.Event()
    left = {id(job): job for job in jobs}
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=_begin, initargs=(progress_queue, stop, server)
    ) as pool:
        with ignoring_ctrl_c():
            running: dict[Future[StagedTitle | InputError], TitleJob] = {pool.submit(_work, job): job for job in jobs}
        try:
            while running:
                done, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                _drain(progress_queue, progress)
                for future in done:
                    job = running.pop(future)
                    try:
                        outcome = future.result()
                    except BrokenProcessPool:
                        continue
                    del left[id(job)]
                    yield job, outcome
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
    return list(left.values())


def _drain(progress_queue: Any, progress: Callable[[str, float], None]) -> None:
    while True:
        try:
            progress(*progress_queue.get_nowait())
        except queue.Empty:
            return


def _begin(progress_queue: Any, stop: Any, server: ServerAddress | None) -> None:
    """In a worker: Ctrl-C is the parent's affair, and nobody works on when the parent is gone."""
    global _progress, _stop, _server
    _progress, _stop, _server = progress_queue, stop, server
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    exit_with_parent()


def _work(job: TitleJob) -> StagedTitle | InputError:
    def tell(title_id: str, seconds: float) -> None:
        if _stop.is_set():
            raise KeyboardInterrupt
        _progress.put((title_id, seconds))

    global _encoders
    if _server is not None and _encoders is None:
        _encoders = connect(_server)
    return _attempt(job, tell, _encoders)
