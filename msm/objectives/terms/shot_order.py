"""Frame order modelling: where did a displaced shot stand? (HERO, section 3.2.)

Shape letters: B windows, S shots of a window.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.objectives.masked_batch import MaskedBatch
from msm.objectives.outputs import Outputs
from msm.objectives.term import Context, Term

DISPLACED = 0.15  # share of the shots that HERO reorders


class ShotOrder(Term):
    """15 % of the shots, at least two, change places among themselves; each is classified over the window's places."""

    needs = frozenset()

    def __init__(self, width: int, max_shots: int):
        super().__init__()
        self.place_out = nn.Linear(width, max_shots)

    @classmethod
    def weight_in(cls, context: Context) -> float | None:
        return context.cfg.shot_order or None

    @classmethod
    def make(cls, context: Context) -> ShotOrder:
        return ShotOrder(context.model.cfg.width, context.model.cfg.max_shots)

    def forward(self, batch: MaskedBatch, outputs: Outputs) -> Tensor:
        order = displaced(batch)
        moved = order != torch.arange(order.shape[1], device=order.device)
        shots = torch.take_along_dim(batch.truth, order.unsqueeze(-1), dim=1)
        hidden = torch.zeros_like(batch.valid)
        encoded = outputs.model.encode(shots, hidden, batch.valid, batch.global_).shots[moved]
        if not len(encoded):  # encoded all the same: processes with sharded blocks must run them equally often
            return encoded.sum() * 0.0
        scores = self.place_out(encoded)[:, : order.shape[1]].float()
        there = batch.valid[moved.nonzero()[:, 0]]
        return F.cross_entropy(scores.masked_fill(~there, -torch.inf), order[moved])


def displaced(batch: MaskedBatch) -> Tensor:
    """(B, S) int: which shot stands at each place after a few have changed theirs."""
    order = torch.arange(batch.valid.shape[1]).repeat(len(batch.valid), 1)
    for i, num_shots in enumerate(batch.valid.sum(dim=1).tolist()):
        count = min(num_shots, max(2, round(DISPLACED * num_shots)))
        chosen = torch.randperm(num_shots, generator=batch.rng)[:count].sort().values
        order[i, chosen] = chosen[torch.randperm(count, generator=batch.rng)]
    return order.to(batch.valid.device)


term = ShotOrder
