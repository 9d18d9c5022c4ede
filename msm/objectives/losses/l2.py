"""Mean squared error over shots and columns (MAE, BaSSL)."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from msm.objectives.loss import Loss


class L2(Loss):
    """Mean squared error over shots and columns."""

    sees_length = True

    def __call__(self, predicted: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(predicted.float(), target.float())


loss = L2
