"""Every training of a plan, in worker processes here or on a Ray cluster (`msm.runner`): the function `train_and_score`.

A training that fails is recorded and the others go on, also where its process was killed. A stopped ablation goes
on where it stood: finished trainings are kept, begun ones resumed.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msm.ablation.cell import RESULT, Job
from msm.ablation.plan import Plan, run_name
from msm.ablation.progress import BASELINES, ENDED, LOCK, RUNS, STOP, trainings, write_progress
from msm.errors import InputError
from msm.io import files
from msm.io.locks import lock_file
from msm.runner import Pool, num_cores, run_all, why_it_died

if TYPE_CHECKING:
    from msm.ablation.search import Search

MOST_WORKERS = 8  # by default; each takes some hundred megabytes for torch alone


def num_workers(asked: int, num_jobs: int, device: str) -> int:
    """As many as asked for; by default one on a GPU, else one a core: small models gain nothing from more threads."""
    if asked < 0:
        raise InputError("--workers must be 1 or more")
    default = 1 if device.startswith("cuda") or device == "mps" else min(num_cores(), MOST_WORKERS)
    return max(1, min(asked or default, num_jobs))


@contextmanager
def only_ablation(out: Path) -> Iterator[None]:
    """Hold the folder against a second ablation; the lock goes with the process, however it ends."""
    out.mkdir(parents=True, exist_ok=True)
    with lock_file(out / LOCK, or_else=f"{out} is being worked on by another process"):
        files.remove_leftovers(out.parent, out.name)
        yield


def refuse_busy(out: Path) -> None:
    """InputError while an ablation is under way in this folder."""
    if (out / LOCK).exists():
        with only_ablation(out):
            pass


def run_jobs(
    out: Path,
    plan: Plan,
    pool: Pool,
    *,
    device: str,
    keep_weights: bool,
    retry: bool = False,
    seconds: Mapping[str, float] | None = None,
    on_look: Callable[[dict[str, Any]], None] = lambda progress: None,
    should_stop: Callable[[], bool] = lambda: False,
    search: Search | None = None,
) -> str:
    """Train what is not finished; "done", or "stopped" where `should_stop` or OUT/stop said so.

    seconds  expected for each cell's training, by name: what the time left is reckoned from
    on_look  called twice a second with what progress.json says
    search   what proposes cells while others are trained; None = the plan is a grid
    """
    (out / STOP).unlink(missing_ok=True)
    planned = [job_of(out, plan, *each, device, keep_weights) for each in plan.jobs]
    for job in planned if retry else ():
        forget_failure(Path(job.run))
    waiting: Iterable[Job] = [job for job in planned if not (Path(job.run) / RESULT).exists()]
    if search is not None:
        waiting = search.jobs()
    watch = Watch(out, plan, seconds or {}, pool.size, search)
    stopped, is_done = False, False

    def stop() -> bool:
        nonlocal stopped
        stopped = stopped or should_stop() or (out / STOP).exists()
        if stopped:
            (out / STOP).touch()
        return stopped

    def look() -> None:
        on_look(watch.look("stopping" if stopped else "running"))

    try:
        with closing(run_all(pool, waiting, should_stop=stop, look=look)) as ended:
            for job, future in ended:
                note_death(job, future)
                if search is not None:
                    search.note(job)
        is_done = True
    finally:
        (out / STOP).unlink(missing_ok=True)
        watch.look("stopped" if stopped or not is_done else "done")
    return "stopped" if stopped else "done"


def job_of(out: Path, plan: Plan, cell: Any, seed: int, device: str, keep_weights: bool) -> Job:
    """Validation is scored too: it may choose, and the other split reports."""
    name = run_name(cell, seed)
    return Job(
        name=name,
        catalog=str(Path(plan.catalog["path"]).resolve()),
        run=str((out / RUNS / name).resolve()),
        stop=str((out / STOP).resolve()),
        baselines=str((out / BASELINES).resolve()),
        recipe=cell.with_seed(seed).to_dict(),
        splits=tuple(dict.fromkeys(("validation", plan.split))),
        device=device,
        keep_weights=keep_weights,
    )


def note_death(job: Job, future: Future[Any]) -> None:
    """A process that could not say why it ended has its training recorded by us."""
    said = why_it_died(future)
    if said is None:
        return
    path = Path(job.run)
    path.mkdir(parents=True, exist_ok=True)
    files.write_json(path / RESULT, {"state": "failed", "sentence": said})


def forget_failure(path: Path) -> None:
    """So that a failed training begins anew."""
    if (path / RESULT).exists() and files.read_json(path / RESULT)["state"] == "failed":
        shutil.rmtree(path)


class Watch:
    """Looks at the folder and reckons the time left, first from the estimate, then from what was seen."""

    def __init__(self, out: Path, plan: Plan, seconds: Mapping[str, float], workers: int, search: Search | None = None):
        self.out, self.workers, self.seconds, self.search = out, workers, seconds, search
        self.plan, self.base = plan, plan.cells[0].name
        self.estimated = bool(seconds)
        self.started, self.at_start = time.monotonic(), self._work_done(trainings(out, plan))
        self._said = ""
        self._written = 0.0

    def _work_done(self, rows: list[dict[str, Any]]) -> float:
        return sum(self._weight(r) * (1.0 if r["state"] in ENDED else r["step"] / r["steps"]) for r in rows)

    def _weight(self, row: dict[str, Any]) -> float:
        """Of a training; a cell that a search has proposed since counts as the base does."""
        return self.seconds.get(row["cell"]) or self.seconds.get(self.base) or float(row["steps"])

    def look(self, state: str) -> dict[str, Any]:
        """Write progress.json where it is old, and give back what it says."""
        if self.search is not None:
            self.search.look()
            self.plan = self.search.plan
        rows = trainings(self.out, self.plan)
        total = sum(self._weight(r) for r in rows)
        to_come = 0 if self.search is None else max(0, self.search.expected - len(rows))
        total += to_come * self._weight(rows[0])
        done = self._work_done(rows)
        counts = {s: sum(r["state"] == s for r in rows) for s in ("waiting", "begun", *ENDED)}
        said = {
            "state": state,
            "share": done / total if total else 1.0,
            "seconds_left": self._seconds_left(done, total) if state == "running" else None,
            "workers": self.workers,
            "trainings": len(rows) + to_come,
            **{**counts, "waiting": counts["waiting"] + to_come},
        }
        now = time.monotonic()
        if f"{state}{counts}" != self._said or now - self._written > 5:
            write_progress(self.out, **said)
            self._said, self._written = f"{state}{counts}", now
        return said

    def _seconds_left(self, done: float, total: float) -> float | None:
        elapsed, work = time.monotonic() - self.started, done - self.at_start
        if work > 0.1 * (total - self.at_start) and elapsed > 10:
            return elapsed * (total - done) / work
        return (total - done) / self.workers if self.estimated else None
