"""Terms that look at a window a second time: two views of it, or its shots in another order.

Shape letters: B windows, S shots of a window, M modalities, W width inside the encoder.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.data.schema import Modality
from msm.errors import InputError
from msm.objectives.losses import Asked, Made, info_nce
from msm.recipes.recipe import ObjectiveConfig

STRETCH = 8  # shots that are pooled into one example: VideoPrism's clips have 8 or 16 frames
DISPLACED = 0.15  # share of the shots that HERO reorders (section 3.2)


class ViewContrast(nn.Module):
    """Which stretch of the batch is this, seen another way? (VideoPrism, section 2; CLIP's symmetric loss.)

    Two views of each window go through the encoder: one modality alone and the others without it, or two random
    halves of its shots. Stretches of 8 shots are averaged, and each has to find itself among all those of the batch.
    VideoPrism sets a video encoder against a text encoder and pools by attention; here one encoder reads both views.

    whole_shots  the model cannot see one modality of a shot alone, so the views are halves of the shots
    """

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

    def forward(self, asked: Asked, made: Made) -> Tensor:
        views = self._modalities(asked) if self.between_modalities else halves(asked)
        pooled, full = zip(*(self._look(asked, made, hidden) for hidden in views), strict=True)
        both = full[0] & full[1]
        if int(both.sum()) < 2:
            return pooled[0].sum() * 0.0
        one, other = (self.projection(p[both]) for p in pooled)
        true = torch.arange(len(one), device=one.device)
        forth, back = info_nce(one, other, true, self.temperature), info_nce(other, one, true, self.temperature)
        return (forth + back) / 2

    def _modalities(self, asked: Asked) -> tuple[Tensor, Tensor]:
        """(B, S, M) twice: what each view does not see."""
        alone = int(torch.randint(len(self.modalities), (), generator=asked.rng))
        missing = torch.stack([~asked.truth[..., m.columns].any(dim=-1) for m in self.modalities], dim=-1)
        is_alone = torch.arange(len(self.modalities), device=missing.device) == alone
        return missing | ~is_alone, missing | is_alone

    def _look(self, asked: Asked, made: Made, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """(B, stretches, W) mean encoding of the shots that a view sees, and (B, stretches) whether it sees any."""
        encoded = made.model.encode(asked.truth, hidden, asked.valid, asked.global_).shots
        seen = asked.valid & ~(hidden if hidden.ndim == 2 else hidden.all(dim=-1))
        spare = -encoded.shape[1] % STRETCH
        encoded = F.pad(encoded * seen.unsqueeze(-1), (0, 0, 0, spare)).unflatten(1, (-1, STRETCH))
        count = F.pad(seen, (0, spare)).unflatten(1, (-1, STRETCH)).sum(dim=2)
        return encoded.sum(dim=2) / count.clamp(min=1).unsqueeze(-1), count > 0


def halves(asked: Asked) -> tuple[Tensor, Tensor]:
    """(B, S) twice: a random half of each window's shots, and the others."""
    draw = torch.rand(asked.valid.shape, generator=asked.rng).to(asked.valid.device).masked_fill(~asked.valid, 2.0)
    rank = draw.argsort(dim=1).argsort(dim=1)
    first = rank < asked.valid.sum(dim=1, keepdim=True) // 2
    return first & asked.valid, ~first & asked.valid


class ShotOrder(nn.Module):
    """Where did a displaced shot stand? (HERO's frame order modelling, section 3.2.)

    15 % of the shots, at least two, change places among themselves; each is classified over the window's places.
    """

    def __init__(self, width: int, max_shots: int):
        super().__init__()
        self.place_out = nn.Linear(width, max_shots)

    def forward(self, asked: Asked, made: Made) -> Tensor:
        order = displaced(asked)
        moved = order != torch.arange(order.shape[1], device=order.device)
        shots = torch.take_along_dim(asked.truth, order.unsqueeze(-1), dim=1)
        seen = torch.zeros_like(asked.valid)
        encoded = made.model.encode(shots, seen, asked.valid, asked.global_).shots[moved]
        if not len(encoded):  # and yet it was encoded: processes with shards ask for the blocks equally often
            return encoded.sum() * 0.0
        scores = self.place_out(encoded)[:, : order.shape[1]].float()
        there = asked.valid[moved.nonzero()[:, 0]]
        return F.cross_entropy(scores.masked_fill(~there, -torch.inf), order[moved])


def displaced(asked: Asked) -> Tensor:
    """(B, S): which shot stands at each place after a few have changed theirs."""
    order = torch.arange(asked.valid.shape[1]).repeat(len(asked.valid), 1)
    for i, num_shots in enumerate(asked.valid.sum(dim=1).tolist()):
        count = min(num_shots, max(2, round(DISPLACED * num_shots)))
        chosen = torch.randperm(num_shots, generator=asked.rng)[:count].sort().values
        order[i, chosen] = chosen[torch.randperm(count, generator=asked.rng)]
    return order.to(asked.valid.device)
