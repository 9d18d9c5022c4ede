"""The typer program that the verbs register with, and what they share: common options, JSON, signals."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from msm.io import progress
from msm.io.portable import interrupt_signals

app = typer.Typer(
    help="Masked Shot Modeling: hide shots of a film and watch a model fill them in.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def _version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        print(f"msm {version('msm-workbench')}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    progress_file: Annotated[
        Path | None, typer.Option(help="Write the progress of any verb to this file, as JSON; before the verb.")
    ] = None,
) -> None:
    """Masked Shot Modeling: hide shots of a film and watch a model fill them in."""
    progress.report_to(progress_file)


def open_catalog(path: Path) -> Any:
    from msm.data.catalog import Catalog

    return Catalog.open(path)


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C and SIGTERM into a request to stop at the next step; a second signal stops at once."""
    received: list[int] = []

    def on_signal(number: int, frame: Any) -> None:
        if received:
            progress.interrupt(number, frame)
        received.append(number)

    before = {number: signal.signal(number, on_signal) for number in (*interrupt_signals(), signal.SIGTERM)}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def to_json(document: Any) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)


@contextmanager
def stdout_kept_clean() -> Iterator[None]:
    """Send to stderr what plug-ins and libraries print meanwhile, so that stdout holds nothing but the verb's answer.

    Also what is printed below Python, and by processes that are started meanwhile.
    """
    sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # stdout is closed
        kept = -1
    try:
        if kept >= 0:
            os.dup2(2, 1)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stdout.flush()
        with suppress(Exception):  # where the C library cannot be asked
            ctypes.CDLL(None).fflush(None)  # what C has buffered must not come later
        if kept >= 0:
            os.dup2(kept, 1)
            os.close(kept)
