"""The trainings beside the app: found, watched, begun and gone on with. The page draws what these functions return."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from msm import Catalog, InputError
from msm.recipes.hyperparameters import train_words
from msm.runs import monitor
from msm.runs.monitor import Measured, Tail, Watched
from workbench.server import jobs
from workbench.server.jobs import Job
from workbench.server.roles import require_editor
from workbench.session import cache
from workbench.session.arguments import Arguments, catalog_named, catalog_names
from workbench.session.bounded_dict import BoundedDict

TRAIN, ESTIMATE = "train", "estimate"  # kinds of jobs
MOST_TAILS = 64
RESUMED_S = 60.0  # a lock taken so much later than the folder was made is of a training that was resumed


def found(arguments: Arguments) -> dict[str, Path]:
    """Name → folder of every run, those being trained first, then the latest."""
    return {path.name: path for path in monitor.listed(arguments.runs)}


def seen(path: Path, folder: Path) -> tuple[Watched, Measured]:
    """A run as it stands now, and what it has measured; `folder` is that of the jobs."""
    measured = _tail(path).read()
    run = monitor.look(path, step=measured.step or 0)
    if run.state in (monitor.STOPPED, monitor.FAILED, monitor.LOST) and not run.problem:
        job = job_of(path, folder)
        if job and job.state == jobs.RUNNING and job.started > float(run.info.get("heartbeat", 0.0)):
            run = replace(
                run, state=monitor.RUNNING, heard=job.started, stopping=(path / monitor.STOP).exists()
            )  # it loads what it needs
    elif run.state == monitor.RUNNING and not monitor.is_held(path):
        job = job_of(path, folder)
        if job and job.state not in (jobs.RUNNING, jobs.STOPPED):  # whoever began it here saw it die: no need to wait
            run = replace(run, state=monitor.LOST)
    return run, measured


def seconds_left(run: Watched) -> float | None:
    """From how fast it went while somebody looked, else since it began; None where nobody can know."""
    pace = _tail(run.path).seconds_a_step()
    if pace is None and run.step:
        made, began = (cache.stamp(run.path / name)[0] / 1e9 for name in ("recipe.json", monitor.LOCK))
        pace = None if began - made > RESUMED_S else (run.heard - made) / run.step
    return None if pace is None else max(0.0, pace * (run.steps - run.step))


def _tail(path: Path) -> Tail:
    tails, guard = _tails()
    with guard:
        if path not in tails:
            tails[path] = _GuardedTail(path)
        return tails[path]


class _GuardedTail(Tail):
    """One for all who look at a run: each line is read once."""

    def __init__(self, path: Path):
        super().__init__(path)
        self._guard = threading.Lock()

    def read(self) -> Measured:
        with self._guard:
            return super().read()


@st.cache_resource(show_spinner=False)
def _tails() -> tuple[BoundedDict[Path, Tail], threading.Lock]:
    return BoundedDict(MOST_TAILS), threading.Lock()


def job_of(path: Path, folder: Path) -> Job | None:
    """The latest job that trained this run; None for one that was begun elsewhere."""
    mine = str(path.absolute())
    return next((job for job in jobs.list_jobs(folder, TRAIN) if job.about.get("run") == mine), None)


def not_begun(folder: Path) -> list[Job]:
    """Jobs that train a run whose folder is not there: they load what they need, or ended before it was."""
    without = [job for job in jobs.list_jobs(folder, TRAIN) if not (Path(job.about["run"]) / "run.json").exists()]
    return [job for job in without if not job.share and job.state != jobs.DONE]  # the others' runs were removed since


def start(folder: Path, catalog: Path, run: Path, name: str, changed: Mapping[str, Any], *, dry: bool = False) -> Job:
    """Begin `msm train` as a job; with `dry` ask it how long it would take."""
    words = train_words(str(catalog.absolute()), str(run.absolute()), name, changed)
    kind, title = (ESTIMATE, f"Timing {run.name}") if dry else (TRAIN, f"Training {run.name}")
    with jobs.prepared(folder, kind) as place:
        about = {"run": str(run.absolute())}
        return jobs.start(place, title, [*words, *(["--dry-run"] if dry else []), "--json"], about)


def resume(folder: Path, run: Watched, catalog: Path) -> Job:
    """Go on where a run ended, as a job."""
    require_editor()
    words = ["train", str(catalog.absolute()), str(run.path.absolute()), "--resume", "--json"]
    (run.path / monitor.STOP).unlink(missing_ok=True)
    with jobs.prepared(folder, TRAIN) as place:
        return jobs.start(place, f"Training {run.name}", words, {"run": str(run.path.absolute())})


def stop(path: Path) -> None:
    """Ask a training to end at its next step, wherever it was begun."""
    require_editor()
    monitor.ask_to_stop(path)


def delete(folder: Path, path: Path, runs: Path) -> None:
    """Remove a run, and what is kept of the jobs that trained it."""
    require_editor()
    monitor.delete(path, runs)
    for job in jobs.list_jobs(folder, TRAIN):
        if job.about.get("run") == str(path.absolute()):
            jobs.remove(job)


def catalog_of(run: Watched, arguments: Arguments, chosen: Path) -> Path | None:
    """The catalog that a run was started on: the chosen one, one beside it, or where its folder says; None where it is gone."""
    print_ = (run.info.get("catalog") or {}).get("fingerprint")
    beside = [catalog_named(arguments, name) for name in catalog_names(arguments)]
    said = Path((run.info.get("catalog") or {}).get("path", ""))
    for path in [chosen, *filter(None, beside), said]:
        try:
            catalog: Catalog = cache.open_catalog(path)
        except (InputError, OSError):
            continue
        if catalog.fingerprint == print_:
            return path
    return None
