"""How far a verb of the command line is: a bar on a terminal, and a small file for whoever watches from outside.

The file is one JSON object, written whole each time: what, done, total, seconds_left (None while nobody can
know), updated (seconds since 1970), and, once it is over, ended {status, sentence}.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from msm.io.files import temporary_sibling
from msm.io.processes import start_time

BEGAN = start_time()  # not the time of this import: on a busy machine Python alone takes seconds to come here
SPARE = "spare"  # a file beside the progress file, by whoever started this: its room is for the last word
EVERY_S = 0.25  # a watcher does not see more than that


class ProgressFile:
    """Tells in a file how far the work is. A disk that is full does not stop the work for it."""

    def __init__(self, path: Path):
        self.path = path
        self._line: dict[str, Any] = {}
        self._began: tuple[str, int, float] = ("", 0, 0.0)  # what, how much was done, and when
        self._written = 0.0

    def tell(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if new := what != self._began[0] or done < self._began[1]:
            self._began = (what, done, now)
        _, first, since = self._began
        left = (now - since) / (done - first) * (total - done) if done > first else None
        seconds = None if left is None else round(max(0.0, left), 1)
        self._line = {"what": what, "done": done, "total": total, "seconds_left": seconds}
        if new or now - self._written >= EVERY_S:
            self._written = now
            self._write()

    def end(self, status: int, sentence: str) -> None:
        """The last word: the exit status, and the sentence that says why where it is not 0."""
        self._line["ended"] = {"status": status, "sentence": sentence}
        with suppress(OSError):
            self.path.with_name(SPARE).unlink(missing_ok=True)
        self._write()

    def _write(self) -> None:
        temporary = temporary_sibling(self.path)
        try:
            temporary.write_text(json.dumps({**self._line, "updated": time.time()}), encoding="utf-8")
            os.replace(temporary, self.path)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


_stop_asked = False  # by Ctrl-C, or SIGINT, in this process
_file: ProgressFile | None = None  # of this process: a command has one verb, and a verb one file


def report_to(path: Path | None) -> None:
    """From now on this process tells its progress in this file; None ends that.

    Whoever watches stops it by SIGINT, which a server in the background may have taught its children to ignore.
    """
    global _file, _stop_asked
    _file, _stop_asked = None if path is None else ProgressFile(path), False
    if _file is not None:
        signal.signal(signal.SIGINT, interrupt)
        _file.tell("starting", 0, 0)


def interrupt(number: int, frame: Any) -> None:
    """A handler of SIGINT: what Python does by itself, and `interrupted` knows of it."""
    global _stop_asked
    _stop_asked = True
    raise KeyboardInterrupt


def interrupted() -> bool:
    """Whether Ctrl-C ended this command."""
    return _stop_asked


def _tell(what: str, done: int, total: int) -> None:
    if _stop_asked:  # a library may have swallowed the interruption that was raised inside it
        raise KeyboardInterrupt
    if _file is not None:
        _file.tell(what, done, total)


def ended(status: int, sentence: str = "") -> None:
    """How the verb ended, for the file if there is one."""
    if _file is not None:
        _file.end(status, sentence)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function to call with (done, total): a bar on stderr where that is a terminal, and the file if there is one."""
    with progress_bars(what) as (tell,):
        yield tell


@contextmanager
def progress_bars(*whats: str) -> Iterator[tuple[Callable[[int, int], None], ...]]:
    """A function as of `progress_bar` for each part of the work, one part after the other: the bar is that of the latest."""
    if not sys.stderr.isatty():
        yield tuple(partial(_tell, what) for what in whats)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        tasks = {what: bar.add_task(what, total=None, visible=what == whats[0]) for what in whats}

        def draw(what: str, done: int, total: int) -> None:
            for name, task in tasks.items():
                bar.update(task, visible=name == what)
            bar.update(tasks[what], completed=done, total=total)
            _tell(what, done, total)

        yield tuple(partial(draw, what) for what in whats)


@contextmanager
def training_bar(steps: int) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Shows each line of metrics: a bar with time left on a terminal, a line a validation elsewhere."""

    def sentence(line: dict[str, Any]) -> str:
        measured = line["validation"]
        best = measured["baselines"][measured["best_baseline"]]["centred_cosine"]
        alarm = (measured.get("geometry") or {}).get("alarm")
        sentence = f"validation {measured['centred_cosine']:.3f} (best baseline {best:.3f})"
        return f"{sentence}  ALARM: {alarm}" if alarm else sentence

    def tell(line: dict[str, Any]) -> None:
        _tell("training", line["step"], steps)

    if not sys.stderr.isatty():

        def on_step(line: dict[str, Any]) -> None:
            tell(line)
            if "validation" in line:
                print(f"step {line['step']}/{steps}  loss {line['loss']:.4f}  {sentence(line)}", file=sys.stderr)

        yield on_step
        return
    from rich import progress
    from rich.console import Console

    columns = [progress.BarColumn(), progress.MofNCompleteColumn(), progress.TimeRemainingColumn()]
    with progress.Progress("{task.description}", *columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("training", total=steps)

        def draw(line: dict[str, Any]) -> None:
            tell(line)
            bar.update(task, completed=line["step"], description=f"loss {line['loss']:.4f}")
            if "validation" in line:
                bar.console.print(f"step {line['step']}: {sentence(line)}")

        yield draw
