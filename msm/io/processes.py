"""Processes: when one started, whether a process id still means the same one, and workers that end with their parent."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time

import psutil


def start_time() -> float:
    """When this process started, in seconds since 1970."""
    if hasattr(time, "CLOCK_BOOTTIME"):  # Linux: psutil knows the boot time in whole seconds only
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - _seconds_after_boot(psutil.Process())
        return time.time() - max(0.0, age_s)
    return psutil.Process().create_time()


def birth_mark(pid: int) -> str | None:
    """Text that tells a process from a later one of the same id; None where there is none, or only its zombie.

    A change of the system's clock does not change it.
    """
    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return None
        return f"{_seconds_after_boot(process):.2f}"
    except (psutil.Error, OSError, ValueError):
        return None


def _seconds_after_boot(process: psutil.Process) -> float:
    return process.create_time() - psutil.boot_time()


def exit_with_parent() -> None:
    """In a worker of multiprocessing: end this process at once when its parent has ended, however that came about."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()


def _exit_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
