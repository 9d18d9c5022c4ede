"""The shots that the recipe names in `mask.ranges`."""

from __future__ import annotations

import torch
from torch import Tensor

from msm.data.ranges import parse_ranges
from msm.masking.policy import WindowPolicy
from msm.recipes.recipe import MAX_WINDOW, MaskConfig


class HandPicked(WindowPolicy):
    """Hide the shots of `mask.ranges` that the window has; its last shot where it has none of them."""

    hides_runs = False

    def hide_window(
        self, num_shots: int, count: int, cfg: MaskConfig, rng: torch.Generator, scenes: Tensor | None
    ) -> Tensor:
        hidden = torch.zeros(num_shots, dtype=torch.bool)
        hidden[[shot for shot in parse_ranges(cfg.ranges, MAX_WINDOW) if shot < num_shots] or [num_shots - 1]] = True
        if hidden.all():
            hidden[0] = False
        return hidden


policy = HandPicked()
