"""The progress of an ablation, read from its folder while it runs."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from msgspec import Struct

from msm.ablation.cell import RESULT, read_result
from msm.ablation.plan import Plan, run_name
from msm.config.schema import Number, check
from msm.errors import InputError
from msm.io import files
from msm.training.timing import format_duration as minutes

ENDED = ("done", "failed", "pruned")  # states of a training that is not trained on
PROGRESS, STOP, LOCK, RUNS, BASELINES = "progress.json", "stop", ".lock", "runs", "baselines"
SUMMARY = "search.json"  # of a search: its trials
SILENT_S = 30  # without a heartbeat for so long, the runner has ended
_TAIL = 65_536  # bytes; a line of metrics with its validation has a few thousand


class ProgressFile(Struct):
    """The schema of progress.json, as far as readers rely on it; more keys are allowed."""

    heartbeat: Number
    trainings: Number
    done: Number
    failed: Number
    pruned: Number = 0
    seconds_left: Number | None = None
    share: Number | None = None


def trainings(out: Path, plan: Plan) -> list[dict[str, Any]]:
    """A row a training: cell, seed, name, path, state (waiting | begun | done | failed | pruned), step, steps, sentence."""
    return [training(out, cell.name, cell.recipe, seed, run_name(cell, seed)) for cell, seed in plan.jobs]


def training(out: Path, cell: str, recipe: dict[str, Any], seed: int, name: str) -> dict[str, Any]:
    path, steps = out / RUNS / name, int(recipe["steps"])
    row = {"cell": cell, "seed": seed, "name": name, "path": str(path), "steps": steps, "step": 0, "sentence": None}
    if (path / RESULT).exists():
        result = read_result(out / RUNS / name)
        step = steps if result["state"] == "done" else result.get("step", 0)
        return {**row, "state": result["state"], "step": step, "sentence": result.get("sentence")}
    step = last_step(path / "metrics.jsonl")
    return {**row, "state": "waiting" if step is None else "begun", "step": step or 0}


def num_ended(progress: dict[str, Any]) -> int:
    """Trainings that have ended one way or another, from the content of progress.json."""
    return progress["done"] + progress["failed"] + progress.get("pruned", 0)


def last_step(path: Path) -> int | None:
    """The step of the last whole line of metrics.jsonl, None where there is none."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            lines = file.read().split(b"\n")
        return int(json.loads(lines[-2])["step"]) if len(lines) > 1 else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_progress(out: Path, **facts: Any) -> None:
    files.write_json(out / PROGRESS, {**facts, "heartbeat": time.time()})


def read_progress(out: Path) -> dict[str, Any]:
    """Read progress.json, with `running`: whether its heartbeat is recent. {} where there is none, or an invalid one.

    A heartbeat from the future, from a clock that was set back since or from another machine, does not count as recent.
    """
    try:
        content = files.read_json(out / PROGRESS)
        check(ProgressFile, content, out / PROGRESS)
    except InputError:
        return {}
    age = time.time() - content["heartbeat"]
    return {**content, "running": content.get("state") == "running" and -SILENT_S < age < SILENT_S}


def ask_to_stop(out: Path) -> None:
    """Stop the ablation of a folder: its trainings end at their next step and can be resumed."""
    (out / STOP).touch()


def sentence(progress: dict[str, Any]) -> str:
    """`4 of 9 trainings done, 1 failed, about 12 min left`, from the content of progress.json."""
    words = [f"{progress['done']} of {progress['trainings']} trainings done"]
    words += [f"{progress['pruned']} stopped early"] if progress.get("pruned") else []
    words += [f"{progress['failed']} failed"] if progress["failed"] else []
    words += [f"about {minutes(progress['seconds_left'])} left"] if progress["seconds_left"] else []
    return ", ".join(words)


def stopped_early(cell: dict[str, Any]) -> str:
    """`stopped early at step 40` of a cell that a search pruned; empty for others."""
    steps = (cell.get("pruned") or {}).values()
    return f"stopped early at step {max(steps)}" if steps else ""


def read_summary(out: Path) -> dict[str, Any] | None:
    """The content of search.json; None where OUT has none."""
    return files.read_json(out / SUMMARY) if (out / SUMMARY).exists() else None
