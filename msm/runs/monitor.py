"""A run watched from outside while it is trained: how far it is, whether anybody still trains it, what it has measured.

Reads run folders and never torch, so that a page can look every two seconds; metrics.jsonl is read on from where the
last look ended. To stop a run, anybody who sees its folder leaves a file named `stop` there.
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
GRACE_S = 30.0  # a run that nobody holds and that was heard so lately may be about to begin, or be held elsewhere
SILENT_S = 300.0  # a run that is held and was not heard for so long is worth a look
STEP_COLUMNS = ["step", "loss", "lr", "grad_norm", "num_hidden", "shots_per_s"]
GEOMETRY = ["rankme", "pair_cosine"]
VALIDATION_COLUMNS = ["step", "centred_cosine", "baseline", "baseline_name", "skill", "median_rank", *GEOMETRY, "alarm"]


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A run as it stood when it was looked at.

    state        running, stopped, failed, done, or lost: it says running, but no process trains it
    step, steps  the last line of metrics, and how many there will be
    heard        when it last gave a sign of life, seconds since 1970
    stopping     it was asked to stop, and has not yet
    problem      why its folder cannot be read; None where it can
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
    """A run as it stands now; what is wrong with its folder is its problem, not an error.

    step  of its last line of metrics, where the caller has read them already
    """
    try:
        recipe = Recipe.from_dict(files.read_json(path / "recipe.json"))
        info = files.read_json(path / "run.json")
        said, beat = info["state"], float(info.get("heartbeat", 0.0))
    except (InputError, KeyError, TypeError, ValueError) as error:
        problem = str(error) if isinstance(error, InputError) else f"{path / 'run.json'} is not what a run writes"
        return Watched(path=path, info={}, problem=problem, heard=_changed(path / "run.json"))
    heard = max(beat, _changed(path / METRICS)) if said == RUNNING else beat
    known = Tail(path).read().step if step is None else step
    return Watched(
        path=path,
        state=LOST if said == RUNNING and not _alive(path, heard) else said,
        recipe=recipe,
        info=info,
        step=known or int(info.get("steps_done", 0)),
        steps=recipe.steps,
        heard=heard,
        stopping=said == RUNNING and (path / STOP).exists(),
    )


def _alive(path: Path, heard: float) -> bool:
    return is_held(path) or abs(time.time() - heard) < GRACE_S  # heard from the future: the clock was set back since


def is_held(path: Path) -> bool:
    """Whether a process trains this run now; its lock goes with it, however it ends."""
    return is_locked(path / LOCK)


def ask_to_stop(path: Path) -> None:
    """Whoever sees the folder can stop the training: it ends at its next step, and can go on later."""
    (path / STOP).touch()


def listed(folder: Path) -> list[Path]:
    """The run folders inside a folder: those being trained first, then the one that was heard last."""
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
    """What a run takes of the disk."""
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
    """What metrics.jsonl holds so far.

    steps        STEP_COLUMNS, a row a step
    validations  VALIDATION_COLUMNS, a row a validation; `baseline` is the best one's centred cosine
    broken       lines that are no metrics and were left out
    step         the last step, None before the first
    """

    steps: pd.DataFrame
    validations: pd.DataFrame
    broken: int
    step: int | None


class Tail:
    """Reads a run's metrics.jsonl on from where it ended the last time; from the start where it was written anew."""

    def __init__(self, path: Path):
        self.path = path / METRICS
        self._forget(None)

    def _forget(self, file: int | None) -> None:
        self._file, self._offset = file, 0
        self._looks: deque[tuple[float, int]] = deque(maxlen=60)
        steps, validations = (pd.DataFrame(columns=names) for names in (STEP_COLUMNS, VALIDATION_COLUMNS))
        self._made = Measured(steps, validations, 0, None)

    def read(self) -> Measured:
        """Everything up to the last whole line."""
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
            before = self._made
            last = steps[-1]["step"] if steps else before.step
            more = _joined(before.steps, steps), _joined(before.validations, validations)
            self._made = Measured(*more, before.broken + broken, last)
        if steps:
            self._looks.append((time.monotonic(), steps[-1]["step"]))
        return self._made

    def seconds_a_step(self) -> float | None:
        """As seen over the last looks; None before there were two that differ."""
        if len(self._looks) < 2:
            return None
        (began, first), (now, last) = self._looks[0], self._looks[-1]
        return (now - began) / (last - first) if last > first else None

    def _new_text(self) -> bytes:
        try:
            with open(self.path, "rb") as file:
                stat = self.path.stat()
                if stat.st_ino != self._file or stat.st_size < self._offset:
                    self._forget(stat.st_ino)
                file.seek(self._offset)
                text = file.read()
        except OSError:
            self._forget(None)
            return b""
        whole = text[: text.rfind(b"\n") + 1]  # a last line that is still being written is for the next look
        self._offset += len(whole)
        return whole


def _rows(line: bytes) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """A line of metrics as a row of `steps`, and one of `validations` where it has one; an error where it is no such line."""
    said = json.loads(line)
    row = {name: said.get(name, math.nan) for name in STEP_COLUMNS} | {"step": int(said["step"])}
    return row, _validation(said) if said.get("validation") else None


def _joined(before: pd.DataFrame, rows: list[dict[str, Any]]) -> pd.DataFrame:
    if not rows:
        return before
    new = pd.DataFrame(rows, columns=before.columns)
    return pd.concat([before, new], ignore_index=True) if len(before) else new


def _validation(line: dict[str, Any]) -> dict[str, Any]:
    said = line["validation"]
    name = said["best_baseline"]
    geometry = said.get("geometry") or {}
    inside = geometry.get("contextual") or {}
    return {
        "step": int(line["step"]),
        "centred_cosine": float(said["centred_cosine"]),
        "baseline": float(said["baselines"][name]["centred_cosine"]),
        "baseline_name": str(name),
        "skill": float(said["skill"]),
        "median_rank": float(said.get("median_rank", math.nan)),
        **{k: float(inside.get(k, math.nan)) for k in GEOMETRY},
        "alarm": geometry.get("alarm"),
    }
