"""Jobs: `msm` commands in processes that outlive the page, the session and the server.

A job is a folder in the folder of jobs, so that every session sees the same jobs:

    KIND-DATE-TIME-RANDOM/
      job.json        kind, title, argv, about (values of the page that started it), started, pid
      progress.json   progress and end, written by the child (msm/io/progress.py)
      output, log     its stdout and stderr
      exit.json       its exit status, written by the server that started it
      spare           reserves disk space for progress.json and exit.json; removed at the end
      asked.json      the number of requests to stop it
      files/          uploads that it reads

Whether a job runs is read from the process table. A job whose process ended without a recorded status is `lost`. A pid that was
reused by another process is recognised by its command line.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import Any

import psutil

from msm.errors import InputError
from msm.io import portable
from msm.io.files import naming_full_disk, read_json, write_json
from msm.io.progress import SPARE
from workbench.server.roles import require_editor

RUNNING, DONE, FAILED, STOPPED, LOST = "running", "done", "failed", "stopped", "lost"
STOP_STATUSES = (130, 143, -signal.SIGINT, -signal.SIGTERM)
_watchers: dict[Path, threading.Thread] = {}  # threads that wait for the jobs of this server
SPARE_BYTES = 16_384
LOG_TAIL = 20_000  # bytes of a log that are shown
Kinds = Mapping[str, tuple[type, ...]]  # key → types of a JSON file
FACTS: Kinds = {"kind": (str,), "title": (str,), "argv": (list,), "about": (dict,), "started": (int, float)}
FACTS = {**FACTS, "pid": (int,)}
LARGEST = 1e11  # of any number in them: seconds since 1970 until the year 5138
NUMBER = (int, float, NoneType)
PROGRESS: Kinds = {"done": NUMBER, "total": NUMBER, "seconds_left": NUMBER, "what": (str, NoneType)}
ENDED: Kinds = {"status": (int,), "sentence": (str, NoneType)}
EXIT: Kinds = {"status": (int,)}
STOP_REQUESTS: Kinds = {"times": (int,)}
LOST_SENTENCE = "it ended without an exit status: it was killed, or the machine was restarted"
KILLED_SENTENCE = "it was killed; perhaps there was not enough memory"


@dataclass(frozen=True, kw_only=True)
class Job:
    """The state of a job at the time of reading.

    state          running, done, failed, stopped or lost
    share          0 … 1 of the work that is done, None while unknown
    seconds_left   None while unknown
    sentence       why it failed; empty otherwise
    stop_requests  the number of requests to stop it
    """

    folder: Path
    kind: str
    title: str
    argv: tuple[str, ...]
    started: float
    state: str
    what: str = ""
    share: float | None = None
    seconds_left: float | None = None
    sentence: str = ""
    stop_requests: int = 0
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def log(self) -> str:
        """The last bytes of its stderr."""
        return _tail(self.folder / "log")

    @property
    def answer(self) -> dict[str, Any]:
        """The first object that it printed under --json; empty where it printed none."""
        return next(iter(self.answers), {})

    @property
    def answers(self) -> list[dict[str, Any]]:
        """Every object that it printed under --json, for a verb that prints a list of them."""
        try:
            printed = read_json(self.folder / "output")
        except InputError:
            return []
        return [one for one in (printed if isinstance(printed, list) else [printed]) if isinstance(one, dict)]


def jobs_folder(runs: Path) -> Path:
    """The folder of jobs, hidden among the runs."""
    return runs / ".jobs"


def prepare(jobs: Path, kind: str) -> Path:
    """Make the folder of a job; it is listed as a job after `start`. InputError for a viewer."""
    require_editor()
    folder = jobs / f"{kind}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
    with naming_full_disk(folder):
        folder.mkdir(parents=True)
    return folder


@contextmanager
def prepared(jobs: Path, kind: str) -> Iterator[Path]:
    """Make the folder of a job that is started inside the block; it is removed if the block raises."""
    folder = prepare(jobs, kind)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def start(folder: Path, title: str, verb: Sequence[str], about: Mapping[str, Any] | None = None) -> Job:
    """Start `msm VERB …` as the job of a prepared folder.

    title  shown on the page
    verb   the arguments of `msm`; paths should be absolute
    about  values that the page reads again, JSON-serialisable

    InputError where the disk is full; nothing is started then.
    """
    argv = [sys.executable, "-m", "msm", "--progress-file", str(folder.absolute() / "progress.json"), *verb]
    with naming_full_disk(folder):
        (folder / SPARE).write_bytes(bytes(SPARE_BYTES))
        with open(folder / "output", "wb") as output, open(folder / "log", "wb") as log:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=log, **portable.apart())
    facts = {
        "kind": folder.name.rsplit("-", 3)[0],
        "title": title,
        "argv": argv,
        "about": dict(about or {}),
        "started": time.time(),
        "pid": process.pid,
    }
    try:
        with naming_full_disk(folder):
            write_json(folder / "job.json", facts)
    except BaseException:  # a process without a job.json could not be stopped
        process.kill()
        process.wait()
        raise
    watcher = threading.Thread(target=_wait_for_exit, args=(process, folder), daemon=True, name=f"job {folder.name}")
    watcher.start()
    _watchers[folder.absolute()] = watcher
    return read(folder)


def list_jobs(jobs: Path, *kinds: str) -> list[Job]:
    """The jobs of these kinds, or of every kind where none is given; the latest first."""
    found = []
    for path in jobs.glob("*/job.json"):
        try:
            job = read(path.parent)
        except InputError:  # removed by another session meanwhile, or not a job
            continue
        if not kinds or job.kind in kinds:
            found.append(job)
    return sorted(found, key=lambda job: job.started, reverse=True)


def read(folder: Path) -> Job:
    """Read a job; InputError where the folder is not a job."""
    facts = read_json(folder / "job.json")
    if not _fits(facts, FACTS) or not all(isinstance(word, str) for word in facts["argv"]):
        raise InputError(f"{folder / 'job.json'} is not what a job writes")
    job: dict[str, Any] = {key: facts[key] for key in ("kind", "title", "started", "about")}
    argv = tuple(facts["argv"])
    alive = _runs(
        facts["pid"], argv
    )  # before the files are read: the process may end in between, and must not count as lost then
    if not alive and folder.absolute() in _watchers:  # its exit status is being written
        _watchers[folder.absolute()].join(1)
    progress = _read_checked(folder / "progress.json", PROGRESS)
    state, sentence = _state(alive, progress.get("ended"), _read_checked(folder / "exit.json", EXIT).get("status"))
    share = progress["done"] / progress["total"] if progress.get("total") and progress.get("done") is not None else None
    if state == DONE:  # also one that ended before it had anything to count
        share = 1.0
    return Job(
        folder=folder,
        argv=argv,
        state=state,
        what=progress.get("what") or "",
        share=share if share is None else min(1.0, max(0.0, share)),
        seconds_left=progress.get("seconds_left"),
        sentence=sentence,
        stop_requests=_read_checked(folder / "asked.json", STOP_REQUESTS).get("times", 0),
        **job,
    )


def stop(job: Job) -> None:
    """Stop a running job: by SIGINT at the first request, by SIGTERM after it. InputError for a viewer."""
    require_editor()
    if read(job.folder).state != RUNNING:
        return
    facts = read_json(job.folder / "job.json")
    write_json(job.folder / "asked.json", {"times": job.stop_requests + 1, "at": time.time()})
    if _runs(facts["pid"], facts["argv"]):
        if job.stop_requests:
            os.kill(facts["pid"], signal.SIGTERM)
        else:
            portable.interrupt(facts["pid"])


def remove(job: Job) -> None:
    """Delete the folder of a job that has ended, uploads included; a running job stays. InputError for a viewer."""
    require_editor()
    if read(job.folder).state != RUNNING:
        shutil.rmtree(job.folder, ignore_errors=True)


def _wait_for_exit(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait for a child, which leaves no zombie, and write its exit status."""
    status = process.wait()
    if folder.is_dir():
        with suppress(OSError):  # a full disk; progress.json may still have the end
            (folder / SPARE).unlink(missing_ok=True)
            write_json(folder / "exit.json", {"status": status})
    _watchers.pop(folder.absolute(), None)


