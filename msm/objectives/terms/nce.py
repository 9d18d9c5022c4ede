"""Masked frame modelling with noise-contrastive estimation (HERO, section 3.2)."""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from msm.objectives.loss import Loss
from msm.objectives.losses import LOSSES
from msm.objectives.masked_batch import MaskedBatch
from msm.objectives.outputs import Outputs
from msm.objectives.term import Context, Term


class BatchContrast(Term):
    """Which of the batch's shots was hidden here?

    HERO's code contrasts a true frame with the other hidden frames and its own outputs at the visible ones; here the
    candidates are all the true shots of the batch.

    transform  a dense layer, GELU and a norm before the projection, as HERO has and as `model.head=transform` says
    """

    def __init__(self, width: int, shot_dim: int, loss: Loss, *, transform: bool = False):
        super().__init__()
        self.loss = loss
        before = {"dense": nn.Linear(width, width), "gelu": nn.GELU(), "norm": nn.LayerNorm(width)} if transform else {}
        out = nn.Linear(width, shot_dim)
        self.projection = nn.Sequential(OrderedDict(**before, out=out)) if transform else out

    @classmethod
    def weight_in(cls, context: Context) -> float | None:
        return 1.0 if context.cfg.target == "shot" and LOSSES.get(context.cfg.loss).against_batch else None

    @classmethod
    def make(cls, context: Context) -> BatchContrast:
        transform = context.model.cfg.head == "transform"
        return BatchContrast(context.model.feature_width, context.model.shot_dim, context.loss, transform=transform)

    def forward(self, batch: MaskedBatch, outputs: Outputs) -> Tensor:
        predicted = self.projection(outputs.hidden_features)
        number = batch.valid.flatten().cumsum(dim=0).view_as(batch.valid) - 1  # of a shot among the candidates
        return self.loss.contrast(predicted, batch.truth[batch.valid], number[batch.where])


term = BatchContrast
