"""Runs `msm` and kills it, with no warning, just before its Nth change of the disk, or in the middle of a file.

python -m tests.faults.dying changes N VERB …     before the Nth opening for writing, renaming or removing
python -m tests.faults.dying bytes N VERB …       when any file grows beyond N bytes

A kill at a random moment seldom meets the few milliseconds in which something is written; these always do. It dies of
SIGKILL or SIGXFSZ, which leave no room for a last word; where there are fewer changes than N it ends as it would.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from typing import Any

CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "shutil.rmtree"}


def main() -> None:
    die_at(sys.argv[1], int(sys.argv[2]))
    from msm.cli import main as msm

    msm(sys.argv[3:])


def die_at(how: str, number: int) -> None:
    """From now on this process dies at its Nth change, or at a file of so many bytes."""
    if how == "bytes":
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python would make an exception of it
        resource.setrlimit(resource.RLIMIT_FSIZE, (number, number))
    else:
        sys.addaudithook(Countdown(number))


class Countdown:
    """Kills this process before its Nth change; what Python itself keeps of its modules is no change."""

    def __init__(self, number: int):
        self.left = number

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, flags = args[0], args[2] or 0
            changes = bool(flags & (os.O_WRONLY | os.O_RDWR)) and isinstance(path, str | os.PathLike)
        else:
            changes, path = event in CHANGES, args[0] if args else ""
        if not changes or "__pycache__" in str(path) or str(path).startswith("/dev"):
            return
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
