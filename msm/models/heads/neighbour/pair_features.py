"""Similarities between the shots of a window, as features that mean the same in every catalog.

Only the rows of the hidden shots are computed: their similarities to all shots, and those of the shots around them.

Shape letters: B windows, S shots of a window, H hidden shots of the window with most of them, P features of a pair.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

PAIR_FEATURES = 17  # P
ROW_FEATURES = 6
AMOUNTS = 2
VISIBLE_SHARES = (0.7, 0.3)  # bounds between few, many and most shots hidden
CELLS = 2 * (len(VISIBLE_SHARES) + 1)
PAIRS = 8192  # that go through a perceptron together
MAX_DISTANCE = 20  # shots; a nearest visible shot farther away counts as this far


class HiddenIndex(NamedTuple):
    """The indices of the hidden shots of each window, padded to the window with most of them."""

    place: Tensor  # (B, H) index of the shot in its window
    real: Tensor  # (B, H) bool, False = padding
    visible: Tensor  # (B, S) bool
    valid: Tensor  # (B, S) bool

    @classmethod
    def of(cls, hidden: Tensor, valid: Tensor) -> HiddenIndex:
        """Index hidden shots, (B, S) bool and (B, S) bool."""
        most = max(1, int(hidden.sum(dim=1).max()))
        place = (~hidden).long().argsort(dim=1, stable=True)[:, :most]
        return cls(place, torch.take_along_dim(hidden, place, dim=1), valid & ~hidden, valid)

    def gather(self, table: Tensor) -> Tensor:
        """(B, S, …) → (B, H, …), the rows of the hidden shots."""
        return table[torch.arange(len(table), device=table.device)[:, None], self.place]

    def scatter(self, values: Tensor, into: Tensor) -> Tensor:
        """Write (B, H, …) into the hidden shots' rows of a copy of (B, S, …)."""
        window = torch.arange(len(into), device=into.device)[:, None].expand_as(self.place)
        out = into.clone()
        out[window[self.real], self.place[self.real]] = values[self.real]
        return out

    @property
    def offset(self) -> Tensor:
        """(B, H, S): how many shots each shot comes after the hidden one."""
        return torch.arange(self.visible.shape[1], device=self.place.device) - self.place.unsqueeze(-1)


def features_of(
    rows: Tensor, whitened_rows: Tensor, length: Tensor, among_visible: Tensor, at: HiddenIndex
) -> tuple[list[Tensor], Tensor]:
    """Compute the same features from given cosines.

    rows, whitened_rows  (B, H, S) of each hidden shot's estimate to all shots, the other estimates included
    length               (B, H, 1) of each estimate
    among_visible        (B, S, S) between visible shots, zero elsewhere
    returns              P tables (B, H, S) of the pairs, (B, H, features) of each hidden shot

    Of a hidden shot i and another shot j: the similarity of the two, also whitened; of their surroundings at one and two
    shots, also mirrored; of j to the shots around i; how much changes on the way from i to j; their distance; the
    similarity of i to the whole title, of j to the whole title and to its own surroundings; of j to the visible shots on
    both sides of i, and of those two to each other.
    """
    similarity = _complete(rows, among_visible, at)
    own, near, far, mirrored, around, wider = _rows_around(similarity, at)
    step = similarity.diagonal(offset=1, dim1=1, dim2=2)
    change = F.pad(-(0.5 + 0.5 * step).clamp(min=0.05).log(), (1, 0)).cumsum(dim=1)
    number = at.visible.sum(dim=1).clamp(min=1)[:, None, None]
    own_to_title = (own * at.visible.unsqueeze(1)).sum(dim=-1, keepdim=True) / number  # (B, H, 1)
    typical = similarity.sum(dim=1, keepdim=True) / at.valid.sum(dim=1).clamp(min=1)[:, None, None]
    settled = 0.5 * (F.pad(step, (1, 0)) + F.pad(step, (0, 1))).unsqueeze(1)  # to the shots before and after it

    left, right = _nearest_visible(at)
    to_left, to_right = (_rows_at(similarity, side) for side in (left, right))
    sides = torch.take_along_dim(to_left, right.unsqueeze(-1), dim=-1)  # (B, H, 1)
    distance = at.offset.abs()
    nearest = distance.masked_fill(~at.visible.unsqueeze(1), similarity.shape[1]).amin(dim=-1, keepdim=True)
    on_the_way = (at.gather(change).unsqueeze(-1) - change.unsqueeze(1)).abs()
    pair = [
        own,
        whitened_rows,
        near,
        far,
        mirrored,
        around,
        wider,
        on_the_way / 4,
        (1.0 + distance).log() / 3,
        (distance <= 1).to(own),
        (distance == 2).to(own),
        own_to_title.expand_as(own),
        typical.expand_as(own),
        settled.expand_as(own),
        torch.maximum(to_left, to_right),
        torch.minimum(to_left, to_right),
        sides.expand_as(own),
    ]
    best = own.masked_fill(~at.visible.unsqueeze(1), -1.0).amax(dim=-1, keepdim=True)
    log_nearest = nearest.clamp(1, MAX_DISTANCE).log()
    row = torch.cat([own_to_title, sides, log_nearest, best, 3 * length, to_left.amax(dim=-1, keepdim=True)], dim=-1)
    return pair, row


