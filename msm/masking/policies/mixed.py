"""A different task each batch: the recipe's ratio, any ratio, or spans (UL2's mixture of denoisers, arXiv 2205.05131)."""

from __future__ import annotations

import torch
from torch import Tensor

from msm.masking.policies.independent import hide_independently
from msm.masking.policies.span import Span
from msm.masking.policy import Windows, draw_uniform
from msm.recipes.recipe import MaskConfig

AT_RATIO, IN_SPANS = 0.4, 0.2  # shares of the batches; the others have a ratio drawn between LEAST and MOST
LEAST, MOST = 0.1, 0.85


class Mixed:
    """Draw for each batch: independent at `ratio`, independent at a ratio drawn uniformly, or spans at `ratio`."""

    hides_runs = False
    needs_scenes = False
    needs_shots = False

    def hide(self, windows: Windows, cfg: MaskConfig, rng: torch.Generator) -> Tensor:
        task = draw_uniform(rng)
        if task < IN_SPANS:
            return Span().hide(windows, cfg, rng)
        ratio = cfg.ratio if task < IN_SPANS + AT_RATIO else LEAST + (MOST - LEAST) * draw_uniform(rng)
        return hide_independently(windows.valid, ratio, rng)


policy = Mixed()
