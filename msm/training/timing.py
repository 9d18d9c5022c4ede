"""Measure how long a training takes, by a few real steps of it in a folder that is thrown away."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msm.errors import InputError

if TYPE_CHECKING:
    from msm.recipes.recipe import Recipe

MAX_STEPS, MAX_STEPS_S = 8, 3.0  # timed steps, and the seconds after which no further one is begun


@dataclass(frozen=True)
class Timing:
    """The measured parts of a training, in seconds."""

    start_s: float  # from opening the catalog to the end of the first step, without the fit of the head
    fit_s: float  # of the head, which is done once for all trainings with the same start (`msm.training.kept_start`)
    step_s: float
    first_validate_s: float  # which scores the baselines too
    validate_s: float
    score_s: float  # an evaluation of the model on `score_splits`, all draws; 0 without
    baselines_s: float  # the same of the baselines
    num_parameters: int

    def training_s(self, steps: int, validate_every: int) -> float:
        """Seconds of a training of so many steps, without the scoring."""
        later = count_validations(steps, validate_every) - 1
        return self.start_s + self.fit_s + steps * self.step_s + self.first_validate_s + later * self.validate_s


def count_validations(steps: int, validate_every: int) -> int:
    """How often a training validates: at every `validate_every` steps and at the last."""
    return -(-steps // validate_every)


def time_training(
    catalog: Path, recipe: Recipe, device: str, *, score_splits: Sequence[str] = (), keep: bool = False
) -> Timing:
    """Start a training on a catalog folder, and make a few steps, two validations and, for `score_splits`, one scoring.

    keep  write what had to be estimated of the catalog beside it, for the trainings that follow
    InputError where the recipe does not fit the catalog.
    """
    from msm.data.catalog import Catalog
    from msm.training.trainer import Trainer, pick_device, start_run, step_threads

    started = time.perf_counter()
    opened, where = Catalog.open(catalog), pick_device(device)
    with tempfile.TemporaryDirectory() as folder, step_threads(recipe):
        run = start_run(opened, Path(folder) / "run", recipe, device=where, keep=keep)
        trainer = Trainer(run, opened, where, keep=keep)
        trainer.run_step()  # the first step compiles, allocates and fills caches
        start_s = time.perf_counter() - started - trainer.fit_s
        step_s = _time_steps(trainer)
        first_validate_s = validate_s = _time(trainer.measure) if trainer.validation else 0.0
        if trainer.validation and count_validations(recipe.steps, recipe.validate_every) > 1:
            validate_s = _time(trainer.measure)
        titles = [title for split in score_splits for title in opened.split(split)]
        score_s, baselines_s = _time_scoring(trainer, titles)
        parameters = sum(p.numel() for p in trainer.model.parameters())
    return Timing(start_s, trainer.fit_s, step_s, first_validate_s, validate_s, score_s, baselines_s, parameters)


def _time_scoring(trainer: Any, titles: Sequence[Any]) -> tuple[float, float]:
    """All draws of an evaluation, of the model and of the baselines, extrapolated from one draw of as many titles as a validation has at most."""
    from msm.evaluation.protocol import SEEDS
    from msm.evaluation.scoring import score_titles
    from msm.inference.predict import predict_hidden
    from msm.training.starting import VALIDATION_TITLES

    few = titles[:: -(-len(titles) // VALIDATION_TITLES)] if titles else []
    share = sum(t.num_shots for t in few) / max(1, sum(t.num_shots for t in titles))
    if not share:
        return 0.0, 0.0
    began = time.perf_counter()
    between = began
    with suppress(InputError):  # the draw hides nothing of these titles
        beside = score_titles(None, few, trainer.space, seeds=SEEDS[:1])
        between = time.perf_counter()
        score_titles(partial(predict_hidden, trainer.kept), few, trainer.space, seeds=SEEDS[:1], beside=beside)
    draws = len(SEEDS) / share
    return (time.perf_counter() - between) * draws, (between - began) * draws


def _time_steps(trainer: Any) -> float:
    """Mean seconds of a step. The mean and not the minimum: titles differ in length, and other processes take their share."""
    started = time.perf_counter()
    steps = 0
    while steps < MAX_STEPS and (steps < 2 or time.perf_counter() - started < MAX_STEPS_S):
        trainer.run_step()
        steps += 1
    return (time.perf_counter() - started) / steps


def _time(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def format_duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    whole = round(seconds / 60)
    return f"{whole} min" if whole < 120 else f"{whole // 60} h {whole % 60} min"
