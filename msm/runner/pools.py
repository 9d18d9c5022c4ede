"""Where jobs run: in this process, in worker processes here, or on a Ray cluster that sees the same folders.

A worker begins once (`Work.begin`), which is when weights are loaded, and then does one job after another.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

from msm.errors import InputError
from msm.io.portable import num_cores
from msm.io.processes import exit_with_parent, ignoring_ctrl_c

# A fork server's only thread runs no code of ours; on macOS its libraries do not survive a fork, and Windows has none.
START_METHOD = "forkserver" if sys.platform.startswith("linux") else "spawn"
KILLED = "its process was killed, most likely because there was not enough memory"
Tell = Callable[[int], None]  # how much of a job has been done since the last call
Do = Callable[[Any, Tell], Any]  # job, tell → its result


class Work(Protocol):
    """What workers do, in plain values, so that it can be sent to another machine."""

    def begin(self, device: str) -> Do:
        """Called once in each worker; what it returns is called for each of the worker's jobs.

        device  for torch; "" where the work needs none
        """
        ...


@dataclass(frozen=True)
class Plain:
    """A function of a job that needs no beginning, which a process can import."""

    function: Callable[[Any], Any]

    def begin(self, device: str) -> Do:
        """See `Work`."""
        return lambda job, tell: self.function(job)


class Pool(Protocol):
    """Somewhere to run a function: at most `size` jobs at a time."""

    size: int

    def submit(self, job: Any) -> Future[Any]:
        """Begin a job; at most `size` are under way."""
        ...

    def release(self, future: Future[Any]) -> None:
        """A job has ended, however it did."""
        ...

    def rest(self) -> None:
        """No job waits: workers that have none may end."""
        ...

    def close(self, *, at_once: bool) -> None:
        """End the workers; `at_once` with what they do."""
        ...


class HerePool:
    """This process: one job at a time, done while it is handed out.

    do    as `Work.begin` returns it
    tell  hears how much of a job has been done
    """

    size = 1

    def __init__(self, do: Do, tell: Tell = lambda done: None):
        self._do, self._tell = do, tell

    def submit(self, job: Any) -> Future[Any]:
        """See `Pool`; only an interruption is raised at once."""
        future: Future[Any] = Future()
        try:
            future.set_result(self._do(job, self._tell))
        except Exception as error:  # as a worker's would be
            future.set_exception(error)
        return future

    def release(self, future: Future[Any]) -> None:
        """See `Pool`."""

    def rest(self) -> None:
        """See `Pool`."""

    def close(self, *, at_once: bool) -> None:
        """See `Pool`."""


class LocalPool:
    """Processes of this machine, one executor each, so that one that is killed takes no other with it.

    On Linux they fork from one process that has imported what they need (`import_ahead`), elsewhere each imports it.

    work     or a function of one job, which a process can import
    size     processes, which share the cores
    devices  handed out to the processes in turn
    """

    def __init__(self, work: Work | Callable[[Any], Any], size: int, devices: Sequence[str] = ("",)):
        self.size = size
        import_ahead(getattr(work, "__module__", ""))
        self._work, self._threads = as_work(work), max(1, num_cores() // size)
        self._idle = [(self._executor(), devices[i % len(devices)]) for i in reversed(range(size))]
        self._busy: dict[Future[Any], tuple[ProcessPoolExecutor, str]] = {}

    def _executor(self) -> ProcessPoolExecutor:
        args = (self._threads, dict(os.environ))
        context = get_context(START_METHOD)
        return ProcessPoolExecutor(1, mp_context=context, initializer=begin_worker, initargs=args)

    def submit(self, job: Any) -> Future[Any]:
        """See `Pool`."""
        executor, device = self._idle.pop()
        with ignoring_ctrl_c():  # the first job starts the process
            future = executor.submit(_do_here, self._work, device, job)
        self._busy[future] = executor, device
        return future

    def release(self, future: Future[Any]) -> None:
        """See `Pool`."""
        executor, device = self._busy.pop(future)
        if isinstance(future.exception(), BrokenProcessPool):
            executor.shutdown(wait=False)
            executor = self._executor()
        self._idle.append((executor, device))

    def rest(self) -> None:
        """See `Pool`."""

    def close(self, *, at_once: bool) -> None:
        """See `Pool`."""
        for executor, _ in [*self._idle, *self._busy.values()]:
            processes = list((executor._processes or {}).values()) if at_once else []  # noqa: SLF001  # no public way to end them
            for process in processes:
                process.terminate()
            executor.shutdown(wait=not at_once, cancel_futures=True)


def import_ahead(*modules: str) -> None:
    """Begin to import modules in the process from which workers fork, beside what this one does; nothing where none forks.

    That process is started once: what a later call names, each worker imports by itself.
    """
    if START_METHOD == "forkserver":
        from multiprocessing import forkserver  # not on Windows

        get_context(START_METHOD).set_forkserver_preload(list(filter(None, modules)))
        with ignoring_ctrl_c():
            forkserver.ensure_running()


_doing: Do | None = None  # in a process of `LocalPool`: what its work's `begin` returned


def _do_here(work: Work, device: str, job: Any) -> Any:
    """In a worker process: begin at the first job, so that what goes wrong then is that job's failure."""
    global _doing
    if _doing is None:
        _doing = work.begin(device)
    return _doing(job, lambda done: None)


