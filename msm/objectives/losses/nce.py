"""Noise-contrastive estimation: tell the true shot from the others by cosine similarity (InfoNCE)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from msm.objectives.loss import Loss


class NCE(Loss):
    """Cross-entropy over all shots of the batch, at the temperature `objective.temperature`."""

    against_batch = True

    def contrast(self, predicted: Tensor, candidates: Tensor, truth: Tensor) -> Tensor:
        """(H, D), (C, D), (H,) int, the index of the true candidate → ()."""
        return info_nce(predicted, candidates, truth, self.cfg.temperature)


def info_nce(predicted: Tensor, candidates: Tensor, truth: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of the true candidate among all candidates, with cosine / temperature as the scores.

    predicted (H, D), candidates (C, D), truth (H,) int, the index of the true candidate
    """
    with torch.autocast(predicted.device.type, enabled=False):
        similarity = F.normalize(predicted.float(), dim=-1) @ F.normalize(candidates.float(), dim=-1).T
        return F.cross_entropy(similarity / temperature, truth)


loss = NCE
