"""Shots unlike the one before them (LV-MAE, section 3.3): what changes must be understood, what stays can be copied."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from msm.masking.policy import Windows, draw_count
from msm.recipes.masking import MaskConfig

SMALLEST = 1e-6  # weight of a shot equal to the one before it


class Semantic:
    """Draw shots without replacement, each with a weight of 1 − its cosine to the shot before it, until `ratio` are hidden.

    The first shot of a window has none before it and is hidden only where all others are. LV-MAE hides the shots of
    the lowest cosines whenever it reads a title; as a draw, a title is hidden in another way each time. Without
    embeddings, all shots have the same weight.
    """

    hides_runs = False
    needs_scenes = False
    needs_shots = True

    def hide(self, windows: Windows, cfg: MaskConfig, rng: torch.Generator) -> Tensor:
        """(B, S) bool, True = hidden."""
        hidden = torch.zeros_like(windows.valid)
        for i, valid in enumerate(windows.valid):
            real = valid.nonzero()[:, 0]
            if len(real) == 1:
                hidden[i, real] = True
            elif len(real):
                weights = torch.ones(len(real)) if windows.shots is None else change(windows.shots[i, real])
                count = draw_count(len(real), cfg.ratio, rng)
                hidden[i, real[torch.multinomial(weights, count, generator=rng)]] = True
        return hidden


def change(shots: Tensor) -> Tensor:
    """(n, D) → (n,): 1 − cosine of each shot to the one before it, positive; of the first, next to nothing."""
    directions = F.normalize(shots.float(), dim=-1)
    differs = 1 - (directions[1:] * directions[:-1]).sum(dim=-1)
    return F.pad(differs.clamp(min=SMALLEST), (1, 0), value=SMALLEST**2)


policy = Semantic()
