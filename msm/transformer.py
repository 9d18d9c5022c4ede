"""The transformer's parts, shared by the encoder and the decoder: a block, places, first weights.

Shape letters: B sequences, T tokens, W width, H heads, F = W / H.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    """Pre-norm self-attention and feed-forward, each added to its input."""

    def __init__(self, width: int, heads: int, dropout: float, *, decay: bool = False):
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
        self.decay = Decay(heads) if decay else None

    def forward(self, x: Tensor, attend: Tensor, turn: Tensor | None, place: Tensor | None = None) -> Tensor:
        """One layer.

        x       (B, T, W)
        attend  (B, 1, 1, T) bool, True = may be looked at
        turn    (T, F / 2) or (B, 1, T, F / 2) complex, how far each token's query and key are turned;
                None = not at all
        place   (T,) where each token stands, in shots, for a block with `decay`; NaN = nowhere, and so near to all
        """
        attend = attend if self.decay is None or place is None else self.decay(place, attend).to(x.dtype)
        x = x + F.dropout(self._attention(self.attention_norm(x), attend, turn), self.dropout, self.training)
        feed = self.feed_out(F.gelu(self.feed_in(self.feed_norm(x))))
        return x + F.dropout(feed, self.dropout, self.training)

    def _attention(self, x: Tensor, attend: Tensor, turn: Tensor | None) -> Tensor:
        query, key, value = (
            layer(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, H, T, F)
            for layer in (self.query, self.key, self.value)
        )
        if turn is not None:
            query, key = rotate(query, turn), rotate(key, turn)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=attend)
        return self.attention_out(mixed.transpose(1, 2).flatten(2))


class Decay(nn.Module):
    """Attention that decays with distance, each head at its own rate (ALiBi, Press et al., 2022).

    Beyond the source: the rates go on learning, and a head may lean to one side, since shots come before and after.
    """

    rate: Tensor

    def __init__(self, heads: int):
        super().__init__()
        self.register_buffer("rate", torch.logspace(0, -2, heads), persistent=False)  # a shot
        self.rate_change = nn.Parameter(torch.zeros(heads))  # in logarithms
        self.leaning = nn.Parameter(torch.zeros(heads))

    def forward(self, place: Tensor, attend: Tensor) -> Tensor:
        """(T,), (B, 1, 1, T) bool → (B, H, T, T), added to the attention's logits."""
        offset = (place[None, :] - place[:, None]).nan_to_num(0.0)
        rate = (self.rate * self.rate_change.exp())[:, None, None]
        bias = self.leaning[:, None, None] * offset.sign() - rate * offset.abs()
        return bias.masked_fill(~attend, -1e9)


def turns(length: int, width: int) -> Tensor:
    """(length, width / 2) complex: place × rate, as an angle, for rates from 1 down to 1/10 000 a shot."""
    rate = torch.exp(-torch.arange(0, width, 2) / width * math.log(10_000.0))
    angle = torch.arange(length)[:, None] * rate
    return torch.polar(torch.ones_like(angle), angle)


def rotate(x: Tensor, turn: Tensor) -> Tensor:
    """Turn pairs of features by the place's angles (Su et al., 2021). (B, H, T, F), (…, T, F / 2) → (B, H, T, F)."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turn).flatten(-2).type_as(x)


def sinusoids(length: int, width: int) -> Tensor:
    """(length, width): sines and cosines of rising wavelength (Vaswani et al., 2017), deviation about 0.7."""
    place = torch.arange(length, dtype=torch.float32)[:, None]
    pairs = -(-width // 2)
    rate = torch.exp(-torch.arange(pairs, dtype=torch.float32) / pairs * math.log(10_000.0))
    return torch.stack([(place * rate).sin(), (place * rate).cos()], dim=-1).flatten(1)[:, :width]


TABLES = (
    "position",
    "_vector",
    "_vectors",
    "component_weights",
)  # endings of names: learned tokens and places, which are not decayed


def init_weights(module: nn.Module, depth: int, rng: torch.Generator) -> None:
    """Draw all weights that are trained from `rng`: matrices keep the variance of what they are given.

    What a block adds is smaller with depth. A learned position table starts as sinusoids: from noise, "the shot
    before" would have to be learned for each place anew.
    """
    for name, parameter in module.named_parameters():
        if not parameter.requires_grad:
            continue
        if name.endswith("position"):
            drawn = sinusoids(*parameter.shape)
        elif name.endswith(TABLES):
            drawn = torch.randn(parameter.shape, generator=rng) * 0.02
        elif parameter.ndim == 2:
            residual = name.endswith(("attention_out.weight", "feed_out.weight"))
            scale = (parameter.shape[1] * (2 * depth if residual else 1)) ** -0.5
            drawn = torch.randn(parameter.shape, generator=rng) * scale
        else:
            drawn = torch.full_like(parameter, float("norm.weight" in name))
        with torch.no_grad():
            parameter.copy_(drawn)