class RayPool:
    """A Ray cluster: actors that begin once, in the same working folder, as many as it has cores or GPUs.

    work      or a function of one job, which a process can import
    address   of the cluster; "auto" finds the one of this machine, "local" starts one here
    size      actors; None for as many as there are GPUs, where they are used and there are some, else cores
    use_gpus  give each actor a GPU where the cluster has some; Ray lets it see that one alone, as "cuda"
    Raises InputError where Ray is not installed, or nothing answers at the address.
    """

    def __init__(
        self,
        work: Work | Callable[[Any], Any],
        address: str,
        size: int | None = None,
        *,
        use_gpus: bool = False,
    ):
        try:
            import ray
        except ImportError:
            raise InputError("Ray is not installed here; pip install 'msm-workbench[scale]' brings it") from None
        local = {"include_dashboard": False} if address == "local" else {"address": address}
        try:
            ray.init(**local, log_to_driver=False, logging_level="ERROR")
        except Exception as error:  # Ray raises some of no kind of its own
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise InputError(f"there is no Ray cluster at {address}: {reason}") from None
        self._unit = "GPU" if use_gpus and ray.cluster_resources().get("GPU", 0) else "CPU"
        self._ray, self._work, self._folder = ray, as_work(work), Path.cwd()
        self.size = max(1, min(size or self._room(), self._room()))  # more would wait for each other
        gpus = 1 if self._unit == "GPU" else 0
        self._make = ray.remote(num_cpus=1, num_gpus=gpus, max_restarts=0)(_Actor).remote
        self._device = "cuda" if gpus else "cpu" if use_gpus else ""
        self._idle: list[Any] = []
        self._busy: dict[Future[Any], Any] = {}

    def _room(self) -> int:
        """How many actors the nodes that are alive hold together."""
        return int(self._ray.cluster_resources().get(self._unit, 1))

    def submit(self, job: Any) -> Future[Any]:
        """See `Pool`."""
        actor = self._idle.pop() if self._idle else self._make(self._work, self._folder, self._device)
        future: Future[Any] = actor.do.remote(job).future()
        self._busy[future] = actor
        return future

    def release(self, future: Future[Any]) -> None:
        """See `Pool`; an actor that died is replaced at the next job, or not at all where its node is gone too."""
        actor = self._busy.pop(future)
        if not was_killed(future.exception()):
            self._idle.append(actor)
            return
        self.size = max(1, min(self.size, self._room()))

    def rest(self) -> None:
        """See `Pool`: actors end with their last handle, so that those that wait for room on a busy cluster begin."""
        self._idle.clear()

    def close(self, *, at_once: bool) -> None:
        """See `Pool`; a job that is under way ends in either case."""
        self._ray.shutdown()


class _Actor:
    """In a worker of Ray, which begins in a folder of its own: relative paths are those of the driver."""

    def __init__(self, work: Work, folder: Path, device: str):
        os.chdir(folder)
        self._work, self._device = work, device
        self._doing: Do | None = None

    def do(self, job: Any) -> Any:
        if self._doing is None:
            self._doing = self._work.begin(self._device)
        return self._doing(job, lambda done: None)


def as_work(work: Work | Callable[[Any], Any]) -> Work:
    return work if hasattr(work, "begin") else Plain(work)


LOST = ("WorkerCrashedError", "OutOfMemoryError", "ActorDiedError", "ActorUnavailableError", "NodeDiedError")


def was_killed(error: BaseException | None) -> bool:
    """Did the worker die, and not only its job fail?"""
    return isinstance(error, BrokenProcessPool) or type(error).__name__ in LOST


def begin_worker(threads: int, environment: Mapping[str, str]) -> None:
    """Before the first job of a process: Ctrl-C is for the parent, and without the parent there is no work.

    environment  of the parent; that of a forked process is of when the process was started that it forked from
    """
    import numpy as np  # noqa: F401  whose library of matrix products must be loaded to be limited
    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(environment)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # torch reads it when a job imports it: not every job needs torch
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    threadpool_limits(threads, user_api="blas")  # else NumPy takes every core in each of the processes
    exit_with_parent()