def _state(alive: bool, ended: Mapping[str, Any] | None, seen: int | None) -> tuple[str, str]:
    """(state, sentence) from the end in progress.json and the status in exit.json."""
    if alive and ended is None:
        return RUNNING, ""
    status = seen if ended is None else ended["status"]
    if status is None:
        return LOST, LOST_SENTENCE
    if status == 0:
        return DONE, ""
    if status in STOP_STATUSES:
        return STOPPED, ""
    sentence = "" if ended is None else ended.get("sentence")
    return FAILED, sentence or (
        KILLED_SENTENCE if status == portable.KILLED else f"it failed with exit status {status}"
    )


def _read_checked(path: Path, kinds: Kinds) -> dict[str, Any]:
    """A JSON object; empty where the file does not exist yet or does not fit `kinds`."""
    try:
        found = read_json(path)
    except InputError:
        return {}
    ended = found.get("ended") if isinstance(found, dict) else None
    return found if _fits(found, kinds) and (ended is None or _fits(ended, ENDED)) else {}


def _fits(found: Any, kinds: Kinds) -> bool:
    if not isinstance(found, dict) or not all(isinstance(found.get(key), kind) for key, kind in kinds.items()):
        return False
    return all(abs(value) < LARGEST for key in kinds if isinstance(value := found.get(key), int | float))


def _runs(pid: int, argv: Sequence[str]) -> bool:
    """Whether the process of this pid is the one that was started with `argv`, whose paths no other process has."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.cmdline()[1:] == list(argv[1:])
    except psutil.Error:
        return False


def _tail(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_TAIL))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
