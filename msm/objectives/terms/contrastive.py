"""Contrastive learning between two views of a window (VideoPrism, section 2; CLIP's symmetric loss).

Shape letters: B windows, S shots of a window, M modalities, W width inside the encoder.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.data.schema import Modality
from msm.errors import InputError
from msm.objectives.losses import info_nce
from msm.objectives.masked_batch import MaskedBatch
from msm.objectives.outputs import Outputs
from msm.objectives.term import Context, Term
from msm.recipes.objective import ObjectiveConfig

STRETCH = 8  # shots that are pooled into one example: VideoPrism's clips have 8 or 16 frames


class ViewContrast(Term):
    """Which stretch of the batch is this, in another view?

    Two views of each window go through the encoder: one modality alone and the others without it, or two random halves
    of its shots. Stretches of 8 shots are averaged, and each is distinguished from all others of the batch. VideoPrism contrasts a
    video encoder with a text encoder and pools by attention; here one encoder reads both views.

    whole_shots  the model cannot see one modality of a shot alone, so the views are halves of the shots
    """

    needs = frozenset()
    in_first_stage = True

    def __init__(self, width: int, cfg: ObjectiveConfig, modalities: Sequence[Modality], *, whole_shots: bool = False):
        super().__init__()
        self.projection, self.temperature = nn.Linear(width, width), cfg.temperature
        self.modalities = tuple(modalities)
        enough = len(modalities) > 1
        if cfg.contrastive_between == "modalities" and not enough:
            raise InputError(
                "objective.contrastive_between=modalities needs two modalities or more, "
                f"but these shots have {len(modalities)}; use views"
            )
        self.between_modalities = enough and not whole_shots and cfg.contrastive_between != "views"

    @classmethod
    def weight_in(cls, context: Context) -> float | None:
        return context.cfg.contrastive if context.cfg.contrastive or context.cfg.first_stage else None

    @classmethod
    def make(cls, context: Context) -> ViewContrast:
        model = context.model
        return ViewContrast(model.cfg.width, context.cfg, context.modalities, whole_shots=model.head.whole_shots)

    def forward(self, batch: MaskedBatch, outputs: Outputs) -> Tensor:
        views = self._modalities(batch) if self.between_modalities else halves(batch)
        pooled, full = zip(*(self._pool(batch, outputs, hidden) for hidden in views), strict=True)
        both = full[0] & full[1]
        if int(both.sum()) < 2:
            return pooled[0].sum() * 0.0
        one, other = (self.projection(p[both]) for p in pooled)
        true = torch.arange(len(one), device=one.device)
        forth, back = info_nce(one, other, true, self.temperature), info_nce(other, one, true, self.temperature)
        return (forth + back) / 2

    def _modalities(self, batch: MaskedBatch) -> tuple[Tensor, Tensor]:
        """(B, S, M) bool twice: what is hidden from each view."""
        alone = int(torch.randint(len(self.modalities), (), generator=batch.rng))
        missing = torch.stack([~batch.truth[..., m.columns].any(dim=-1) for m in self.modalities], dim=-1)
        is_alone = torch.arange(len(self.modalities), device=missing.device) == alone
        return missing | ~is_alone, missing | is_alone

    def _pool(self, batch: MaskedBatch, outputs: Outputs, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """(B, stretches, W) mean encoding of the visible shots, and (B, stretches) bool, whether there are any."""
        encoded = outputs.model.encode(batch.truth, hidden, batch.valid, batch.global_).shots
        seen = batch.valid & ~(hidden if hidden.ndim == 2 else hidden.all(dim=-1))
        spare = -encoded.shape[1] % STRETCH
        encoded = F.pad(encoded * seen.unsqueeze(-1), (0, 0, 0, spare)).unflatten(1, (-1, STRETCH))
        count = F.pad(seen, (0, spare)).unflatten(1, (-1, STRETCH)).sum(dim=2)
        return encoded.sum(dim=2) / count.clamp(min=1).unsqueeze(-1), count > 0


def halves(batch: MaskedBatch) -> tuple[Tensor, Tensor]:
    """(B, S) bool twice: a random half of each window's shots, and the others."""
    draw = torch.rand(batch.valid.shape, generator=batch.rng).to(batch.valid.device).masked_fill(~batch.valid, 2.0)
    rank = draw.argsort(dim=1).argsort(dim=1)
    first = rank < batch.valid.sum(dim=1, keepdim=True) // 2
    return first & batch.valid, ~first & batch.valid


term = ViewContrast
