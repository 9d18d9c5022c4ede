"""Processes: when this one started, and workers that end with their parent."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time

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
