"""The shot encoder: a pre-norm transformer over the shots of a window, in the shape of MediaFM.

Source: Netflix, "MediaFM: The Multimodal AI Foundation for Media Understanding at Netflix", 2026:
shots projected to the model's width, a learned [CLS] and a [GLOBAL] made from the title's
metadata in front, hidden shots replaced by one learned [MASK], a BERT-like encoder, and one linear
layer back to the width of a shot.

Shape letters: B windows, S shots of a window, T = S + 2 tokens with [CLS] and [GLOBAL], D width of
a shot embedding, G width of a metadata embedding, W width inside the encoder, H heads.
"""

from __future__ import annotations

import math
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

    def forward(self, x: Tensor, attend: Tensor, turn: Tensor | None) -> Tensor:
        """One layer.

        x       (B, T, W)
        attend  (B, 1, 1, T) bool, True = may be looked at
        turn    (T, W / H / 2) complex, how far each token's query and key are turned; None = not at all
        """
        x = x + F.dropout(self._attention(self.attention_norm(x), attend, turn), self.dropout, self.training)
        feed = self.feed_out(F.gelu(self.feed_in(self.feed_norm(x))))
        return x + F.dropout(feed, self.dropout, self.training)

    def _attention(self, x: Tensor, attend: Tensor, turn: Tensor | None) -> Tensor:
        query, key, value = (
            layer(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, H, T, W / H)
            for layer in (self.query, self.key, self.value)
        )
        if turn is not None:
            query, key = rotate(query, turn), rotate(key, turn)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=attend)
        return self.attention_out(mixed.transpose(1, 2).flatten(2))


class ShotEncoder(nn.Module):
    """Restores hidden shots from the visible ones.

    shot_dim    D
    global_dim  G, or 0 where the catalog has no metadata embeddings: [GLOBAL] is then one learned
                vector, as it is for every title when `cfg.use_global` is false
    """

    turn: Tensor | None
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
        rotary = cfg.positions == "rotary"
        self.position = None if rotary else nn.Parameter(torch.zeros(cfg.max_shots, cfg.width))
        self.register_buffer("turn", turns(cfg.max_shots, cfg.width // cfg.heads) if rotary else None, persistent=False)
        self.blocks = nn.ModuleList(Block(cfg.width, cfg.heads, cfg.dropout) for _ in range(cfg.depth))
        self.out_norm = nn.LayerNorm(cfg.width)
        self.shot_out = nn.Linear(cfg.width, shot_dim)
        # Facts of the training data that a prediction is read with; saved with the weights.
        self.register_buffer("shot_mean", torch.zeros(shot_dim))
        self.register_buffer("prediction_norm", torch.ones(()))

    def init_weights(self, rng: torch.Generator) -> None:
        """Draw all weights from `rng`: matrices keep the variance of what they are given.

        What a block adds is smaller with depth. A learned position table starts as sinusoids: from
        noise, "the shot before" would have to be learned for each place anew.
        """
        for name, parameter in self.named_parameters():
            if name == "position":
                drawn = sinusoids(*parameter.shape)
            elif parameter.ndim == 2:
                residual = name.endswith(("attention_out.weight", "feed_out.weight"))
                scale = (parameter.shape[1] * (2 * self.cfg.depth if residual else 1)) ** -0.5
                drawn = torch.randn(parameter.shape, generator=rng) * scale
            elif name.endswith("_vector"):
                drawn = torch.randn(parameter.shape, generator=rng) * 0.02
            else:
                drawn = torch.full_like(parameter, float("norm.weight" in name))
            with torch.no_grad():
                parameter.copy_(drawn)

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
        x = torch.where(hidden.unsqueeze(-1), self.mask_vector, x)
        x = x if self.position is None else x + self.position[:num_shots]
        front = torch.stack([self.cls_vector.expand(len(x), -1), self._global_token(global_, len(x))], dim=1)
        x = torch.cat([front.to(x.dtype), x], dim=1)  # (B, T, W)
        attend = F.pad(valid, (2, 0), value=True)[:, None, None, :]  # [CLS] and [GLOBAL] are always there
        turn = None if self.turn is None else F.pad(self.turn[:num_shots], (0, 0, 2, 0), value=1.0)
        for block in self.blocks:
            x = block(x, attend, turn)
        x = self.out_norm(x)
        return Encoded(shots=x[:, 2:], cls=x[:, 0], from_global=x[:, 1])

    def predict(self, encoded_shots: Tensor) -> Tensor:
        """(..., W) → (..., D): the shot that the encoder expects; only its direction means anything."""
        return self.shot_out(encoded_shots)

    def forward(self, shots: Tensor, hidden: Tensor, valid: Tensor, global_: Tensor | None = None) -> Tensor:
        """(B, S, D) predictions at every position; shapes as for `encode`."""
        return self.predict(self.encode(shots, hidden, valid, global_).shots)

    @property
    def device(self) -> torch.device:
        return self.mask_vector.device

    def _global_token(self, global_: Tensor | None, num_windows: int) -> Tensor:
        token = self.global_vector.expand(num_windows, -1)
        if self.global_in is None or global_ is None:
            return token
        return token + self.global_in(global_ * self.global_dim**0.5)


def turns(length: int, width: int) -> Tensor:
    """(length, width / 2) complex: place × rate, as an angle, for rates from 1 down to 1/10 000 a shot."""
    rate = torch.exp(-torch.arange(0, width, 2) / width * math.log(10_000.0))
    angle = torch.arange(length)[:, None] * rate
    return torch.polar(torch.ones_like(angle), angle)


def rotate(x: Tensor, turn: Tensor) -> Tensor:
    """Turn pairs of features by the place's angles (Su et al., 2021). (B, H, T, F), (T, F / 2) → (B, H, T, F)."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turn).flatten(-2).type_as(x)


def sinusoids(length: int, width: int) -> Tensor:
    """(length, width): sines and cosines of rising wavelength (Vaswani et al., 2017), deviation about 0.7."""
    place = torch.arange(length, dtype=torch.float32)[:, None]
    pairs = -(-width // 2)
    rate = torch.exp(-torch.arange(pairs, dtype=torch.float32) / pairs * math.log(10_000.0))
    return torch.stack([(place * rate).sin(), (place * rate).cos()], dim=-1).flatten(1)[:, :width]
