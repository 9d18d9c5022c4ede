"""Cosine distance (MediaFM)."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from msm.objectives.loss import Loss


class Cosine(Loss):
    """1 − cosine, averaged over the hidden shots."""

    def __call__(self, predicted: Tensor, target: Tensor) -> Tensor:
        return cosine_distance(predicted, target)


def cosine_distance(predicted: Tensor, target: Tensor) -> Tensor:
    """1 − cosine, averaged over the hidden shots. (H, D), (H, D) → a number between 0 and 2.

    MediaFM sums over the hidden shots. Muon and AdamW divide out the gradient's scale, so the difference does not
    matter to them; with the mean, clipping and curves are comparable between batches.
    """
    return (1 - F.cosine_similarity(predicted.float(), target.float(), dim=-1)).mean()


loss = Cosine
