"""Hide one modality of a shot while its others stay visible.

Shape letters: B windows of a batch, S shots of a window, M modalities.
"""

from __future__ import annotations

import torch
from torch import Tensor


def draw_modality(present: Tensor, rng: torch.Generator) -> Tensor:
    """(B, S, M) bool → the same with one True a shot, drawn from the modalities that it has."""
    draw = torch.rand(present.shape, generator=rng).masked_fill(~present, -1.0)
    return torch.nn.functional.one_hot(draw.argmax(dim=-1), present.shape[-1]).bool()


def hide_parts(visible: Tensor, present: Tensor, share: float, rng: torch.Generator) -> Tensor:
    """(B, S, M) bool: one modality of a share of the visible shots that have others too.

    visible  (B, S) bool
    present  (B, S, M) bool

    At least one visible shot of each window keeps all its modalities.
    """
    draw = torch.rand(visible.shape, generator=rng)
    touched = visible & (present.sum(dim=-1) > 1) & (draw < share)
    last = draw == draw.masked_fill(~visible, -1.0).amax(dim=1, keepdim=True)
    touched &= ~(last & (touched == visible).all(dim=1, keepdim=True))
    return draw_modality(present, rng) & touched.unsqueeze(-1)
