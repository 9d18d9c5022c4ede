"""Run another program to its end: watched while it works, and never left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from msm.io.portable import apart

POLL_S = 0.2
# A process between this one and the program: when its input closes, however this process ended, it ends with all that
# the program started.
_WATCH = """
import os, signal, subprocess, sys, threading
program = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
def end(*_):
    os.killpg(0, signal.SIGKILL) if hasattr(os, "killpg") else program.kill()
signal.signal(signal.SIGTERM, end)
threading.Thread(target=lambda: (os.read(0, 1), end()), daemon=True).start()
os._exit(min(255, abs(program.wait())))
"""


class ProgramError(Exception):
    """The program failed, or stood still; the message is the last of what it said."""


def run_program(
    command: Sequence[str | Path],
    *,
    folder: Path,
    heartbeat: Callable[[], None],
    is_progress: Callable[[str], bool],
    output: Path,
    patience_s: float,
) -> None:
    """Run a program in `folder` and wait for its end.

    heartbeat    called a few times a second; where it raises, the program is killed and the exception goes on
    is_progress  whether a line that the program printed says only how far it is; other lines are its complaints
    output       the file that it writes: as long as that grows, the program works
    patience_s   so long may it neither print anything new nor write

    Raises ProgramError where it fails or stands still.
    """
    watched = [sys.executable, "-I", "-S", "-c", _WATCH, *map(str, command)]
    process = subprocess.Popen(
        watched,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "LC_ALL": "C"},  # its complaints in English
        **apart(),  # Ctrl-C is this process's affair
    )
    listener = _Listener(process, is_progress)
    try:
        while not listener.wait(POLL_S):
            heartbeat()
            if listener.silent_s(output) > patience_s:
                raise ProgramError(f"it made no progress for {patience_s:.0f} seconds")
        if process.wait():
            raise ProgramError(listener.complaint or f"it ended with status {process.returncode}")
    finally:
        _end(process)
        listener.close()


class _Listener:
    """Reads what a program prints, in a thread, so that it never waits for its reader."""

    def __init__(self, process: subprocess.Popen[bytes], is_progress: Callable[[str], bool]):
        self._process, self._is_progress = process, is_progress
        self._complaints: deque[str] = deque(maxlen=20)
        self._last: set[str] = set()
        self._moved_at = time.monotonic()
        self._wrote: tuple[int, int] | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        before: deque[str] = deque(maxlen=40)
        for raw in self._process.stdout:
            line = raw.decode("utf-8", "replace").strip()
            if line not in before:
                self._moved_at = time.monotonic()
            before.append(line)
            if line and not self._is_progress(line):
                self._complaints.append(line)

    def wait(self, seconds: float) -> bool:
        """Whether the program closed its output, which it does when it ends."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def silent_s(self, output: Path) -> float:
        """Seconds since it last printed something new or wrote."""
        try:
            facts = output.stat()
            wrote = (facts.st_size, facts.st_mtime_ns)
        except OSError:
            wrote = None
        if wrote != self._wrote:
            self._wrote, self._moved_at = wrote, time.monotonic()
        return time.monotonic() - self._moved_at

    def close(self) -> None:
        """Close the pipe, which is at its end now that the program is."""
        self._thread.join(10)
        if not self._thread.is_alive() and self._process.stdout is not None:
            self._process.stdout.close()

    @property
    def complaint(self) -> str:
        return "; ".join(self._complaints)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the program where it still runs."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
