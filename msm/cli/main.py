"""Run a verb, and turn errors into one sentence and an exit status."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

import typer

from msm.cli import start, catalogs, ingest, training, runs, inference, probe  # noqa: F401  # isort: skip — in this order
from msm.cli import search, map, surprise, notes, serve, export, hub, doctor  # noqa: F401  # isort: skip — of `msm --help`
from msm.cli.early_interrupt import STOPPED, leave
from msm.cli.program import app
from msm.errors import FULL, NO_MEMORY, InputError, InputErrors, lacks_memory, printable
from msm.io import portable, progress

# typer carries its own click since 0.17; this is the base of every parsing error in either
ParsingError: type[typer.BadParameter] = typer.BadParameter.__mro__[2]


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a verb and exit: 0 done, 2 an error that the user can correct, 130 interrupted."""
    if why := portable.unsupported():
        sys.exit(_fail(why, 2))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that partial output is removed
    if signal.getsignal(signal.SIGINT) in (
        signal.default_int_handler,
        leave,
    ):  # a shell may have it ignored in the background
        for number in portable.interrupt_signals():
            signal.signal(number, progress.interrupt)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a path may hold any bytes
    try:
        status = _run(arguments)
    except SystemExit as left:
        progress.ended(left.code if isinstance(left.code, int) else 1)
        raise
    except BaseException:
        progress.ended(1)
        raise
    sys.exit(status)


def _run(arguments: list[str] | None) -> int:
    try:
        arguments = sys.argv[1:] if arguments is None else arguments
        status = app(arguments or ["--help"], prog_name="msm", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, for instance `head`, has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except (KeyboardInterrupt, typer.Abort):
        return _fail(STOPPED, 130)
    except ParsingError as error:
        return _fail(f"{error.format_message().rstrip('.')}; see `msm --help` and `msm VERB --help`", 2)
    except InputErrors as errors:
        return _fail(errors.sentences, 2)
    except InputError as error:
        return _fail(str(error), 2)
    except Exception as error:
        if lacks_memory(error):
            return _fail(f"{NO_MEMORY}; reduce the size, or free memory used by other programs", 2)
        if not isinstance(error, OSError):
            raise
        what = "there is no space left on the disk" if error.errno in FULL else error.strerror or str(error)
        return _fail(f"{error.filename}: {what}" if error.filename is not None else what, 2)
    if status == 130 and progress.interrupted():  # typer makes a status of KeyboardInterrupt, and says nothing
        return _fail(STOPPED, 130)
    progress.ended(status or 0)
    return status or 0


def _fail(sentences: str | list[str], status: int) -> int:
    """Print a sentence, or several a line each, and return the exit status."""
    lines = [_one_line(s) for s in ([sentences] if isinstance(sentences, str) else sentences)]
    progress.ended(status, "; ".join(lines))
    with suppress(OSError):  # a log on a full disk
        print("\n".join(f"msm: {line}" for line in lines), file=sys.stderr)
    return status


def _one_line(sentence: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(printable(sentence).split()))
