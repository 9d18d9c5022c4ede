"""Trainings as processes: list, watch, start, resume, stop and delete them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from msm import Catalog, InputError
from msm.recipes.hyperparameters import train_words
from msm.runs import monitor
from msm.runs.monitor import METRICS, Measured, Tail, Watched
from msm.runs.table import Measures, measures, run_folders, runs_table
from workbench.server import jobs
from workbench.server.jobs import Job
from workbench.server.roles import require_editor
from workbench.session import cache
from workbench.session.arguments import Arguments, catalog_named, catalog_names
from workbench.session.bounded_dict import BoundedDict
from workbench.session.cache import Stamp

TRAIN, ESTIMATE = "train", "estimate"  # kinds of jobs
MOST_TAILS, MOST_MEASURES = 64, 5000
RESUMED_S = 60.0  # a lock this much younger than the folder means that the training was resumed


def found(arguments: Arguments) -> dict[str, Path]:
    """Name → folder of every run: running ones first, then the latest, then those of sweeps."""
    return run_folders(arguments.runs)


def table_of_runs(arguments: Arguments) -> pd.DataFrame:
    """The table of all runs, archived ones too; measures are read again where they changed."""
    return runs_table(arguments.runs, archived=True, measure=lambda path: _measures(path, cache.stamp(path / METRICS)))


@st.cache_data(max_entries=MOST_MEASURES, show_spinner=False)
def _measures(path: Path, changed: Stamp) -> Measures:
    return measures(path)


def seen(path: Path, folder: Path) -> tuple[Watched, Measured]:
    """The current state of a run and its measurements; `folder` holds the jobs."""
    measured = _tail(path).read()
    run = monitor.look(path, step=measured.step or 0)
    if run.state in (monitor.STOPPED, monitor.FAILED, monitor.LOST) and not run.problem:
        job = job_of(path, folder)
        if job and job.state == jobs.RUNNING and job.started > float(run.info.get("heartbeat", 0.0)):
            run = replace(
                run, state=monitor.RUNNING, heard=job.started, stopping=(path / monitor.STOP).exists()
            )  # the new process is still loading
    elif run.state == monitor.RUNNING and not monitor.is_held(path):
        job = job_of(path, folder)
        if job and job.state not in (jobs.RUNNING, jobs.STOPPED):  # its job ended, so the heartbeat need not time out
            run = replace(run, state=monitor.LOST)
    return run, measured


def seconds_left(run: Watched) -> float | None:
    """Estimate the time left from the pace while watched, otherwise since the start; None where it is unknown."""
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
    """A tail that several sessions share: each line is read once."""

    def __init__(self, path: Path):
        super().__init__(path)
        self._guard = threading.Lock()

    def read(self) -> Measured:
        with self._guard:
            return super().read()


# Not st.cache_data: a tail grows while it is read.
@st.cache_resource(show_spinner=False)
def _tails() -> tuple[BoundedDict[Path, Tail], threading.Lock]:
    return BoundedDict(MOST_TAILS), threading.Lock()


def job_of(path: Path, folder: Path) -> Job | None:
    """The latest job that trained this run; None where it was started elsewhere."""
    mine = str(path.absolute())
    return next((job for job in jobs.list_jobs(folder, TRAIN) if job.about.get("run") == mine), None)


def not_begun(folder: Path) -> list[Job]:
    """Training jobs without a run folder: still loading, or ended before the folder was made."""
    without = [job for job in jobs.list_jobs(folder, TRAIN) if not (Path(job.about["run"]) / "run.json").exists()]
    # A job that made progress had a folder, which has been deleted since.
    return [job for job in without if not job.share and job.state != jobs.DONE]


def start(folder: Path, catalog: Path, run: Path, name: str, changed: Mapping[str, Any], *, dry: bool = False) -> Job:
    """Start `msm train` as a job; with `dry` estimate its duration only."""
    words = train_words(str(catalog.absolute()), str(run.absolute()), name, changed)
    kind, title = (ESTIMATE, f"Timing {run.name}") if dry else (TRAIN, f"Training {run.name}")
    with jobs.prepared(folder, kind) as place:
        about = {"run": str(run.absolute())}
        return jobs.start(place, title, [*words, *(["--dry-run"] if dry else []), "--json"], about)


def resume(folder: Path, run: Watched, catalog: Path) -> Job:
    """Resume a run as a job."""
    require_editor()
    words = ["train", str(catalog.absolute()), str(run.path.absolute()), "--resume", "--json"]
    (run.path / monitor.STOP).unlink(missing_ok=True)
    with jobs.prepared(folder, TRAIN) as place:
        return jobs.start(place, f"Training {run.name}", words, {"run": str(run.path.absolute())})


def stop(path: Path) -> None:
    """Request that a training ends at its next step, wherever it was started."""
    require_editor()
    monitor.ask_to_stop(path)


def delete(folder: Path, path: Path, runs: Path) -> None:
    """Delete a run and the jobs that trained it."""
    require_editor()
    monitor.delete(path, runs)
    for job in jobs.list_jobs(folder, TRAIN):
        if job.about.get("run") == str(path.absolute()):
            jobs.remove(job)


def catalog_of(run: Watched, arguments: Arguments, chosen: Path) -> Path | None:
    """The catalog of a run: the chosen one, one beside it, or the path in its folder; None where none has its fingerprint."""
    fingerprint = (run.info.get("catalog") or {}).get("fingerprint")
    beside = [catalog_named(arguments, name) for name in catalog_names(arguments)]
    recorded = Path((run.info.get("catalog") or {}).get("path", ""))
    for path in [chosen, *filter(None, beside), recorded]:
        try:
            catalog: Catalog = cache.open_catalog(path)
        except (InputError, OSError):
            continue
        if catalog.fingerprint == fingerprint:
            return path
    return None