def pair_scores(perceptron: nn.Module, pairs: list[Tensor]) -> Tensor:
    """P tables (B, H, S) → (B, K, H, S): the output of a perceptron for each pair.

    A few pairs at a time, as columns: what one layer hands to the next then stays in a core's own cache, and no table of P
    numbers a pair is made.
    """
    windows = []
    for window in range(len(pairs[0])):
        columns = torch.stack([table[window].flatten() for table in pairs])  # (P, H S)
        few = [_through(perceptron, some) for some in columns.split(PAIRS, dim=1)]
        windows.append(torch.cat(few, dim=1).unflatten(1, pairs[0].shape[1:]))
    return torch.stack(windows)


def _through(perceptron: nn.Module, x: Tensor) -> Tensor:
    """(in, n) → (out, n)"""
    for layer in perceptron.children():
        x = torch.addmm(layer.bias.unsqueeze(1), layer.weight, x) if isinstance(layer, nn.Linear) else layer(x)
    return x


def amounts(at: HiddenIndex) -> Tensor:
    """(B, H, AMOUNTS): how many shots of the window are visible, and which share of them, the same for each hidden shot."""
    count = at.visible.sum(dim=1).float()
    share = count / at.valid.sum(dim=1).clamp(min=1)
    both = torch.stack([(1 + count).log() / 5, share], dim=-1)
    return both.unsqueeze(1).expand(-1, at.place.shape[1], -1)


def hidden_cell(at: HiddenIndex) -> Tensor:
    """(B, H) int below CELLS: whether a visible shot is next to a hidden one, and which share of the window is visible."""
    distance = at.offset.abs().masked_fill(~at.visible.unsqueeze(1), at.visible.shape[1])
    share = at.visible.sum(dim=1) / at.valid.sum(dim=1).clamp(min=1)
    hidden = sum((share < bound).long() for bound in VISIBLE_SHARES)
    return 2 * torch.as_tensor(hidden).unsqueeze(1) + (distance.amin(dim=-1) > 1)


def cells_of(hidden: np.ndarray) -> np.ndarray:
    """(N,) bool, the hidden shots of a title → (H,) int, their cells."""
    there = torch.from_numpy(hidden)[None]
    return hidden_cell(HiddenIndex.of(there, torch.ones_like(there)))[0].numpy()


def _complete(rows: Tensor, among_visible: Tensor, at: HiddenIndex) -> Tensor:
    """(B, H, S), (B, S, S) → (B, S, S): the cosines between all shots, an estimate in each hidden shot's place."""
    rows = rows * at.real.unsqueeze(-1)
    columns = (rows * at.visible.unsqueeze(1)).mT
    across, down = at.place.unsqueeze(1).expand_as(columns), at.place.unsqueeze(2).expand_as(rows)
    return among_visible.scatter_add(1, down, rows).scatter_add(2, across, columns)


def add_hidden(rows: Tensor, among: Tensor, at: HiddenIndex) -> Tensor:
    """(B, H, S) to the visible shots, zero elsewhere, and (B, H, H) between the hidden ones → (B, H, S) to all."""
    among = among * at.real.unsqueeze(1)
    return rows.scatter_add(2, at.place.unsqueeze(1).expand_as(among), among)


def _rows_around(table: Tensor, at: HiddenIndex) -> tuple[Tensor, ...]:
    """The rows of the hidden shots in a table of all pairs (B, S, S), and means of two shifted copies of it there, (B, H, S) each.

    An entry (i, j) of a shifted copy is that of (i + a, j + b), 0 where that lies outside. In order: the rows themselves; both by
    one shot, and by two; one against the other; i alone by one shot, and by two.
    """
    size = table.shape[-1]
    padded = F.pad(table, (2, 2, 2, 2))
    before2, before, here, after, after2 = (
        _rows_at(padded, at.place + 2 + a) for a in (-2, -1, 0, 1, 2)
    )  # (B, H, S + 4)

    def mean(one: Tensor, a: int, other: Tensor, b: int) -> Tensor:
        return 0.5 * (one[..., 2 + a : 2 + a + size] + other[..., 2 + b : 2 + b + size])

    return (
        here[..., 2:-2],
        mean(before, -1, after, 1),
        mean(before2, -2, after2, 2),
        mean(before, 1, after, -1),
        mean(before, 0, after, 0),
        mean(before2, 0, after2, 0),
    )


def _nearest_visible(at: HiddenIndex) -> tuple[Tensor, Tensor]:
    """(B, H) indices of the nearest visible shot before and after each hidden one; where one is missing, the other."""
    size = at.visible.shape[1]
    places = torch.arange(size, device=at.place.device).expand(at.visible.shape)
    before = torch.where(at.visible, places, -1).cummax(dim=1).values.gather(1, at.place)
    after = torch.where(at.visible, places, size).flip(1).cummin(dim=1).values.flip(1).gather(1, at.place)
    left = torch.where(before >= 0, before, after.clamp(max=size - 1))
    return left, torch.where(after < size, after, before.clamp(min=0))


def _rows_at(table: Tensor, places: Tensor) -> Tensor:
    """(B, S, S), (B, H) → (B, H, S)"""
    return table[torch.arange(len(table), device=table.device)[:, None], places]
