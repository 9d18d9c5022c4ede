"""The shot encoder: a pre-norm transformer over the shots of a window, in the shape of MediaFM.

Source: Netflix, "MediaFM: The Multimodal AI Foundation for Media Understanding at Netflix", 2026:
shots projected to the model's width, a learned [CLS] and a [GLOBAL] made from the title's
metadata in front, hidden shots replaced by one learned [MASK], a BERT-like encoder, and one linear
layer back to the width of a shot.

Shape letters: B windows, S shots of a window, T = S + 2 tokens with [CLS] and [GLOBAL], D width of
a shot embedding, G width of a metadata embedding, W width inside the encoder, H heads.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.recipe import ModelConfig


class Encoded(NamedTuple):
    """What the encoder makes of a window."""

    shots: Tensor  # (B, S, W)
    cls: Tensor  # (B, W)
    from_global: Tensor  # (B, W)


class Block(nn.Module):
    """Pre-norm self-attention and feed-forward, each added to its input."""

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.attention_norm = nn.LayerNorm(width)
        # Three matrices and not one of 3 W rows: Muon makes each of them orthogonal by itself.
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.attention_out = nn.Linear(width, width)
        self.feed_norm = nn.LayerNorm(width)
        self.feed_in = nn.Linear(width, 4 * width)
        self.feed_out = nn.Linear(4 * width, width)

    def forward(self, x: Tensor, attend: Tensor) -> Tensor:
        """(B, T, W) and (B, 1, 1, T) bool, True = may be looked at → (B, T, W)."""
        x = x + F.dropout(self._attention(self.attention_norm(x), attend), self.dropout, self.training)
        feed = self.feed_out(F.gelu(self.feed_in(self.feed_norm(x))))
        return x + F.dropout(feed, self.dropout, self.training)

    def _attention(self, x: Tensor, attend: Tensor) -> Tensor:
        query, key, value = (
            layer(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, H, T, W / H)
            for layer in (self.query, self.key, self.value)
        )
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=attend)
        return self.attention_out(mixed.transpose(1, 2).flatten(2))


class ShotEncoder(nn.Module):
    """Restores hidden shots from the visible ones.

    shot_dim    D
    global_dim  G, or 0 where the catalog has no metadata embeddings: [GLOBAL] is then one learned
                vector, as it is for every title when `cfg.use_global` is false
    """

    shot_mean: Tensor
    prediction_norm: Tensor

    def __init__(self, shot_dim: int, global_dim: int, cfg: ModelConfig):
        super().__init__()
        self.cfg, self.shot_dim, self.global_dim = cfg, shot_dim, global_dim
        self.shot_in = nn.Linear(shot_dim, cfg.width)
        self.global_in = nn.Linear(global_dim, cfg.width) if global_dim and cfg.use_global else None
        self.cls_vector = nn.Parameter(torch.zeros(cfg.width))
        self.global_vector = nn.Parameter(torch.zeros(cfg.width))
        self.mask_vector = nn.Parameter(torch.zeros(cfg.width))
        self.position = nn.Parameter(torch.zeros(cfg.max_shots, cfg.width))
        self.blocks = nn.ModuleList(Block(cfg.width, cfg.heads, cfg.dropout) for _ in range(cfg.depth))
        self.out_norm = nn.LayerNorm(cfg.width)
        self.shot_out = nn.Linear(cfg.width, shot_dim)
        # Facts of the training data that a prediction is read with; saved with the weights.
        self.register_buffer("shot_mean", torch.zeros(shot_dim))
        self.register_buffer("prediction_norm", torch.ones(()))

    def init_weights(self, rng: torch.Generator) -> None:
        """Draw all weights from `rng`: normal with deviation 0.02, residual outputs smaller with depth."""
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2 or name.endswith("_vector"):
                residual = name.endswith(("attention_out.weight", "feed_out.weight"))
                scale = 0.02 / (2 * self.cfg.depth) ** 0.5 if residual else 0.02
                with torch.no_grad():
                    parameter.copy_(torch.randn(parameter.shape, generator=rng) * scale)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def encode(self, shots: Tensor, hidden: Tensor, valid: Tensor, global_: Tensor | None = None) -> Encoded:
        """See every visible shot of a window at once.

        shots   (B, S, D)  float, fused, of unit length
        hidden  (B, S)     bool, True = the model must not see this shot
        valid   (B, S)     bool, True = a real shot, False = padding
        global_ (B, G)     float, the title's metadata; None = no information
        """
        num_shots = shots.shape[1]
        if num_shots > self.cfg.max_shots:
            raise ValueError(f"window of {num_shots} shots, but max_shots is {self.cfg.max_shots}")
        # A factor, so that unit-length input of any D arrives with a deviation of about 1.
        x = self.shot_in(shots * self.shot_dim**0.5)  # (B, S, W)
        x = torch.where(hidden.unsqueeze(-1), self.mask_vector, x) + self.position[:num_shots]
        front = torch.stack([self.cls_vector.expand(len(x), -1), self._global_token(global_, len(x))], dim=1)
        x = torch.cat([front.to(x.dtype), x], dim=1)  # (B, T, W)
        attend = F.pad(valid, (2, 0), value=True)[:, None, None, :]  # [CLS] and [GLOBAL] are always there
        for block in self.blocks:
            x = block(x, attend)
        x = self.out_norm(x)
        return Encoded(shots=x[:, 2:], cls=x[:, 0], from_global=x[:, 1])

    def predict(self, encoded_shots: Tensor) -> Tensor:
        """(..., W) → (..., D): the shot that the encoder expects; only its direction means anything."""
        return self.shot_out(encoded_shots)

    def forward(self, shots: Tensor, hidden: Tensor, valid: Tensor, global_: Tensor | None = None) -> Tensor:
        """(B, S, D) predictions at every position; shapes as for `encode`."""
        return self.predict(self.encode(shots, hidden, valid, global_).shots)

    def _global_token(self, global_: Tensor | None, num_windows: int) -> Tensor:
        token = self.global_vector.expand(num_windows, -1)
        if self.global_in is None or global_ is None:
            return token
        return token + self.global_in(global_ * self.global_dim**0.5)
