"""Processes: when this one started, workers that end with their parent, and those that do not hear Ctrl-C."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil


def start_time() -> float:
    """When this process started, in seconds since 1970."""
    if hasattr(time, "CLOCK_BOOTTIME"):  # Linux: psutil knows the boot time in whole seconds only
        born_s = psutil.Process().create_time() - psutil.boot_time()  # after boot
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - born_s
        return time.time() - max(0.0, age_s)
    return psutil.Process().create_time()


def exit_with_parent() -> None:
    """In a worker of multiprocessing: end this process at once when its parent has ended, however that came about."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()


def _exit_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)


@contextmanager
def ignoring_ctrl_c() -> Iterator[None]:
    """Processes that are started inside do not hear Ctrl-C, not even while they import what they need."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker  # not on Windows

    resource_tracker.ensure_running()  # else it begins inside, after which nothing is ignored any more
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
