"""Stand-ins for what only some systems have: locks, signals between processes, exchange of folders, cores.

Linux is the system that everything is tested on; here stands what macOS and Windows do instead, and which platforms are supported.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from filelock import FileLock, Timeout

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

WINDOWS = os.name == "nt"
SYSTEMS = {"linux": "Linux", "darwin": "macOS", "win32": "Windows"}
TESTED = ("linux",)
KILLED = -9  # exit status, negative, of a process that SIGKILL ended; Windows has no such signal
_AT_FDCWD, _RENAME_EXCHANGE, _RENAME_SWAP = -100, 2, 2  # of linux/fs.h and of macOS' stdio.h


def unsupported() -> str | None:
    """Why this platform cannot run the program, in one sentence; None where it can."""
    if sys.version_info < (3, 11):  # noqa: UP036 — from a checkout any Python may try
        return f"Python 3.11 or newer is needed; this is Python {platform.python_version()}"
    if platform.python_implementation() != "CPython":
        return f"CPython is needed, for which PyTorch is made; this is {platform.python_implementation()}"
    if sys.maxsize < 2**32:
        return "a 64-bit Python is needed, for which PyTorch is made; this one has 32 bits"
    if sys.platform not in SYSTEMS:
        return f"Linux, macOS or Windows is needed; this system is {sys.platform}, for which PyTorch and FAISS have no packages"
    return None


def num_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def try_lock(descriptor: int) -> bool:
    """Lock an open file or folder until its descriptor is closed; False where that cannot be done.

    Without flock nothing is locked and the answer is False: leftovers of killed writers then stay until somebody removes them.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def hold(path: Path) -> int | None:
    """Lock a file or folder for as long as the descriptor is open; None where somebody else does, or that cannot be done.

    Windows renames nothing that is open, so nothing is held there.
    """
    if fcntl is None:
        return None
    try:
        held = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    if try_lock(held):
        return held
    os.close(held)
    return None


def is_locked(path: Path) -> bool:
    """True where another holder has the lock on this file. Creates nothing; needs no right to write where there is flock."""
    try:
        with open(path) as file:
            if fcntl is not None:
                # shared: by filelock, which has no such lock, two processes that look would see each other
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return False
        FileLock(path, is_singleton=False).acquire(timeout=0).lock.release()
    except (BlockingIOError, Timeout):
        return True
    except OSError:
        return False
    return False


def sync(path: Path) -> None:
    """Wait until what was written to a file is on the disk. Open for writing: Windows refuses to sync what is only read."""
    with open(path, "r+b") as file:
        os.fsync(file.fileno())


def give_back_memory() -> None:
    """What was freed goes back to the system, where its C library can be told so.

    glibc keeps what lies between things still in use: after arrays of many sizes that is some megabytes a title.
    """
    if sys.platform == "linux":
        with suppress(TypeError, OSError, AttributeError):  # a C library that cannot be asked, or has no such function
            ctypes.CDLL(None).malloc_trim(0)


def exchange(new: Path, old: Path, aside: Path) -> None:
    """Swap two folders, in one step where the system can; afterwards `new` is the name of what `old` was.

    aside  a free name beside them, for systems that need three renames
    """
    if not _exchange_at_once(new, old):
        os.rename(old, aside)
        os.rename(new, old)
        os.rename(aside, new)


def _exchange_at_once(new: Path, old: Path) -> bool:
    try:
        libc = ctypes.CDLL(None, use_errno=True)
    except (OSError, TypeError):  # Windows
        return False
    if hasattr(libc, "renameat2"):  # Linux
        status = libc.renameat2(_AT_FDCWD, os.fsencode(new), _AT_FDCWD, os.fsencode(old), _RENAME_EXCHANGE)
    elif hasattr(libc, "renamex_np"):  # macOS
        status = libc.renamex_np(os.fsencode(new), os.fsencode(old), _RENAME_SWAP)
    else:
        return False
    if status == 0:
        return True
    code = ctypes.get_errno()
    if code not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):  # the disk's file system cannot
        raise OSError(code, os.strerror(code), str(old))
    return False


def apart() -> dict[str, Any]:
    """Arguments of Popen for a process that Ctrl-C on this terminal does not reach, and that `interrupt` does."""
    if WINDOWS:
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"start_new_session": True}


def interrupt(pid: int) -> None:
    """Ask a process that was started `apart` to stop, as Ctrl-C does."""
    os.kill(pid, getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT) if WINDOWS else signal.SIGINT)


def interrupt_signals() -> tuple[int, ...]:
    """The signals that ask to stop: Ctrl-C, and on Windows Ctrl-Break, which `interrupt` sends."""
    return (signal.SIGINT, signal.SIGBREAK) if hasattr(signal, "SIGBREAK") else (signal.SIGINT,)


def become(argv: Sequence[str]) -> NoReturn:
    """Go on as another program, with the same terminal; returns its exit status to whoever started this one.

    On Windows exec starts a second process and ends the first, so that a shell would show its prompt at once.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if WINDOWS:
        with subprocess.Popen(argv) as process:
            try:
                sys.exit(process.wait())
            except KeyboardInterrupt:  # the program heard it too
                sys.exit(process.wait())
    os.execv(argv[0], list(argv))
