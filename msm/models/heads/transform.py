"""The transform head: BERT's dense layer, GELU and norm before the output layer (Devlin et al. 2018, as in their code).

Shape letters: D width of a shot embedding, W width inside the encoder.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from msm.models.head import Head
from msm.recipes.model import ModelConfig


class TransformHead(Head):
    """A dense layer, GELU and a norm, (…, W) → (…, W)."""

    def __init__(self, cfg: ModelConfig, shot_dim: int, modality_dims: Sequence[int] | None = None):
        super().__init__(cfg, shot_dim, modality_dims)
        self.dense = nn.Linear(cfg.width, cfg.width)
        self.out_norm = nn.LayerNorm(cfg.width)

    def transform(self, features: Tensor) -> Tensor:
        return self.out_norm(F.gelu(self.dense(features)))


HEAD = TransformHead
