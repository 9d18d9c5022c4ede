"""Parts of a transformer, shared by the encoder and the decoder head: blocks, positions, initial weights.

Shape letters: T tokens of the longest window, N tokens of all windows packed, W width, H heads, F = W / H.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.errors import InputError
from msm.models.packing import Packing, attention, attention_weights
from msm.recipes.model import ModelConfig


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
        self._compiled: Callable[[Tensor], Tensor] | None = None

    def compile_feed(self) -> None:
        """Compile the feed-forward part, which is most of a block, depends on no window and draws nothing.

        Streams differ in length at every step, so it is compiled for any length.
        """
        self._compiled = torch.compile(self._feed, dynamic=True)

    def forward(
        self,
        x: Tensor,
        packing: Packing,
        turn: Tensor | None,
        offset: Tensor | None = None,
        rows: Tensor | None = None,
    ) -> Tensor:
        """One layer.

        x       (N, W) the tokens of all windows, packed
        turn    (N, F / 2) complex, the rotation of each token's query and key; None = no rotation
        offset  (T, T) how many shots one position comes after another, for a block with `decay`
        rows    (Q,) the tokens to compute, (Q, W); None = all
        """
        mixed = self._attention(self.attention_norm(x), packing, turn, self._bias(offset, x), rows)
        x = (x if rows is None else x[rows]) + self._dropout(mixed, packing, rows)
        return x + self._dropout((self._compiled or self._feed)(x), packing, rows)

    def attention_weights(
        self,
        x: Tensor,
        packing: Packing,
        turn: Tensor | None,
        offset: Tensor | None = None,
        rows: Tensor | None = None,
    ) -> Tensor:
        """Compute the attention weights (H, N, N), or (H, Q, N) of the `rows`; the arguments are those of `forward`."""
        query, key = self._queries_and_keys(self.attention_norm(x), turn, rows)
        return attention_weights(query, key, packing, self._bias(offset, x), rows)

    def _attention(
        self, x: Tensor, packing: Packing, turn: Tensor | None, bias: Tensor | None, rows: Tensor | None
    ) -> Tensor:
        query, key = self._queries_and_keys(x, turn, rows)
        value = self._by_head(self.value(x))
        return self.attention_out(attention(query, key, value, packing, bias, rows).flatten(1))

    def _queries_and_keys(self, x: Tensor, turn: Tensor | None, rows: Tensor | None) -> tuple[Tensor, Tensor]:
        """(Q, H, F) and (N, H, F)"""
        query = self._by_head(self.query(x if rows is None else x[rows]))
        key = self._by_head(self.key(x))
        if turn is None:
            return query, key
        return rotate(query, turn if rows is None else turn[rows]), rotate(key, turn)

    def _by_head(self, x: Tensor) -> Tensor:
        """(N, W) → (N, H, F)"""
        return x.unflatten(-1, (self.heads, -1))

    def _bias(self, offset: Tensor | None, x: Tensor) -> Tensor | None:
        return None if self.decay is None or offset is None else self.decay(offset).to(x.dtype)

    def _feed(self, x: Tensor) -> Tensor:
        wide = self.feed_in(self.feed_norm(x))
        # A compiler chooses by itself what to keep for the backward pass.
        plain = torch.compiler.is_compiling() or torch.is_autocast_enabled(x.device.type)
        if wide.requires_grad and not plain:
            return GeluLinear.apply(wide, self.feed_out.weight, self.feed_out.bias)
        return self.feed_out(F.gelu(wide))

    def _dropout(self, x: Tensor, packing: Packing, rows: Tensor | None) -> Tensor:
        return packing.dropout(x, self.dropout, rows) if self.training else x


class GeluLinear(torch.autograd.Function):
    """GELU and a linear layer that keep one tensor for the backward pass instead of two: GELU is computed again."""

    @staticmethod
    def forward(ctx: Any, wide: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(wide, weight)
        return F.linear(F.gelu(wide), weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        (gradient,), (wide, weight) = gradients, ctx.saved_tensors
        of_weight = gradient.T @ F.gelu(wide)
        return torch.ops.aten.gelu_backward(gradient @ weight, wide), of_weight, gradient.sum(dim=0)


class Decay(nn.Module):
    """Attention that decays with distance, each head at its own rate (ALiBi, Press et al., 2022).

    Beyond the source: the rates are learned, and a head may prefer one side, since shots come before and after.
    """

    rate: Tensor

    def __init__(self, heads: int):
        super().__init__()
        rate = torch.empty(heads) if only_shapes() else torch.logspace(0, -2, heads)
        self.register_buffer("rate", rate, persistent=False)  # a shot
        self.rate_change = nn.Parameter(torch.zeros(heads))  # in logarithms
        self.leaning = nn.Parameter(torch.zeros(heads))

    def forward(self, offset: Tensor) -> Tensor:
        """(T, T) → (H, T, T), to be added to the logits of the attention."""
        rate = (self.rate * self.rate_change.exp())[:, None, None]
        return self.leaning[:, None, None] * offset.sign() - rate * offset.abs()


def offsets(num_tokens: int, device: torch.device) -> Tensor:
    """(T, T): how many shots each position comes after another; 0 for [CLS] and [GLOBAL], which have no position."""
    place = F.pad(torch.arange(num_tokens - 2, device=device).float(), (2, 0), value=float("nan"))
    return (place[None, :] - place[:, None]).nan_to_num(0.0)


def only_shapes() -> bool:
    """Whether only shapes are asked for; arithmetic on the meta device makes torch import its compiler, which takes two seconds."""
    return torch.get_default_device().type == "meta"


def turns(length: int, width: int) -> Tensor:
    """(length, width / 2) complex: rotations by position × rate, for rates from 1 down to 1/10 000 a shot."""
    if only_shapes():
        return torch.empty(length, width // 2, dtype=torch.complex64)
    rate = torch.exp(-torch.arange(0, width, 2) / width * math.log(10_000.0))
    angle = torch.arange(length)[:, None] * rate
    return torch.polar(torch.ones_like(angle), angle)


class Rotating(nn.Module):
    """A module with rotations `turn` (max_shots, F / 2) complex, or None, that stay complex64 whatever kind its weights are converted to.

    torch would convert them to real numbers with `to(torch.bfloat16)`, and drop the positions.
    """

    turn: Tensor | None

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Rotating:
        turn, self.turn = self.turn, None
        super()._apply(fn, recurse)
        if turn is not None:
            device = fn(turn.real).device
            self.turn = (
                torch.empty_like(turn, device=device) if turn.is_meta and type(turn) is Tensor else turn.to(device)
            )
        return self


def position_table(cfg: ModelConfig, width: int) -> tuple[nn.Parameter | None, Tensor | None]:
    """(learned, fixed): the (max_shots, width) positions that are added to tokens, of which at most one exists."""
    learned = nn.Parameter(torch.zeros(cfg.max_shots, width)) if cfg.positions == "learned" else None
    return learned, sinusoids(cfg.max_shots, width) if cfg.positions == "sinusoidal" else None


def rotate(x: Tensor, turn: Tensor) -> Tensor:
    """Rotate pairs of features by the angles of the position (Su et al., 2021). (N, H, F), (N, F / 2) → (N, H, F)."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turn.unsqueeze(1)).flatten(-2).type_as(x)


