"""Long work in processes of their own that outlive the page, the visitor and the server.

A job is a folder in a folder of jobs, so every session sees the same ones:

    KIND-DATE-TIME-RANDOM/
      job.json        kind, title, argv, about (what a page wants to remember), started, pid, born
      progress.json   what the child tells of itself (msm/io/progress.py), its end included
      output, log     what it writes to stdout and to stderr
      exit.json       its exit status, from a server that saw it end
      spare           room for these two on a disk that runs full meanwhile; gone once it ended
      asked.json      how often it was asked to stop
      files/          what was uploaded for it

Whether it runs is read from the process table, never from a file: a job whose process died without a
word is `lost`, and a pid that belongs to somebody else by now is told by when that process was born.
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

from msm.errors import InputError
from msm.io.files import naming_full_disk, read_json, write_json
from msm.io.progress import SPARE
from workbench.server.roles import require_editor

RUNNING, DONE, FAILED, STOPPED, LOST = "running", "done", "failed", "stopped", "lost"
STOP_STATUSES = (130, 143, -signal.SIGINT, -signal.SIGTERM)
_watchers: dict[Path, threading.Thread] = {}  # of the jobs that this server started
SPARE_BYTES = 16_384
LOG_TAIL = 20_000  # bytes of a log that anybody wants to see
Kinds = Mapping[str, tuple[type, ...]]  # what the files hold
FACTS: Kinds = {"kind": (str,), "title": (str,), "argv": (list,), "about": (dict,), "started": (int, float)}
FACTS = {**FACTS, "pid": (int,), "born": (str, NoneType)}
LARGEST = 1e11  # of any number in them: seconds since 1970 until the year 5138
NUMBER = (int, float, NoneType)
TOLD: Kinds = {"done": NUMBER, "total": NUMBER, "seconds_left": NUMBER, "what": (str, NoneType)}
ENDED: Kinds = {"status": (int,), "sentence": (str, NoneType)}
EXIT: Kinds = {"status": (int,)}
ASKED: Kinds = {"times": (int,)}
LOST_SENTENCE = "it ended without a word: it was killed, or the machine was restarted"
KILLED_SENTENCE = "it was killed; perhaps there was not enough memory"


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job as it stood when it was read.

    state         running, done, failed, stopped or lost
    share         0 … 1 of the work that is done, None while nobody can know
    seconds_left  None while nobody can know
    sentence      why it failed; empty otherwise
    asked         how often it was asked to stop
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
    asked: int = 0
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def log(self) -> str:
        """The end of what it wrote to stderr."""
        return _tail(self.folder / "log")

    @property
    def answer(self) -> Any:
        """What it printed under --json; None where that is no JSON."""
        try:
            return read_json(self.folder / "output")
        except InputError:
            return None


def jobs_folder(runs: Path) -> Path:
    """Where jobs are kept: beside the runs, hidden."""
    return runs / ".jobs"


def prepare(jobs: Path, kind: str) -> Path:
    """A fresh folder for a job that is about to start; it is no job before `start`. InputError for a viewer."""
    require_editor()
    folder = jobs / f"{kind}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
    with naming_full_disk(folder):
        folder.mkdir(parents=True)
    return folder


@contextmanager
def prepared(jobs: Path, kind: str) -> Iterator[Path]:
    """A fresh folder for a job that is started inside the block; removed if it could not be."""
    folder = prepare(jobs, kind)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def start(folder: Path, title: str, verb: Sequence[str], about: Mapping[str, Any] | None = None) -> Job:
    """Start `msm VERB …` as the job of a prepared folder.

    title  what a person calls it
    verb   the words after `msm`; their paths should be absolute
    about  what a page wants to find again, as JSON

    InputError where the disk is full already: then nothing runs.
    """
    argv = [sys.executable, "-m", "msm", "--progress-file", str(folder.absolute() / "progress.json"), *verb]
    with naming_full_disk(folder):
        (folder / SPARE).write_bytes(bytes(SPARE_BYTES))
        with open(folder / "output", "wb") as output, open(folder / "log", "wb") as log:
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=output, stderr=log, start_new_session=True
            )
    facts = {
        "kind": folder.name.rsplit("-", 3)[0],
        "title": title,
        "argv": argv,
        "about": dict(about or {}),
        "started": time.time(),
        "pid": process.pid,
        "born": _born(process.pid),
    }
    try:
        with naming_full_disk(folder):
            write_json(folder / "job.json", facts)
    except BaseException:  # what nobody could find again must not run
        process.kill()
        process.wait()
        raise
    watcher = threading.Thread(target=_see_off, args=(process, folder), daemon=True, name=f"job {folder.name}")
    watcher.start()
    _watchers[folder.absolute()] = watcher
    return read(folder)


def listed(jobs: Path, *kinds: str) -> list[Job]:
    """The jobs of these kinds (of all where none is named), the latest first."""
    found = []
    for path in jobs.glob("*/job.json"):
        try:
            job = read(path.parent)
        except InputError:  # forgotten by another session this very moment, or not ours
            continue
        if not kinds or job.kind in kinds:
            found.append(job)
    return sorted(found, key=lambda job: job.started, reverse=True)


def read(folder: Path) -> Job:
    """A job as it stands now; InputError where the folder holds none."""
    facts = read_json(folder / "job.json")
    if not _fits(facts, FACTS) or not all(isinstance(word, str) for word in facts["argv"]):
        raise InputError(f"{folder / 'job.json'} is not what a job writes")
    job: dict[str, Any] = {key: facts[key] for key in ("kind", "title", "started", "about")}
    argv, pid, born = tuple(facts["argv"]), facts["pid"], facts.get("born")
    alive = _alive(pid, born)  # before the files are read: it may end in between, but not the other way round
    if not alive and folder.absolute() in _watchers:  # how it ended is being written down
        _watchers[folder.absolute()].join(1)
    told = _maybe(folder / "progress.json", TOLD)
    state, sentence = _state(alive, told.get("ended"), _maybe(folder / "exit.json", EXIT).get("status"))
    share = told["done"] / told["total"] if told.get("total") and told.get("done") is not None else None
    return Job(
        folder=folder,
        argv=argv,
        state=state,
        what=told.get("what") or "",
        share=share if share is None else min(1.0, max(0.0, share)),
        seconds_left=told.get("seconds_left"),
        sentence=sentence,
        asked=_maybe(folder / "asked.json", ASKED).get("times", 0),
        **job,
    )


def stop(job: Job) -> None:
    """Ask a running job to stop: by SIGINT, and where it was asked before by SIGTERM. InputError for a viewer."""
    require_editor()
    if read(job.folder).state != RUNNING:
        return
    facts = read_json(job.folder / "job.json")
    write_json(job.folder / "asked.json", {"times": job.asked + 1, "at": time.time()})
    if _alive(facts["pid"], facts.get("born")):
        os.kill(facts["pid"], signal.SIGTERM if job.asked else signal.SIGINT)


def forget(job: Job) -> None:
    """Remove what is kept of a job that is over, uploads included; a running one stays. InputError for a viewer."""
    require_editor()
    if read(job.folder).state != RUNNING:
        shutil.rmtree(job.folder, ignore_errors=True)


def _see_off(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait for a child, so that no zombie is left, and write down how it ended."""
    status = process.wait()
    if folder.is_dir():
        with suppress(OSError):  # a full disk; the child's own last word may still be there
            (folder / SPARE).unlink(missing_ok=True)
            write_json(folder / "exit.json", {"status": status})
    _watchers.pop(folder.absolute(), None)


def _state(alive: bool, ended: Mapping[str, Any] | None, seen: int | None) -> tuple[str, str]:
    """(state, sentence) from the child's last word and from the exit status that a server saw."""
    if alive and ended is None:
        return RUNNING, ""
    status = seen if ended is None else ended["status"]
    if status is None:
        return LOST, LOST_SENTENCE
    if status == 0:
        return DONE, ""
    if status in STOP_STATUSES:
        return STOPPED, ""
    said = "" if ended is None else ended.get("sentence")
    return FAILED, said or (KILLED_SENTENCE if status == -signal.SIGKILL else f"it failed with exit status {status}")


def _maybe(path: Path, kinds: Kinds) -> dict[str, Any]:
    """An object of JSON; empty where it is not there yet, or not what a job writes."""
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


def _born(pid: int) -> str | None:
    """When a process was born, as this boot of the machine counts; None where there is none, or only its zombie."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (OSError, ValueError):
        return None
    return None if words[0] in "ZX" else f"{boot}/{words[19]}"


def _alive(pid: int, born: str | None) -> bool:
    if Path("/proc/self/stat").exists():
        return born is not None and _born(pid) == born
    try:  # no process table to read: a pid must do
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _tail(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_TAIL))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
