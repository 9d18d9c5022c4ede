"""Smooth L1: quadratic below `objective.beta` and linear above it (data2vec, section 3.4)."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from msm.objectives.loss import Loss


class SmoothL1(Loss):
    """Quadratic below `objective.beta` and linear above it."""

    sees_length = True

    def __call__(self, predicted: Tensor, target: Tensor) -> Tensor:
        return F.smooth_l1_loss(predicted.float(), target.float(), beta=self.cfg.beta)


loss = SmoothL1
