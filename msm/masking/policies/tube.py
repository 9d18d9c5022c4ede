"""Stretches of a grid in time, hidden in all their modalities."""

from __future__ import annotations

import torch
from torch import Tensor

from msm.masking.policy import WindowPolicy
from msm.recipes.recipe import MaskConfig


class Tube(WindowPolicy):
    """Whole stretches of `length` shots on a grid with a random offset, until `count` shots are hidden.

    The last stretch is cut. The next moment does not show what is hidden at this one. VideoMAE's own tubes, one pattern over
    all time, are the policy `modality_tube`.
    """

    def hide_window(
        self, num_shots: int, count: int, cfg: MaskConfig, rng: torch.Generator, scenes: Tensor | None
    ) -> Tensor:
        offset = int(torch.randint(cfg.length, (), generator=rng))
        stretch = (torch.arange(num_shots) + offset) // cfg.length
        order = torch.randperm(int(stretch[-1]) + 1, generator=rng)[stretch]  # in which a shot's stretch is hidden
        hidden = torch.zeros(num_shots, dtype=torch.bool)
        hidden[order.argsort(stable=True)[:count]] = True
        return hidden


policy = Tube()
