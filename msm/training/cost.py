"""Estimate what a training costs in time and disk before it starts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch

from msm.data.catalog import Catalog
from msm.recipes.recipe import Recipe
from msm.training.timing import count_validations, format_duration, time_training

_COPIES = 4  # the weights, and in the checkpoint the last weights and two moments of the optimiser
_LINE_BYTES, _VALIDATION_BYTES = 150, 3000


@dataclass(frozen=True)
class Cost:
    """One training, timed on this machine under its present load."""

    seconds: float  # from the first step to the last, validations included
    steps: int
    step_s: float
    validate_s: float  # one validation; the first scores the baselines too
    parameters: int
    disk_mb: float

    def as_dict(self) -> dict[str, Any]:
        """As `msm train --dry-run --json` prints it."""
        return asdict(self)

    def as_text(self) -> str:
        """As `msm train --dry-run` prints it."""
        return (
            f"about {format_duration(self.seconds)}: {self.steps} steps of {1000 * self.step_s:.0f} ms, a validation takes "
            f"{self.validate_s:.1f} s; {self.parameters:,} parameters, {self.disk_mb:.0f} MB of disk"
        )


def cost_of(catalog: Catalog, recipe: Recipe, device: torch.device) -> Cost:
    """Time a few steps of this training and extrapolate. InputError where the recipe does not fit the catalog."""
    timing = time_training(catalog.path, recipe, str(device))
    validations = count_validations(recipe.steps, recipe.validate_every)
    weights = 4 * timing.num_parameters
    return Cost(
        seconds=timing.training_s(recipe.steps, recipe.validate_every),
        steps=recipe.steps,
        step_s=timing.step_s,
        validate_s=timing.validate_s,
        parameters=timing.num_parameters,
        disk_mb=(weights * _COPIES + recipe.steps * _LINE_BYTES + validations * _VALIDATION_BYTES) / 1e6,
    )
