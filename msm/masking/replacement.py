"""What the model is shown in place of a hidden shot: [MASK], another shot, or the shot itself (BERT, section 3.1).

Shape letters: B windows of a batch, S shots of a window.
"""

from __future__ import annotations

import torch
from torch import Tensor

from msm.masking.policies import POLICIES
from msm.recipes.recipe import MaskConfig


def choose_masked(hidden: Tensor, cfg: MaskConfig, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw which hidden shots are shown as [MASK], and which as another shot (BERT's 80 / 10 / 10).

    hidden   (B, S) bool; a hidden shot that is in neither result is shown unchanged
    returns  masked, other: (B, S) bool each. Drawn once for each run of hidden shots where the policy hides runs,
             as in SpanBERT, else for each shot.
    """
    draw = torch.rand(hidden.shape, generator=rng)
    if POLICIES.get(cfg.policy).hides_runs:
        starts = hidden.clone()
        starts[:, 1:] &= ~hidden[:, :-1]
        draw = draw.gather(1, torch.where(starts, torch.arange(hidden.shape[1]), 0).cummax(dim=1).values)
    other = hidden & (draw < cfg.other)
    return hidden & (draw >= cfg.other + cfg.unchanged), other
