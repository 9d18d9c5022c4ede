"""What one training will cost before it starts: a few real steps of it, multiplied out, as an ablation times its cells."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch

from msm.ablation.budget import time_cell
from msm.ablation.plan import Cell, Plan
from msm.ablation.progress import minutes
from msm.data.catalog import Catalog
from msm.recipes.recipe import Recipe

_COPIES = 4  # the weights themselves, and in the checkpoint the last ones and two moments of the optimiser
_LINE_BYTES, _VALIDATION_BYTES = 150, 3000


@dataclass(frozen=True)
class Cost:
    """One training, timed on this machine with whatever else it does at the moment."""

    seconds: float  # from the first step to the last, validations included
    steps: int
    step_s: float
    validate_s: float
    parameters: int
    disk_mb: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def as_text(self) -> str:
        return (
            f"about {minutes(self.seconds)}: {self.steps} steps of {1000 * self.step_s:.0f} ms, a validation takes "
            f"{self.validate_s:.1f} s; {self.parameters:,} parameters, {self.disk_mb:.0f} MB of disk"
        )


def cost_of(catalog: Catalog, recipe: Recipe, device: torch.device) -> Cost:
    """Begin this training in a folder that is thrown away. InputError where the catalog and the recipe do not fit."""
    cell = Cell("the training", {}, recipe.to_dict())
    plan = Plan("validation", 1, {}, (), (cell,), catalog={"path": str(catalog.path)})
    timing = time_cell(plan, cell, str(device))
    validations = -(-recipe.steps // recipe.validate_every)
    return Cost(
        seconds=timing.seconds(recipe.to_dict()) - timing.score_s,  # an ablation scores, a training does not
        steps=recipe.steps,
        step_s=timing.step_s,
        validate_s=timing.validate_s,
        parameters=timing.num_parameters,
        disk_mb=(4 * timing.num_parameters * _COPIES + recipe.steps * _LINE_BYTES + validations * _VALIDATION_BYTES)
        / 1e6,
    )
