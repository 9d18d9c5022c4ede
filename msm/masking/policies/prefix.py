"""The first shots of the window."""

from __future__ import annotations

import torch
from torch import Tensor

from msm.masking.policy import WindowPolicy
from msm.recipes.recipe import MaskConfig


class Prefix(WindowPolicy):
    """Hide the first `count` shots."""

    def hide_window(
        self, num_shots: int, count: int, cfg: MaskConfig, rng: torch.Generator, scenes: Tensor | None
    ) -> Tensor:
        return torch.arange(num_shots) < count


policy = Prefix()
