"""File locks that end with the process that holds them: a lock file that a killed process left does not block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from msm.errors import InputError
from msm.io.portable import is_locked, try_lock

__all__ = ["is_locked", "lock_file", "try_lock"]

PATIENCE_S = 0.15  # longer than `is_locked` of another process holds a lock


@contextmanager
def lock_file(
    path: Path, *, wait_s: float = PATIENCE_S, or_else: str = "", on_wait: Callable[[], object] | None = None
) -> Iterator[None]:
    """Hold an exclusive lock on a file, which is created if it does not exist and stays afterwards.

    or_else  message of the InputError that is raised where another process still holds the lock after `wait_s`
    on_wait  called every `wait_s` seconds instead, until the lock is free; may raise to give up
    """
    lock = FileLock(path, fallback_to_soft=False)
    while True:
        try:
            lock.acquire(timeout=wait_s)
            break
        except Timeout:
            if on_wait is None:
                raise InputError(or_else or f"{path} is locked by another process") from None
        on_wait()
    try:
        yield
    finally:
        lock.release()
