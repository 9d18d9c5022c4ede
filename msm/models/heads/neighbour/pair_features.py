"""Similarities between the shots of a window, as features that mean the same in every catalog.

The visible shots do not change while a head reads a window, and nothing is learned about them: their similarities are
computed once and without gradients, and only the rows of the hidden shots are computed again.

Shape letters: B windows, S shots of a window, H hidden shots of the window with most of them, Q hidden shots of which some
columns are known, R principal components, P features of a pair, D width of a shot.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

PAIR_FEATURES = 17  # P
ROW_FEATURES = 6
AMOUNTS = 2
VISIBLE_SHARES = (0.7, 0.3)  # bounds between few, many and most shots hidden
CELLS = 2 * (len(VISIBLE_SHARES) + 1)
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


class VisibleShots(NamedTuple):
    """The visible shots of each window and their similarities; zero in every other row."""

    shots: Tensor  # (B, S, D)
    in_components: Tensor  # (B, S, R)
    unit: Tensor  # (B, S, D) of length 1
    unit_whitened: Tensor  # (B, S, R) of length 1, after whitening
    similarity: Tensor  # (B, S, S) cosines

    @classmethod
    def of(cls, shots: Tensor, at: HiddenIndex, components: Tensor, whitening: Tensor) -> VisibleShots:
        """Take the visible ones of shots (B, S, D); components (D, R), whitening (R,)."""
        # In training no gradient of a shot is wanted; the attribution of a prediction to shots wants it.
        with torch.set_grad_enabled(torch.is_grad_enabled() and shots.requires_grad):
            seen = shots.masked_fill(~at.visible.unsqueeze(-1), 0.0)
            in_components = seen @ components
            unit = F.normalize(seen, dim=-1)
            return cls(seen, in_components, unit, F.normalize(in_components * whitening, dim=-1), unit @ unit.mT)


class KnownColumns(NamedTuple):
    """The visible columns of hidden shots, where only some modalities are hidden."""

    partly: Tensor  # (B, H) bool, the Q hidden shots of which some columns are known
    known: Tensor  # (B, H, D) bool
    values: Tensor  # (B, H, D), zero where not known
    similarity: Tensor  # (Q, S, 1) cosine in the known columns to every visible shot; zero for the other shots

    @classmethod
    def of(cls, shots: Tensor, known: Tensor, visible: VisibleShots, at: HiddenIndex) -> KnownColumns:
        """Take them from the rows of the hidden shots; shots (B, H, D), known (B, H, D) bool."""
        known = known & at.real.unsqueeze(-1)
        values, partly = shots.masked_fill(~known, 0.0), known.any(dim=-1)
        length = (known.to(shots) @ visible.shots.square().mT).sqrt() * values.norm(dim=-1, keepdim=True)
        similarity = (values @ visible.shots.mT) / length.clamp(min=1e-6)  # (B, H, S)
        return cls(partly, known, values, similarity[partly].unsqueeze(-1))

    def fill(self, estimate: Tensor) -> Tensor:
        """(B, H, D) → the same with the known columns in their place."""
        return torch.where(self.known, self.values, estimate)


def pair_features(estimate: Tensor, whitened: Tensor, visible: VisibleShots, at: HiddenIndex) -> tuple[Tensor, Tensor]:
    """Compute the features of each pair of a hidden shot and another shot, from their similarities alone.

    estimate  (B, H, D) the current estimate of the hidden shots
    whitened  (B, H, R) the same in the whitened principal components
    returns   (B, H, S, P) of each pair, (B, H, features) of each hidden shot; `features_of` lists them
    """
    rows = _similarity_rows(F.normalize(estimate, dim=-1), visible.unit, at)
    whitened_rows = _similarity_rows(F.normalize(whitened, dim=-1), visible.unit_whitened, at)
    pair, row = features_of(rows, whitened_rows, estimate.norm(dim=-1, keepdim=True), visible.similarity, at)
    return torch.stack(pair, dim=-1), row


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
    near, far = _shifted(similarity, 1, 1, -1, -1), _shifted(similarity, 2, 2, -2, -2)
    around, wider = _shifted(similarity, 1, 0, -1, 0), _shifted(similarity, 2, 0, -2, 0)
    mirrored = _shifted(similarity, 1, -1, -1, 1)
    step = similarity.diagonal(offset=1, dim1=1, dim2=2)
    change = F.pad(-(0.5 + 0.5 * step).clamp(min=0.05).log(), (1, 0)).cumsum(dim=1)
    number = at.visible.sum(dim=1).clamp(min=1)[:, None, None]
    to_title = (similarity * at.visible.unsqueeze(1)).sum(dim=-1, keepdim=True) / number  # (B, S, 1)
    typical = similarity.sum(dim=1, keepdim=True) / at.valid.sum(dim=1).clamp(min=1)[:, None, None]
    settled = around.diagonal(dim1=1, dim2=2).unsqueeze(1)

    tables = [at.gather(similarity), whitened_rows, *(at.gather(t) for t in (near, far, mirrored, around, wider))]
    own = tables[0]
    left, right = _nearest_visible(at)
    to_left, to_right = (_rows_at(similarity, side) for side in (left, right))
    sides = torch.take_along_dim(to_left, right.unsqueeze(-1), dim=-1)  # (B, H, 1)
    distance = at.offset.abs()
    nearest = distance.masked_fill(~at.visible.unsqueeze(1), similarity.shape[1]).amin(dim=-1, keepdim=True)
    on_the_way = (at.gather(change).unsqueeze(-1) - change.unsqueeze(1)).abs()
    own_to_title = at.gather(to_title)
    pair = [
        *tables,
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


def _similarity_rows(estimate: Tensor, visible: Tensor, at: HiddenIndex) -> Tensor:
    """(B, H, D), (B, S, D), all of length 1 → (B, H, S): each estimate's cosines to the visible shots and the estimates."""
    return add_hidden(estimate @ visible.mT, estimate @ estimate.mT, at)


def add_hidden(rows: Tensor, among: Tensor, at: HiddenIndex) -> Tensor:
    """(B, H, S) to the visible shots, zero elsewhere, and (B, H, H) between the hidden ones → (B, H, S) to all."""
    among = among * at.real.unsqueeze(1)
    return rows.scatter_add(2, at.place.unsqueeze(1).expand_as(among), among)


def _shifted(table: Tensor, *shifts: int) -> Tensor:
    """The mean of two shifted copies, (B, S, S): entry (i, j) is that of (i + a, j + b), 0 where that lies outside."""
    total = torch.zeros_like(table)
    size = table.shape[-1]
    for a, b in zip(shifts[::2], shifts[1::2], strict=True):
        if max(abs(a), abs(b)) < size:
            to_i, from_i = _overlap(a, size)
            to_j, from_j = _overlap(b, size)
            total[:, to_i, to_j] += 0.5 * table[:, from_i, from_j]
    return total


def _overlap(shift: int, size: int) -> tuple[slice, slice]:
    return slice(max(0, -shift), min(size, size - shift)), slice(max(0, shift), min(size, size + shift))


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
