"""Monitor a run from another process: its progress, whether it is still being trained, and its metrics.

Reads run folders without importing torch, so that a page can poll every two seconds; metrics.jsonl is read incrementally. A
file named `stop` in the run folder requests the training to stop.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from msm.errors import InputError
from msm.io import files
from msm.io.locks import is_locked, lock_file
from msm.recipes.recipe import Recipe

RUNNING, STOPPED, FAILED, DONE, LOST = "running", "stopped", "failed", "done", "lost"
STOP, LOCK, METRICS = "stop", ".lock", "metrics.jsonl"
GRACE_S = 30.0  # an unlocked run with a heartbeat this recent may be starting, or be locked on another machine
SILENT_S = 300.0  # a locked run without a heartbeat for so long may be stuck
STEP_COLUMNS = ["step", "loss", "lr", "grad_norm", "num_hidden", "shots_per_s"]
GEOMETRY = ["rankme", "pair_cosine"]
VALIDATION_COLUMNS = ["step", "centred_cosine", "baseline", "baseline_name", "skill", "median_rank", *GEOMETRY, "alarm"]


@dataclass(frozen=True, kw_only=True)
class Watched:
    """The status of a run when it was read.

    state        running, stopped, failed, done, or lost: run.json has `running`, but no process trains it
    step, steps  the last step in metrics.jsonl, and the total number of steps
    heard        time of the last heartbeat or metrics, seconds since 1970
    stopping     a stop was requested and the training has not stopped yet
    problem      why the folder cannot be read; None if it can
    """

    path: Path
    state: str = LOST
    recipe: Recipe | None = None
    info: dict[str, Any]
    step: int = 0
    steps: int = 0
    heard: float = 0.0
    stopping: bool = False
    problem: str | None = None

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def silent_s(self) -> float:
        return max(0.0, time.time() - self.heard)


def look(path: Path, step: int | None = None) -> Watched:
    """Read the status of a run. An invalid folder gives a status with a `problem` instead of an error.

    step  the last step in metrics.jsonl, if the caller has read it already
    """
    try:
        recipe = Recipe.from_dict(files.read_json(path / "recipe.json"))
        info = files.read_json(path / "run.json")
        state, beat = info["state"], float(info.get("heartbeat", 0.0))
    except (InputError, KeyError, TypeError, ValueError) as error:
        problem = str(error) if isinstance(error, InputError) else f"{path / 'run.json'} is not what a run writes"
        return Watched(path=path, info={}, problem=problem, heard=_changed(path / "run.json"))
    heard = max(beat, _changed(path / METRICS)) if state == RUNNING else beat
    known = Tail(path).read().step if step is None else step
    return Watched(
        path=path,
        state=LOST if state == RUNNING and not _alive(path, heard) else state,
        recipe=recipe,
        info=info,
        step=known or int(info.get("steps_done", 0)),
        steps=recipe.steps,
        heard=heard,
        stopping=state == RUNNING and (path / STOP).exists(),
    )


def _alive(path: Path, heard: float) -> bool:
    return is_held(path) or abs(time.time() - heard) < GRACE_S  # abs: the clock may have been set back since


def is_held(path: Path) -> bool:
    """Whether a process trains this run now; its lock goes with it, however it ends."""
    return is_locked(path / LOCK)


def ask_to_stop(path: Path) -> None:
    """Request the training to stop: it ends after its current step and can be resumed."""
    (path / STOP).touch()


def listed(folder: Path) -> list[Path]:
    """The run folders inside a folder: those being trained first, then by the last change of run.json."""
    found = [p.parent for p in folder.glob("*/run.json") if not p.parent.name.startswith(".")]
    return sorted(found, key=lambda p: (is_held(p), _changed(p / "run.json"), p.name), reverse=True)


def delete(path: Path, folder: Path) -> None:
    """Remove a run for good. InputError where it is being trained, is no run, or does not lie in this folder."""
    if path.is_symlink() or path.resolve().parent != folder.resolve() or not (path / "run.json").is_file():
        raise InputError(f"{path} is not a run inside {folder}, so it is not deleted")
    with lock_file(path / LOCK, or_else=f"{path.name} is being trained; stop it first"):
        trash = files.temporary_sibling(path)
        path.rename(trash)  # gone at once for everybody who looks; removing its files may take a while
    shutil.rmtree(trash, ignore_errors=True)


def size_mb(path: Path) -> float:
    """Disk space of a run."""
    total = 0
    for file in path.rglob("*"):
        with suppress(OSError):
            total += file.stat().st_size
    return total / 1e6


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


@dataclass(frozen=True)
class Measured:
    """The content of metrics.jsonl so far.

    steps        STEP_COLUMNS, a row a step
    validations  VALIDATION_COLUMNS, a row a validation; `baseline` is the best one's centred cosine
    broken       number of invalid lines, which are skipped
    step         the last step, None before the first
    """

    steps: pd.DataFrame
    validations: pd.DataFrame
    broken: int
    step: int | None


class Tail:
    """Reads metrics.jsonl incrementally; from the start again if the file was replaced."""

    def __init__(self, path: Path):
        self.path = path / METRICS
        self._reset(None)

    def _reset(self, file: int | None) -> None:
        self._file, self._offset = file, 0
        self._reads: deque[tuple[float, int]] = deque(maxlen=60)
        steps, validations = (pd.DataFrame(columns=names) for names in (STEP_COLUMNS, VALIDATION_COLUMNS))
        self._content = Measured(steps, validations, 0, None)

    def read(self) -> Measured:
        """All lines up to the last complete one."""
        steps, validations, broken = [], [], 0
        for line in self._new_text().splitlines():
            try:
                step, validation = _rows(line)
            except (ValueError, KeyError, TypeError, AttributeError):
                broken += 1
                continue
            steps.append(step)
            validations += [validation] if validation else []
        if steps or broken:
            before = self._content
            last = steps[-1]["step"] if steps else before.step
            more = _joined(before.steps, steps), _joined(before.validations, validations)
            self._content = Measured(*more, before.broken + broken, last)
        if steps:
            self._reads.append((time.monotonic(), steps[-1]["step"]))
        return self._content

    def seconds_a_step(self) -> float | None:
        """Measured over the last reads; None before two of them differ."""
        if len(self._reads) < 2:
            return None
        (began, first), (now, last) = self._reads[0], self._reads[-1]
        return (now - began) / (last - first) if last > first else None

    def _new_text(self) -> bytes:
        try:
            with open(self.path, "rb") as file:
                stat = self.path.stat()
                if stat.st_ino != self._file or stat.st_size < self._offset:
                    self._reset(stat.st_ino)
                file.seek(self._offset)
                text = file.read()
        except OSError:
            self._reset(None)
            return b""
        whole = text[: text.rfind(b"\n") + 1]  # an incomplete last line is left for the next read
        self._offset += len(whole)
        return whole


def _rows(line: bytes) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """A line of metrics as a row of `steps`, and a row of `validations` if it has one. Raises an error for other lines."""
    metrics = json.loads(line)
    row = {name: metrics.get(name, math.nan) for name in STEP_COLUMNS} | {"step": int(metrics["step"])}
    return row, _validation(metrics) if metrics.get("validation") else None


def _joined(before: pd.DataFrame, rows: list[dict[str, Any]]) -> pd.DataFrame:
    if not rows:
        return before
    new = pd.DataFrame(rows, columns=before.columns)
    return pd.concat([before, new], ignore_index=True) if len(before) else new


def _validation(line: dict[str, Any]) -> dict[str, Any]:
    report = line["validation"]
    name = report["best_baseline"]
    geometry = report.get("geometry") or {}
    contextual = geometry.get("contextual") or {}
    return {
        "step": int(line["step"]),
        "centred_cosine": float(report["centred_cosine"]),
        "baseline": float(report["baselines"][name]["centred_cosine"]),
        "baseline_name": str(name),
        "skill": float(report["skill"]),
        "median_rank": float(report.get("median_rank", math.nan)),
        **{k: float(contextual.get(k, math.nan)) for k in GEOMETRY},
        "alarm": geometry.get("alarm"),
    }
