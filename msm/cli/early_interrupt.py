"""Ctrl-C while the command is still importing its verbs: one line and exit status 130, as later."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

STOPPED = "stopped by Ctrl-C"


def leave(number: int, frame: Any) -> None:
    """A handler of SIGINT until `msm.cli.main.main` sets its own. Nothing is open yet that would have to be closed."""
    os.write(2, f"msm: {STOPPED}\n".encode())
    os._exit(130)


def expect_interrupts() -> None:
    """Set the handler where this process is the command, and nobody has set another; a library that is imported sets none."""
    started = Path(sys.argv[0] if sys.argv else "")
    is_command = started.stem == "msm" or started.parts[-2:] == ("msm", "__main__.py")
    if is_command and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, leave)
