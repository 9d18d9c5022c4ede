"""Windows without padding: all their tokens in one stream, one window after the other.

A batch's windows differ in length, and a table of (B, T) tokens is as long as the longest. Projections, norms and
feed-forward layers look at one token at a time, so they are given the stream alone; only the attention has to know
where a window ends. It looks at one window at a time on a CPU, takes torch's variable-length kernel on a GPU that has
it, and pads its queries, keys and values, and nothing else, anywhere else.

Shape letters: B windows, T tokens of the longest window, N tokens of the stream, H heads, F width of a head, W width.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import groupby

import torch
from torch import Tensor
from torch.nn import functional as F

try:
    from torch.nn.attention.varlen import varlen_attn
except ImportError:  # torch 2.9
    varlen_attn = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Part:
    """Some windows of a batch; its others are in another process, or come later."""

    rows: slice
    num_windows: int  # of the whole batch
    most_visible: int  # shots that any window of the batch shows


@dataclass(frozen=True)
class Packing:
    """Which places of the (B, T) padded windows have a token in the stream. Every window has one.

    part         where these windows are some of a batch's
    most_tokens  of a window of the whole batch; None = T where there is a part, else as here
    """

    keep: Tensor  # (B, T) bool
    part: Part | None = None
    most_tokens: int | None = None

    @cached_property
    def lengths(self) -> list[int]:
        """Tokens of each window."""
        return self.keep.sum(dim=1).tolist()

    @cached_property
    def index(self) -> Tensor:
        """(N,) where each token stands among the B × T."""
        return self.keep.flatten().nonzero()[:, 0]

    @cached_property
    def place(self) -> Tensor:
        """(N,) where each token stands in its window."""
        return self.index % self.keep.shape[1]

    @cached_property
    def window(self) -> Tensor:
        """(N,) the window of each token."""
        return self.index // self.keep.shape[1]

    @cached_property
    def nth(self) -> Tensor:
        """(N,) where each token stands in a table as dropout draws it, every window moved to the left."""
        first = torch.arange(len(self.keep), device=self.keep.device)[:, None] * self._drawn_length
        return (self.keep.cumsum(dim=1) - 1 + first).flatten()[self.index]

    @property
    def _drawn_length(self) -> int:
        if self.part is None:
            return self.longest
        return self.most_tokens or self.keep.shape[1]

    @cached_property
    def ends(self) -> Tensor:
        """(B + 1,) int32 where windows begin and end in the stream."""
        return F.pad(self.keep.sum(dim=1).cumsum(dim=0), (1, 0)).to(torch.int32)

    @cached_property
    def longest(self) -> int:
        return max(self.lengths)

    def pack(self, table: Tensor) -> Tensor:
        """(B, T, …) → (N, …)"""
        return table.flatten(0, 1).index_select(0, self.index)

    def pad(self, stream: Tensor) -> Tensor:
        """(N, …) → (B, T, …), zero where there is no token."""
        table = stream.new_zeros(self.keep.numel(), *stream.shape[1:])
        return table.index_copy(0, self.index, stream).unflatten(0, self.keep.shape)

    def behind(self, front: Tensor, stream: Tensor) -> Tensor:
        """(B, 2, W), and the stream of all tokens but the first two of each window (N − 2 B, W) → (N, W)."""
        windows = stream.split([n - front.shape[1] for n in self.lengths])
        return torch.cat([part for pair in zip(front, windows, strict=True) for part in pair])

    def dropout(self, stream: Tensor, share: float, rows: Tensor | None = None) -> Tensor:
        """(N, W), or the `rows` of it, with a share of the numbers left out.

        On a CPU what is drawn does not depend on how windows are laid out or parted: it is drawn for all the batch's
        windows at the length of the longest, as it would be for a padded table.
        """
        if not share:
            return stream
        if stream.device.type != "cpu":
            return F.dropout(stream, share)
        windows = len(self.keep) if self.part is None else self.part.num_windows
        kept = stream.new_empty(windows, self._drawn_length, stream.shape[-1]).bernoulli_(1 - share).div_(1 - share)
        kept = (kept if self.part is None else kept[self.part.rows]).flatten(0, 1)
        return stream * (kept if len(stream) == len(kept) else kept[self.nth if rows is None else self.nth[rows]])


Attention = Callable[[Tensor, Tensor, Tensor, Packing, Tensor | None, Tensor | None], Tensor]


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    packing: Packing,
    bias: Tensor | None = None,
    rows: Tensor | None = None,
) -> Tensor:
    """Each token looks at all the tokens of its window.

    query, key, value  (N, H, F)
    bias               (H, T, T), added to the logits of the tokens at two places; None = nothing
    rows               (Q,) the tokens that look, where not all do: `query` and what is returned are then (Q, H, F)
    returns            (N, H, F)
    """
    return _kernel(query, bias)(query, key, value, packing, bias, rows)


def attention_weights(
    query: Tensor, key: Tensor, packing: Packing, bias: Tensor | None = None, rows: Tensor | None = None
) -> Tensor:
    """(H, N, N), or (H, Q, N) of the `rows`: what `attention` weighs the values with, for whoever wants to see it.

    Each row sums to one over the tokens of its window, and is zero beyond it.
    """
    here = torch.arange(len(key), device=key.device) if rows is None else rows
    logits = query.transpose(0, 1) @ key.permute(1, 2, 0) / query.shape[-1] ** 0.5
    if bias is not None:
        logits = logits + bias[:, packing.place[here]][:, :, packing.place]
    apart = packing.window[here][:, None] != packing.window
    return logits.masked_fill(apart, -torch.inf).softmax(dim=-1)


def _kernel(query: Tensor, bias: Tensor | None) -> Attention:
    if query.device.type == "cpu":
        return window_by_window
    if query.device.type == "cuda" and bias is None and varlen_attn is not None and _fits_one_kernel(query):
        return in_one_kernel
    return padded


def _fits_one_kernel(query: Tensor) -> bool:
    """What FlashAttention, which is behind torch's kernel, asks for: 16 bits, heads of 8, 16 … 256, Ampere or later."""
    half = query.dtype in (torch.float16, torch.bfloat16)
    return half and query.shape[-1] % 8 == 0 and query.shape[-1] <= 256 and _capability(query.device) >= (8, 0)


