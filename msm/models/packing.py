"""Packing: windows without padding, all their tokens in one stream, one window after the other.

The windows of a batch differ in length, and a padded table (B, T) is as long as the longest. Projections, norms and
feed-forward layers process one token at a time, so they get the packed stream; only the attention has to know where a window
ends. On a CPU it processes one window at a time, on a GPU that has it it uses torch's variable-length kernel, and elsewhere it
pads its queries, keys and values.

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


@dataclass(frozen=True)
class Part:
    """Some windows of a batch; the others are in another process, or come later (gradient accumulation)."""

    rows: slice
    num_windows: int  # of the whole batch
    most_visible: int  # visible shots of the window of the batch with most of them


@dataclass(frozen=True)
class Packing:
    """Which positions of the padded windows (B, T) have a token in the stream. Every window has at least one.

    part         the part of a batch that these windows are; None = the whole batch
    most_tokens  of any window of the whole batch; None = T for a part, else the longest of these windows
    """

    keep: Tensor  # (B, T) bool
    part: Part | None = None
    most_tokens: int | None = None

    @cached_property
    def lengths(self) -> list[int]:
        """Number of tokens of each window."""
        return self.keep.sum(dim=1).tolist()

    @cached_property
    def index(self) -> Tensor:
        """(N,) index of each token in the flattened table, B × T."""
        return self.keep.flatten().nonzero()[:, 0]

    @cached_property
    def place(self) -> Tensor:
        """(N,) index of each token in its padded window."""
        return self.index % self.keep.shape[1]

    @cached_property
    def window(self) -> Tensor:
        """(N,) index of each token's window."""
        return self.index // self.keep.shape[1]

    @cached_property
    def nth(self) -> Tensor:
        """(N,) index of each token in the table that dropout is drawn for, every window left-aligned."""
        first = torch.arange(len(self.keep), device=self.keep.device)[:, None] * self._drawn_length
        return (self.keep.cumsum(dim=1) - 1 + first).flatten()[self.index]

    @property
    def _drawn_length(self) -> int:
        if self.part is None:
            return self.longest
        return self.most_tokens or self.keep.shape[1]

    @cached_property
    def ends(self) -> Tensor:
        """(B + 1,) int32, where windows begin and end in the stream."""
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
        """Insert (B, 2, W) in front of the other tokens of each window (N − 2 B, W) → (N, W)."""
        windows = stream.split([n - front.shape[1] for n in self.lengths])
        return torch.cat([part for pair in zip(front, windows, strict=True) for part in pair])

    def dropout(self, stream: Tensor, share: float, rows: Tensor | None = None) -> Tensor:
        """Apply dropout to (N, W), or to its `rows`.

        On a CPU the draw does not depend on how a batch is packed or split: it is made for all windows of the batch at the
        length of the longest, as for a padded table.
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
    """Self-attention within each window.

    query, key, value  (N, H, F)
    bias               (H, T, T), added to the logits of two positions; None = nothing
    rows               (Q,) the tokens of `query` (Q, H, F), for which the result is computed; None = all
    returns            (N, H, F)
    """
    return _kernel(query, bias)(query, key, value, packing, bias, rows)


def attention_weights(
    query: Tensor, key: Tensor, packing: Packing, bias: Tensor | None = None, rows: Tensor | None = None
) -> Tensor:
    """Compute the weights of the values in `attention`: (H, N, N), or (H, Q, N) of the `rows`.

    Each row sums to one over the tokens of its window and is zero elsewhere.
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
    if query.device.type == "cuda" and bias is None and _fits_one_kernel(query) and varlen_attn() is not None:
        return in_one_kernel
    return padded


def _fits_one_kernel(query: Tensor) -> bool:
    """The requirements of torch's FlashAttention kernel: 16 bits, heads of 8, 16 … 256, Ampere or later."""
    half = query.dtype in (torch.float16, torch.bfloat16)
    return half and query.shape[-1] % 8 == 0 and query.shape[-1] <= 256 and _capability(query.device) >= (8, 0)


@cache
def varlen_attn() -> Callable[..., Tensor] | None:
    """torch's variable-length attention; None before torch 2.10. Importing it takes two seconds, so only a GPU does."""
    try:
        from torch.nn.attention import varlen
    except ImportError:
        return None
    return varlen.varlen_attn  # type: ignore[return-value]


@cache
def _capability(device: torch.device) -> tuple[int, int]:
    return torch.cuda.get_device_capability(device)


def window_by_window(
    query: Tensor, key: Tensor, value: Tensor, packing: Packing, bias: Tensor | None, rows: Tensor | None = None
) -> Tensor:
    """Process consecutive windows of one length together, unless only some `rows` are computed."""
    runs = [(n, len(list(same))) for n, same in groupby(packing.lengths)]
    counts, places = [n * count for n, count in runs], [None] * len(runs)
    if rows is not None:
        runs = [(n, 1) for n in packing.lengths]
        counts = torch.bincount(packing.window[rows], minlength=len(runs)).tolist()
        places = packing.place[rows].split(counts)
    parts = zip(*(t.split([n * count for n, count in runs]) for t in (key, value)), strict=True)
    mixed = []
    for (n, count), q, (k, v), place in zip(runs, query.split(counts), parts, places, strict=True):
        q, k, v = (t.unflatten(0, (count, -1)).transpose(1, 2) for t in (q, k, v))  # (count, H, n, F)
        here = None if bias is None else bias[None, :, :n, :n] if place is None else bias[None, :, place, :n]
        if (
            here is not None and here.requires_grad
        ):  # with four dimensions torch picks the fused kernel, which has no gradient of a bias
            here = here[0]
        mixed.append(F.scaled_dot_product_attention(q, k, v, here).transpose(1, 2).flatten(0, 1))
    return torch.cat(mixed)


def in_one_kernel(
    query: Tensor, key: Tensor, value: Tensor, packing: Packing, bias: Tensor | None, rows: Tensor | None = None
) -> Tensor:
    """Use torch's variable-length kernel: NVIDIA GPUs, 16 bits, no bias."""
    kernel = varlen_attn()
    assert kernel is not None and bias is None
    ends = packing.ends
    if rows is not None:
        counts = torch.bincount(packing.window[rows], minlength=len(packing.keep))
        ends = F.pad(counts.cumsum(dim=0), (1, 0)).to(torch.int32)
    return kernel(query, key, value, ends, packing.ends, packing.longest, packing.longest)


def padded(
    query: Tensor, key: Tensor, value: Tensor, packing: Packing, bias: Tensor | None, rows: Tensor | None = None
) -> Tensor:
    """Pad every window to the longest and mask the padding: slower, but correct on every device."""
    if rows is not None:
        query = torch.zeros_like(key).index_copy(0, rows, query)
    attend = packing.keep[:, None, None, :]
    mask = attend if bias is None else bias.masked_fill(~attend, -1e9)
    q, k, v = (packing.pad(t).transpose(1, 2) for t in (query, key, value))  # (B, H, T, F)
    mixed = packing.pack(F.scaled_dot_product_attention(q, k, v, mask).transpose(1, 2))
    return mixed if rows is None else mixed[rows]