def turns_of(packing: Packing, turn: Tensor | None) -> Tensor | None:
    """(max_shots, F / 2) → (N, F / 2): the rotation of each token; [CLS] and [GLOBAL] are not rotated."""
    if turn is None:
        return None
    return F.pad(turn[: packing.keep.shape[1] - 2], (0, 0, 2, 0), value=1.0)[packing.place]


def sinusoids(length: int, width: int) -> Tensor:
    """(length, width): sines and cosines of rising wavelength (Vaswani et al., 2017), deviation about 0.7."""
    if only_shapes():
        return torch.empty(length, width)
    place = torch.arange(length, dtype=torch.float32)[:, None]
    pairs = -(-width // 2)
    rate = torch.exp(-torch.arange(pairs, dtype=torch.float32) / pairs * math.log(10_000.0))
    return torch.stack([(place * rate).sin(), (place * rate).cos()], dim=-1).flatten(1)[:, :width]


# Endings of parameter names: learned tokens and positions, which have no weight decay.
TABLES = ("position", "_vector", "_vectors", "_weights")


def init_weights(module: nn.Module, depth: int, rng: torch.Generator) -> None:
    """Draw all trained weights from `rng`; matrices preserve the variance of their input.

    The output of a block is smaller the more blocks there are. A learned position table starts as sinusoids: from noise,
    "the shot before" would have to be learned for each position separately.
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


def compile_blocks(module: nn.Module, device: torch.device) -> None:
    """Compile the feed-forward part of every block. Raises InputError where that needs a C++ compiler and there is none."""
    if device.type == "cpu" and not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++", "c++"))):
        raise InputError("compile=true on a CPU needs a C++ compiler, such as g++, and none was found")
    for block in module.modules():
        if isinstance(block, Block):
            block.compile_feed()
