"""Where jobs run: worker processes here, or a Ray cluster that sees the same folders."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

from msm.errors import InputError
from msm.io.portable import num_cores
from msm.io.processes import exit_with_parent

KILLED = "its process was killed, most likely because there was not enough memory"


class Pool(Protocol):
    """Somewhere to run a function: at most `size` jobs at a time."""

    size: int

    def submit(self, job: Any) -> Future[Any]:
        """Begin a job; at most `size` are under way."""
        ...

    def release(self, future: Future[Any]) -> None:
        """A job has ended, however it did."""
        ...

    def close(self, *, at_once: bool) -> None:
        """End the workers; `at_once` with what they do."""
        ...


class LocalPool:
    """Processes of this machine, one executor each, so that one that is killed takes no other with it.

    function  of one job, which a process can import
    size      processes, which share the cores
    """

    def __init__(self, function: Callable[[Any], Any], size: int):
        self.size = size
        self._function, self._threads = function, max(1, num_cores() // size)
        self._idle = [self._executor() for _ in range(size)]
        self._busy: dict[Future[Any], ProcessPoolExecutor] = {}

    def _executor(self) -> ProcessPoolExecutor:
        args = (self._threads,)
        return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=begin_worker, initargs=args)

    def submit(self, job: Any) -> Future[Any]:
        """See `Pool`."""
        executor = self._idle.pop()
        future = executor.submit(self._function, job)
        self._busy[future] = executor
        return future

    def release(self, future: Future[Any]) -> None:
        """See `Pool`."""
        executor = self._busy.pop(future)
        if isinstance(future.exception(), BrokenProcessPool):
            executor.shutdown(wait=False)
            executor = self._executor()
        self._idle.append(executor)

    def close(self, *, at_once: bool) -> None:
        """See `Pool`."""
        for executor in [*self._idle, *self._busy.values()]:
            processes = list((executor._processes or {}).values()) if at_once else []  # noqa: SLF001  # no public way to end them
            for process in processes:
                process.terminate()
            executor.shutdown(wait=not at_once, cancel_futures=True)


class RayPool:
    """A Ray cluster: the same function in the same working folder, as many jobs at a time as it has cores or GPUs.

    address   of the cluster; "auto" finds the one of this machine, "local" starts one here
    size      jobs at a time; None for as many as there are GPUs, where they are used and there are some, else cores
    use_gpus  give each job a GPU where the cluster has some
    Raises InputError where Ray is not installed, or nothing answers at the address.
    """

    def __init__(
        self, function: Callable[[Any], Any], address: str, size: int | None = None, *, use_gpus: bool = False
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
        gpus = ray.cluster_resources().get("GPU", 0) if use_gpus else 0
        self.size = size or max(1, int(gpus or ray.cluster_resources().get("CPU", 1)))
        self._ray, self._function, self._folder = ray, function, Path.cwd()
        self._remote = ray.remote(num_cpus=1, num_gpus=1 if gpus else 0, max_retries=0)(_call_there)

    def submit(self, job: Any) -> Future[Any]:
        """See `Pool`."""
        return self._remote.remote(self._function, self._folder, job).future()

    def release(self, future: Future[Any]) -> None:
        """See `Pool`."""

    def close(self, *, at_once: bool) -> None:
        """See `Pool`; a job that is under way ends in either case."""
        self._ray.shutdown()


def _call_there(function: Callable[[Any], Any], folder: Path, job: Any) -> Any:
    """In a worker of Ray, which begins in a folder of its own: relative paths are those of the driver."""
    os.chdir(folder)
    return function(job)


def begin_worker(threads: int) -> None:
    """Before the first job of a process: Ctrl-C is for the parent, and without the parent there is no work."""
    import signal

    import numpy as np  # noqa: F401  whose library of matrix products must be loaded to be limited
    import torch
    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(threads)
    threadpool_limits(threads, user_api="blas")  # else NumPy takes every core in each of the processes
    exit_with_parent()
