"""How long two shots last and how much time lies between them, as features that mean the same in every catalog.

Cuts are no clock: a conversation has a cut every few seconds, a landscape lasts half a minute. Shots of one angle are often equally
long, and what is near in time is alike, even if many short shots lie between.

Shape letters: B windows, S shots of a window, H hidden shots of the window with most of them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from msm.models.heads.neighbour.pair_features import HiddenIndex

TIME_FEATURES = 4
SHORTEST_S = 0.04  # a shot shorter than a frame counts as this long


def time_features(times: Tensor | None, at: HiddenIndex) -> list[Tensor]:
    """Of each hidden shot and every shot of its window: their lengths, how different these are, and the time between them.

    times    (B, S, 2) or (S, 2) seconds at which each shot starts and ends; None = all shots are equally long
    returns  TIME_FEATURES tables (B, H, S). Lengths are logarithms about their mean in the window, and time is counted in shots of
             mean length, so the features depend neither on the unit of time nor on how fast a film is cut
    """
    shape = at.visible.shape
    if times is None:
        starts = torch.arange(shape[1], device=at.place.device, dtype=torch.float32)
        times = torch.stack([starts, starts + 1], dim=-1)
    start, end = times.expand(*shape, 2).unbind(dim=-1)
    length = (end - start).clamp(min=SHORTEST_S).log()
    number = at.valid.sum(dim=1, keepdim=True).clamp(min=1)
    typical = (length * at.valid).sum(dim=1, keepdim=True) / number  # (B, 1)
    length = (length - typical) * at.valid
    own, other = at.gather(length).unsqueeze(-1), length.unsqueeze(1)
    begins, ends = at.gather(start).unsqueeze(-1), at.gather(end).unsqueeze(-1)
    between = torch.maximum(start.unsqueeze(1) - ends, begins - end.unsqueeze(1)).clamp(min=0) * at.valid.unsqueeze(1)
    gap = (1 + between / typical.exp().unsqueeze(-1)).log() / 3
    tables = (own, other, (own - other).abs(), gap)
    return [table.expand(*at.place.shape, shape[1]) for table in tables]
