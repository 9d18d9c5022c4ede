"""The span-boundary objective (SpanBERT, section 3.2).

Shape letters: B windows, S shots of a window, W width inside the encoder.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.objectives.masked_batch import MaskedBatch
from msm.objectives.outputs import Outputs
from msm.objectives.term import Context, Term
from msm.objectives.terms.shot import ShotLoss, shot_space_loss


class SpanBoundary(Term):
    """Predict each hidden shot from the visible shots on both sides of its run and its place in the run.

    Two layers with GELU and norm, then the model's own last layer, as SpanBERT shares its vocabulary's (without the transform
    that a head may have before it). Where a run begins or ends with the window, [CLS] stands in for the missing shot.
    """

    needs = frozenset({"encoded"})

    def __init__(self, width: int, longest: int, compare: ShotLoss):
        super().__init__()
        self.place_vectors = nn.Parameter(torch.zeros(longest, width))
        self.first, self.first_norm = nn.Linear(3 * width, width), nn.LayerNorm(width)
        self.second, self.second_norm = nn.Linear(width, width), nn.LayerNorm(width)
        self.compare = compare

    @classmethod
    def weight_in(cls, context: Context) -> float | None:
        return context.cfg.span_boundary or None

    @classmethod
    def make(cls, context: Context) -> SpanBoundary:
        return SpanBoundary(context.model.cfg.width, context.recipe.mask.length, shot_space_loss(context))

    def forward(self, batch: MaskedBatch, outputs: Outputs) -> Tensor:
        left, right, place = run_boundaries(batch.hidden & batch.valid, batch.valid)
        edges = torch.cat([outputs.encoded.cls.unsqueeze(1), outputs.encoded.shots], dim=1)  # (B, 1 + S, W)
        window = batch.where.nonzero()[:, 0]
        before, after = (edges[window, side[batch.where] + 1] for side in (left, right))
        place = place[batch.where].clamp(max=len(self.place_vectors) - 1)
        x = torch.cat([before, after, self.place_vectors[place].to(before.dtype)], dim=-1)
        x = self.first_norm(F.gelu(self.first(x)))
        x = self.second_norm(F.gelu(self.second(x)))
        return self.compare.compare(outputs.model.shot_out(x), batch, outputs)


def run_boundaries(hidden: Tensor, valid: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The visible shots next to each hidden shot's run, −1 where there is none, and the shot's place in the run.

    hidden, valid  (B, S) bool
    returns        left, right, place: (B, S) int, undefined at visible shots
    """
    places = torch.arange(hidden.shape[1], device=hidden.device).expand(hidden.shape)
    visible = valid & ~hidden
    left = torch.where(visible, places, -1).cummax(dim=1).values
    end = hidden.shape[1]
    right = torch.where(visible, places, end).flip(1).cummin(dim=1).values.flip(1)
    return left, torch.where(right == end, -1, right), places - left - 1


term = SpanBoundary
