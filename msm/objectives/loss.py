"""The interface of a loss function, and the scaling of its targets.

Shape letters: H hidden shots, C candidates, D width of a shot.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from msm.recipes.objective import ObjectiveConfig


class Loss:
    """Compares the predictions of hidden shots with their targets; made from a recipe's `objective` part.

    sees_length    the loss depends on the targets' length, so they are scaled to a deviation of about 1
    against_batch  the loss tells the true shot from all other shots of the batch, by `contrast` instead of a call
    """

    sees_length = False
    against_batch = False

    def __init__(self, cfg: ObjectiveConfig):
        self.cfg = cfg

    def __call__(self, predicted: Tensor, target: Tensor) -> Tensor:
        """(H, D), (H, D) → (), the mean over the hidden shots."""
        raise NotImplementedError

    def contrast(self, predicted: Tensor, candidates: Tensor, truth: Tensor) -> Tensor:
        """(H, D), (C, D), (H,) int, the index of the true candidate → (), the mean over the hidden shots."""
        raise NotImplementedError


def standardise(targets: Tensor) -> Tensor:
    """(…, D): each shot to mean 0 and deviation 1 over its own columns (MAE, section 3, "normalized pixel values")."""
    return F.layer_norm(targets.float(), targets.shape[-1:], eps=1e-6 / targets.shape[-1])