@cache
def _capability(device: torch.device) -> tuple[int, int]:
    return torch.cuda.get_device_capability(device)


def window_by_window(
    query: Tensor, key: Tensor, value: Tensor, packing: Packing, bias: Tensor | None, rows: Tensor | None = None
) -> Tensor:
    """Windows of one length that follow each other are looked at together, where all their tokens look."""
    runs = [(n, len(list(same))) for n, same in groupby(packing.lengths)]
    looking, places = [n * count for n, count in runs], [None] * len(runs)
    if rows is not None:
        runs = [(n, 1) for n in packing.lengths]
        looking = torch.bincount(packing.window[rows], minlength=len(runs)).tolist()
        places = packing.place[rows].split(looking)
    parts = zip(*(t.split([n * count for n, count in runs]) for t in (key, value)), strict=True)
    mixed = []
    for (n, count), q, (k, v), place in zip(runs, query.split(looking), parts, places, strict=True):
        q, k, v = (t.unflatten(0, (count, -1)).transpose(1, 2) for t in (q, k, v))  # (count, H, n, F)
        here = None if bias is None else bias[None, :, :n, :n] if place is None else bias[None, :, place, :n]
        if here is not None and here.requires_grad:  # four dimensions choose the fused kernel, which learns no bias
            here = here[0]
        mixed.append(F.scaled_dot_product_attention(q, k, v, here).transpose(1, 2).flatten(0, 1))
    return torch.cat(mixed)


def in_one_kernel(
    query: Tensor, key: Tensor, value: Tensor, packing: Packing, bias: Tensor | None, rows: Tensor | None = None
) -> Tensor:
    """torch's kernel for windows of many lengths: NVIDIA GPUs, 16 bits, no bias."""
    assert varlen_attn is not None and bias is None
    ends = packing.ends
    if rows is not None:
        looking = torch.bincount(packing.window[rows], minlength=len(packing.keep))
        ends = F.pad(looking.cumsum(dim=0), (1, 0)).to(torch.int32)
    mixed = varlen_attn(query, key, value, ends, packing.ends, packing.longest, packing.longest)
    assert isinstance(mixed, Tensor)
    return mixed


def padded(
    query: Tensor, key: Tensor, value: Tensor, packing: Packing, bias: Tensor | None, rows: Tensor | None = None
) -> Tensor:
    """Every window as long as the longest, its padding masked: slower, and right everywhere."""
    if rows is not None:
        query = torch.zeros_like(key).index_copy(0, rows, query)
    attend = packing.keep[:, None, None, :]
    mask = attend if bias is None else bias.masked_fill(~attend, -1e9)
    q, k, v = (packing.pad(t).transpose(1, 2) for t in (query, key, value))  # (B, H, T, F)
    mixed = packing.pack(F.scaled_dot_product_attention(q, k, v, mask).transpose(1, 2))
    return mixed if rows is None else mixed[rows]
