"""What the prediction of a hidden shot is held against."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def cosine_distance(predicted: Tensor, target: Tensor) -> Tensor:
    """1 − cosine, averaged over the hidden shots: a number between 0 and 2.

    predicted, target  (hidden shots, D)

    MediaFM sums over the hidden shots. Muon and AdamW do not see the difference, since both divide
    out the gradient's scale; the mean keeps clipping and curves comparable between batches.
    """
    return (1 - F.cosine_similarity(predicted.float(), target.float(), dim=-1)).mean()
