"""Each shot by itself (MediaFM, BERT)."""

from __future__ import annotations

import torch
from torch import Tensor

from msm.masking.policy import Windows
from msm.recipes.recipe import MaskConfig


class Independent:
    """Hide each shot with probability `ratio`, at least one shot of a window and never all of them."""

    hides_runs = False
    needs_scenes = False
    needs_shots = False

    def hide(self, windows: Windows, cfg: MaskConfig, rng: torch.Generator) -> Tensor:
        return hide_independently(windows.valid, cfg.ratio, rng)


def hide_independently(valid: Tensor, ratio: float, rng: torch.Generator) -> Tensor:
    """(B, S) bool → (B, S) bool, True = hidden; the ratio holds on average."""
    draw = torch.rand(valid.shape, generator=rng).masked_fill(~valid, 2.0)
    hidden = draw < ratio
    hidden |= (draw == draw.amin(dim=1, keepdim=True)) & ~hidden.any(dim=1, keepdim=True)
    everything = (hidden == valid).all(dim=1, keepdim=True) & (valid.sum(dim=1, keepdim=True) > 1)
    last = draw == draw.masked_fill(~valid, -1.0).amax(dim=1, keepdim=True)
    return hidden & valid & ~(everything & last)


policy = Independent()
