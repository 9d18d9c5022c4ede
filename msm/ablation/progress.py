"""How far an ablation is, read from its folder while it grows: for the bar, the page, and anybody else."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from msm.ablation.cell import RESULT, read_result
from msm.ablation.plan import Plan, run_name
from msm.errors import InputError
from msm.io import files
from msm.training.timing import format_duration as minutes

PROGRESS, STOP, LOCK, RUNS = "progress.json", "stop", ".lock", "runs"
SILENT_S = 30  # a runner that says nothing for so long is no more
NUMBERS = ("heartbeat", "trainings", "done", "failed")  # that progress.json has
_TAIL = 65_536  # bytes; a line of metrics with its validation has a few thousand


def trainings(out: Path, plan: Plan) -> list[dict[str, Any]]:
    """A row a training: cell, seed, name, path, state (waiting | begun | done | failed), step, steps, sentence."""
    return [training(out, cell.name, cell.recipe, seed, run_name(cell, seed)) for cell, seed in plan.jobs]


def training(out: Path, cell: str, recipe: dict[str, Any], seed: int, name: str) -> dict[str, Any]:
    path, steps = out / RUNS / name, int(recipe["steps"])
    row = {"cell": cell, "seed": seed, "name": name, "path": str(path), "steps": steps, "step": 0, "sentence": None}
    if (path / RESULT).exists():
        result = read_result(out / RUNS / name)
        done = result["state"] == "done"
        return {**row, "state": result["state"], "step": steps if done else 0, "sentence": result.get("sentence")}
    step = last_step(path / "metrics.jsonl")
    return {**row, "state": "waiting" if step is None else "begun", "step": step or 0}


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
    """What the runner last said, with `running`: whether it still speaks; {} where it never did, or nothing clear.

    A heartbeat from the future, by a clock that was set back since or stands on another machine, is one of long ago.
    """
    try:
        said = files.read_json(out / PROGRESS)
    except InputError:
        return {}
    if not isinstance(said, dict) or not all(_is_number(said.get(name)) for name in NUMBERS):
        return {}
    if not all(said.get(name) is None or _is_number(said[name]) for name in ("seconds_left", "share")):
        return {}
    age = time.time() - said["heartbeat"]
    return {**said, "running": said.get("state") == "running" and -SILENT_S < age < SILENT_S}


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def ask_to_stop(out: Path) -> None:
    """Whoever sees the folder can stop the ablation: its trainings end at their next step, and can go on later."""
    (out / STOP).touch()


def sentence(said: dict[str, Any]) -> str:
    """`4 of 9 trainings done, 1 failed, about 12 min left`, from the content of progress.json."""
    words = [f"{said['done']} of {said['trainings']} trainings done"]
    words += [f"{said['failed']} failed"] if said["failed"] else []
    words += [f"about {minutes(said['seconds_left'])} left"] if said["seconds_left"] else []
    return ", ".join(words)
