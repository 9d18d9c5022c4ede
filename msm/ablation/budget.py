"""What an ablation will cost before it starts: a few real steps of each kind of cell, multiplied out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from msm.ablation.cell import sentence_of
from msm.ablation.plan import Cell, Plan
from msm.errors import InputError
from msm.training.timing import Timing, format_duration, time_training

# No more is spent on timing, and of trainings that follow at once no more than this share; kinds of cells that were not reached count
# as the costliest timed.
TIMED_S, TIMED_SHARE = 45.0, 0.05
# What cannot change how long a step takes. Anything else may, so it makes another kind of cell.
_TIMELESS = [
    "name",
    "steps",
    "seed",
    "validate_every",
    "model.dropout",
    "optim.lr",
    "optim.weight_decay",
    "optim.warmup",
]
_TIMELESS += ["optim.final_lr", "optim.clip_norm"]
_METRICS_BYTES, _SCORES_BYTES = 130, 60_000
_CHECKPOINT_PARTS = 7  # the weights, and two checkpoints of weights and two moments


@dataclass(frozen=True)
class Budget:
    """cells × seeds, and what is left of them to do."""

    cells: int
    seeds: int
    trainings: int  # that are not finished
    workers: int
    seconds: float  # wall clock
    disk_mb: float
    per_cell: dict[str, float]  # name → seconds of one training
    problems: dict[str, str] = field(default_factory=dict)  # cell → why its steps could not be timed

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def as_text(self) -> str:
        if not self.trainings:
            return f"{self.cells} cells × {self.seeds} seeds, every training done"
        slowest = max(self.per_cell, key=lambda name: self.per_cell[name])
        text = (
            f"{self.cells} cells × {self.seeds} seeds, {self.trainings} trainings to do, {self.workers} at a time: about "
            f"{format_duration(self.seconds)}, {self.disk_mb:.0f} MB of disk (one training {format_duration(min(self.per_cell.values()))} "
            f"to {format_duration(self.per_cell[slowest])}, the longest `{slowest}`)"
        )
        return "\n".join([text, *(f"{name} could not be timed: {said}" for name, said in self.problems.items())])


def estimate(
    plan: Plan,
    left: Sequence[tuple[str, float]],
    *,
    workers: int,
    threads: int,
    device: str,
    keep_weights: bool,
    keep: bool = False,
    on_cell: Callable[[int, int], None] = lambda done, total: None,
) -> Budget:
    """Time the plan's kinds of cells on its catalog, for at most about a minute.

    left     the trainings to do: cell's name, share that is left of it
    keep     as of `time_training`; the trainings then follow at once, and timing takes about a twentieth of their time
    raises   InputError where the catalog has nothing to learn from, or where no cell can make a step
    """
    if not left:
        return Budget(len(plan.cells), plan.seeds, 0, workers, 0.0, 0.0, {})
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        timings, problems = _time_kinds(plan, left, workers, device, on_cell, keep=keep)
    finally:
        torch.set_num_threads(before)
    return Budget(
        cells=len(plan.cells),
        seeds=plan.seeds,
        trainings=len(left),
        workers=workers,
        seconds=_wall_s(plan, left, timings, workers),
        disk_mb=_disk_mb(plan, left, timings, workers, keep_weights),
        per_cell=_per_cell(plan, timings),
        problems=problems,
    )


def _per_cell(plan: Plan, timings: Mapping[str, Timing]) -> dict[str, float]:
    """Seconds of one training of each cell, by name."""
    slowest = _slowest(timings)
    return {c.name: _seconds(c, timings.get(_kind(c), slowest)) for c in plan.cells}


def _slowest(timings: Mapping[str, Timing]) -> Timing:
    return max(timings.values(), key=lambda t: t.step_s)


def _wall_s(plan: Plan, left: Sequence[tuple[str, float]], timings: Mapping[str, Timing], workers: int) -> float:
    """Seconds of all that is left. What trainings share is done once: the first that begins fits the head, the first that ends scores the baselines."""
    per_cell = _per_cell(plan, timings)
    each = [per_cell[name] * share for name, share in left]
    fusions = {c.recipe["fusion"] for c in plan.cells}
    starts = {
        json.dumps([c.recipe["fusion"], c.recipe["mask"]["ratio"], c.recipe["model"]["head"]]) for c in plan.cells
    }
    fits_s = min(len(starts) * plan.seeds, len(left)) / workers * max(t.fit_s for t in timings.values())
    baselines_s = len(fusions) * _slowest(timings).baselines_s
    return max(sum(each) / workers, max(each, default=0.0)) + fits_s + baselines_s


def _kind(cell: Cell) -> str:
    """Cells of one kind take equally long a step."""
    recipe = json.loads(json.dumps(cell.recipe))
    for key in _TIMELESS:
        *folders, last = key.split(".")
        place = recipe
        for name in folders:
            place = place[name]
        place.pop(last, None)
    return json.dumps(recipe, sort_keys=True)


def _size(cell: Cell) -> float:
    """A guess at which cells are costly, so that these are timed first."""
    model = cell.recipe["model"]
    return float(model["depth"]) * float(model["width"]) ** 2 * float(cell.recipe["batch_windows"])


def _time_kinds(
    plan: Plan,
    left: Sequence[tuple[str, float]],
    workers: int,
    device: str,
    on_cell: Callable[[int, int], None],
    *,
    keep: bool = False,
) -> tuple[dict[str, Timing], dict[str, str]]:
    kinds: dict[str, Cell] = {}
    for cell in sorted(plan.cells, key=_size, reverse=True):
        kinds.setdefault(_kind(cell), cell)
    timings: dict[str, Timing] = {}
    problems: dict[str, str] = {}
    started = time.monotonic()
    first: BaseException | None = None
    for i, (kind, cell) in enumerate(kinds.items()):
        most_s = min(TIMED_S, TIMED_SHARE * _wall_s(plan, left, timings, workers)) if timings and keep else TIMED_S
        if timings and time.monotonic() - started > most_s:
            break
        try:
            timings[kind] = time_cell(plan, cell, device, keep=keep)
        except Exception as error:  # of one cell: it will fail in its own place too, and the others go on
            first = first or error
            problems[cell.name] = sentence_of(error)
        on_cell(i + 1, len(kinds))
    if not timings:
        raise first if isinstance(first, InputError) else InputError(f"no cell can be trained: {problems}") from None
    return timings, problems


def time_cell(plan: Plan, cell: Cell, device: str, *, keep: bool = False) -> Timing:
    """Time the training of one cell, with the scoring that follows it."""
    splits = dict.fromkeys(["validation", plan.split])
    return time_training(Path(plan.catalog["path"]), cell.with_seed(0), device, score_splits=[*splits], keep=keep)


def _seconds(cell: Cell, timing: Timing) -> float:
    """Seconds of one training of a cell and its scoring, without what it shares with others."""
    own_s = timing.training_s(cell.recipe["steps"], cell.recipe["validate_every"]) - timing.fit_s
    return own_s + timing.score_s


def _disk_mb(
    plan: Plan,
    left: Sequence[tuple[str, float]],
    timings: Mapping[str, Timing],
    workers: int,
    keep_weights: bool,
) -> float:
    """Metrics and scores stay; checkpoints stay with the weights, or come and go, as many as there are workers."""
    by_name, slowest = {c.name: c for c in plan.cells}, _slowest(timings)
    weights = {c.name: 4 * timings.get(_kind(c), slowest).num_parameters * _CHECKPOINT_PARTS for c in plan.cells}
    small = sum(by_name[name].recipe["steps"] * _METRICS_BYTES + _SCORES_BYTES for name, _ in left)
    large = sorted((weights[name] for name, _ in left), reverse=True)
    return (small + sum(large if keep_weights else large[:workers])) / 1e6
