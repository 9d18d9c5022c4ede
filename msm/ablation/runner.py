"""Every training of a plan, in worker processes here or on a Ray cluster: the same function, `train_and_score`.

A training that fails is recorded and the others go on, also where its process was killed. A stopped ablation goes
on where it stood: finished trainings are kept, begun ones resumed.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

from msm.ablation.cell import RESULT, Job, train_and_score
from msm.ablation.plan import Plan, run_name
from msm.ablation.progress import LOCK, RUNS, STOP, trainings, write_progress
from msm.errors import InputError
from msm.io import files
from msm.io.locks import lock_file
from msm.io.processes import exit_with_parent

MOST_WORKERS = 8  # by default; each takes some hundred megabytes for torch alone
LOOK_S = 0.5
KILLED = "its process was killed, most likely because there was not enough memory"


class Pool(Protocol):
    """Somewhere to train: at most `size` at a time."""

    size: int

    def submit(self, job: Job) -> Future[dict[str, Any]]: ...
    def release(self, future: Future) -> None: ...
    def close(self, *, at_once: bool) -> None: ...


class LocalPool:
    """Processes of this machine, one executor each, so that one that is killed takes no other with it."""

    def __init__(self, size: int):
        self.size = size
        self._threads = max(1, num_cores() // size)
        self._idle = [self._executor() for _ in range(size)]
        self._busy: dict[Future, ProcessPoolExecutor] = {}

    def _executor(self) -> ProcessPoolExecutor:
        args = (self._threads,)
        return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=begin_worker, initargs=args)

    def submit(self, job: Job) -> Future[dict[str, Any]]:
        executor = self._idle.pop()
        future = executor.submit(train_and_score, job)
        self._busy[future] = executor
        return future

    def release(self, future: Future) -> None:
        executor = self._busy.pop(future)
        if isinstance(future.exception(), BrokenProcessPool):
            executor.shutdown(wait=False)
            executor = self._executor()
        self._idle.append(executor)

    def close(self, *, at_once: bool) -> None:
        for executor in [*self._idle, *self._busy.values()]:
            processes = list((executor._processes or {}).values()) if at_once else []  # noqa: SLF001  # no public way to end them
            for process in processes:
                process.terminate()
            executor.shutdown(wait=not at_once, cancel_futures=True)


class RayPool:
    """A Ray cluster that sees the same folders: the same function, as many at a time as it has cores or GPUs."""

    def __init__(self, address: str, size: int | None):
        try:
            import ray  # type: ignore[import-not-found, unused-ignore]
        except ImportError:
            raise InputError("Ray is not installed here; pip install 'msm-workbench[scale]' brings it") from None
        try:
            ray.init(address=None if address == "local" else address, log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise InputError(f"there is no Ray cluster at {address}: {str(error).splitlines()[0]}") from None
        gpus = ray.cluster_resources().get("GPU", 0)
        self.size = size or int(gpus or ray.cluster_resources().get("CPU", 1))
        self._ray, self._remote = ray, ray.remote(num_cpus=1, num_gpus=1 if gpus else 0, max_retries=0)(train_and_score)

    def submit(self, job: Job) -> Future[dict[str, Any]]:
        return self._remote.remote(job).future()

    def release(self, future: Future) -> None:
        pass

    def close(self, *, at_once: bool) -> None:
        self._ray.shutdown()


def begin_worker(threads: int) -> None:
    """Before the first training of a process: Ctrl-C is for the runner, and without the runner there is no work."""
    import signal

    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(threads)
    exit_with_parent()


def num_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
) -> str:
    """Train what is not finished; "done", or "stopped" where `should_stop` or OUT/stop said so.

    seconds  expected for each cell's training, by name: what the time left is reckoned from
    on_look  called twice a second with what progress.json says
    """
    (out / STOP).unlink(missing_ok=True)
    waiting = [job_of(out, plan, *each, device, keep_weights) for each in plan.jobs]
    for job in waiting if retry else ():
        forget_failure(Path(job.run))
    waiting = [job for job in waiting if not (Path(job.run) / RESULT).exists()]
    watch = Watch(out, plan, seconds or {}, pool.size)
    busy: dict[Future, Job] = {}
    stopped, at_once = False, True
    try:
        while busy or (waiting and not stopped):
            stopped = stopped or should_stop() or (out / STOP).exists()
            if stopped:
                (out / STOP).touch()
            while waiting and not stopped and len(busy) < pool.size:
                job = waiting.pop(0)
                busy[pool.submit(job)] = job
            finished, _ = wait(busy, timeout=LOOK_S, return_when=FIRST_COMPLETED)
            for future in finished:
                pool.release(future)
                note_death(busy.pop(future), future)
            on_look(watch.look("stopping" if stopped else "running"))
        at_once = False
    finally:
        pool.close(at_once=at_once)
        (out / STOP).unlink(missing_ok=True)
        watch.look("stopped" if stopped or at_once else "done")
    return "stopped" if stopped else "done"


def job_of(out: Path, plan: Plan, cell: Any, seed: int, device: str, keep_weights: bool) -> Job:
    """Validation is scored too: it may choose, and the other split reports."""
    name = run_name(cell, seed)
    return Job(
        name=name,
        catalog=str(Path(plan.catalog["path"]).resolve()),
        run=str((out / RUNS / name).resolve()),
        stop=str((out / STOP).resolve()),
        recipe=cell.with_seed(seed).to_dict(),
        splits=tuple(dict.fromkeys(("validation", plan.split))),
        device=device,
        keep_weights=keep_weights,
    )


def note_death(job: Job, future: Future) -> None:
    """A process that could not say why it ended has its training recorded by us."""
    error = future.exception()
    if error is None:
        return
    path = Path(job.run)
    path.mkdir(parents=True, exist_ok=True)
    said = KILLED if isinstance(error, BrokenProcessPool) else f"{type(error).__name__}: {error}"
    files.write_json(path / RESULT, {"state": "failed", "sentence": said})


def forget_failure(path: Path) -> None:
    """So that a failed training begins anew."""
    if (path / RESULT).exists() and files.read_json(path / RESULT)["state"] == "failed":
        shutil.rmtree(path)


class Watch:
    """Looks at the folder and reckons the time left, first from the estimate, then from what was seen."""

    def __init__(self, out: Path, plan: Plan, seconds: Mapping[str, float], workers: int):
        self.out, self.plan, self.workers = out, plan, workers
        self.weights = {c.name: seconds.get(c.name) or float(c.recipe["steps"]) for c in plan.cells}
        self.estimated = bool(seconds)
        self.started, self.at_start = time.monotonic(), self._work_done(trainings(out, plan))
        self._said = ""
        self._written = 0.0

    def _work_done(self, rows: list[dict[str, Any]]) -> float:
        ended = {"done", "failed"}
        return sum(self.weights[r["cell"]] * (1.0 if r["state"] in ended else r["step"] / r["steps"]) for r in rows)

    def look(self, state: str) -> dict[str, Any]:
        """Write progress.json where it is old, and give back what it says."""
        rows = trainings(self.out, self.plan)
        total = sum(self.weights[r["cell"]] for r in rows)
        done = self._work_done(rows)
        counts = {s: sum(r["state"] == s for r in rows) for s in ("waiting", "begun", "done", "failed")}
        said = {
            "state": state,
            "share": done / total if total else 1.0,
            "seconds_left": self._seconds_left(done, total) if state == "running" else None,
            "workers": self.workers,
            "trainings": len(rows),
            **counts,
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
