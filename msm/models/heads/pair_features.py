"""How the shots of a window resemble each other, as numbers that mean the same in every catalog.

What is visible does not change while a head looks at a window, and nothing is learned of it: its share of the
tables is worked out once and without gradients, and only the hidden shots' rows are worked out anew.

Shape letters: B windows, S shots of a window, H hidden shots of the window with most of them, R principal
components, P features of a pair, D width of a shot.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

PAIR_FEATURES = 17
ROW_FEATURES = 6


class HiddenRows(NamedTuple):
    """The hidden shots of each window, padded to the window with most of them."""

    place: Tensor  # (B, H) which shot
    real: Tensor  # (B, H) bool
    visible: Tensor  # (B, S) bool
    valid: Tensor  # (B, S) bool

    @classmethod
    def of(cls, hidden: Tensor, valid: Tensor) -> HiddenRows:
        most = max(1, int(hidden.sum(dim=1).max()))
        place = (~hidden).long().argsort(dim=1, stable=True)[:, :most]
        return cls(place, torch.take_along_dim(hidden, place, dim=1), valid & ~hidden, valid)

    def rows(self, table: Tensor) -> Tensor:
        """(B, S, …) → (B, H, …)"""
        return table[torch.arange(len(table), device=table.device)[:, None], self.place]

    def back(self, values: Tensor, into: Tensor) -> Tensor:
        """Put (B, H, …) values at the hidden shots' places of (B, S, …); the others stay."""
        window = torch.arange(len(into), device=into.device)[:, None].expand_as(self.place)
        out = into.clone()
        out[window[self.real], self.place[self.real]] = values[self.real]
        return out

    @property
    def offset(self) -> Tensor:
        """(B, H, S): how far, in shots, each shot lies behind the hidden one."""
        return torch.arange(self.visible.shape[1], device=self.place.device) - self.place.unsqueeze(-1)


class Known(NamedTuple):
    """The visible shots of each window; zero at every other place."""

    shots: Tensor  # (B, S, D)
    in_components: Tensor  # (B, S, R)
    unit: Tensor  # (B, S, D) of length 1
    unit_whitened: Tensor  # (B, S, R) of length 1, every component with like weight
    alike: Tensor  # (B, S, S) cosines

    @classmethod
    def of(cls, shots: Tensor, at: HiddenRows, components: Tensor, whitening: Tensor) -> Known:
        """components (D, R), whitening (R,)"""
        # In a training nobody asks for the gradient of a shot; whoever asks which shots mattered does.
        with torch.set_grad_enabled(torch.is_grad_enabled() and shots.requires_grad):
            seen = shots.masked_fill(~at.visible.unsqueeze(-1), 0.0)
            in_components = seen @ components
            unit = F.normalize(seen, dim=-1)
            return cls(seen, in_components, unit, F.normalize(in_components * whitening, dim=-1), unit @ unit.mT)


class Parts(NamedTuple):
    """What is told of the hidden shots of which something stays visible."""

    partly: Tensor  # (B, H) bool, the hidden shots of which something is told; Q of them
    told: Tensor  # (B, H, D) bool
    truth: Tensor  # (B, H, D), zero where it is not told
    alike: Tensor  # (Q, S, 1) cosines in the columns that are told, with every visible shot; zero for the others

    @classmethod
    def of(cls, shots: Tensor, told: Tensor, known: Known, at: HiddenRows) -> Parts:
        """shots (B, H, D) at the hidden places, told (B, H, D) bool"""
        told = told & at.real.unsqueeze(-1)
        truth, partly = shots.masked_fill(~told, 0.0), told.any(dim=-1)
        length = (told.to(shots) @ known.shots.square().mT).sqrt() * truth.norm(dim=-1, keepdim=True)
        alike = (truth @ known.shots.mT) / length.clamp(min=1e-6)  # (B, H, S)
        return cls(partly, told, truth, alike[partly].unsqueeze(-1))

    def put(self, expected: Tensor) -> Tensor:
        """(B, H, D) → the same with what is told in its place."""
        return torch.where(self.told, self.truth, expected)


def describe_pairs(expected: Tensor, whitened: Tensor, known: Known, at: HiddenRows) -> tuple[Tensor, Tensor]:
    """What the resemblances among shots say of a hidden shot i and another shot j, whatever the shots are made of.

    expected  (B, H, D) what is expected so far at the hidden places
    whitened  (B, H, R) the same, with every component of like weight
    returns   (B, H, S, P) of each pair, (B, H, features) of each hidden shot, as `describe` says them
    """
    rows = _rows_alike(F.normalize(expected, dim=-1), known.unit, at)
    whitened_rows = _rows_alike(F.normalize(whitened, dim=-1), known.unit_whitened, at)
    pair, row = describe(rows, whitened_rows, expected.norm(dim=-1, keepdim=True), known.alike, at)
    return torch.stack(pair, dim=-1), row


def describe(
    rows: Tensor, whitened_rows: Tensor, length: Tensor, among_visible: Tensor, at: HiddenRows
) -> tuple[list[Tensor], Tensor]:
    """The same from the cosines alone: each hidden shot's to all shots, whitened too, and those among the visible ones.

    rows, whitened_rows  (B, H, S) of what is expected at the hidden places, to what is expected at the others too
    length               (B, H, 1) of what is expected
    among_visible        (B, S, S), zero at every other place
    returns              P tables (B, H, S) of the pairs, (B, H, features) of each hidden shot

    The likeness of the two, whitened too; of their surroundings, one and two shots off, and mirrored; of j to the
    shots around i; how much changes on the way from i to j; how far they are apart; of i to the whole title, of j to
    the whole title and to its own surroundings; of j to the visible shots on both sides of i, and of those two.
    """
    alike = _alike(rows, among_visible, at)
    near, far = _shifted(alike, 1, 1, -1, -1), _shifted(alike, 2, 2, -2, -2)
    around, wider = _shifted(alike, 1, 0, -1, 0), _shifted(alike, 2, 0, -2, 0)
    mirrored = _shifted(alike, 1, -1, -1, 1)
    step = alike.diagonal(offset=1, dim1=1, dim2=2)
    change = F.pad(-(0.5 + 0.5 * step).clamp(min=0.05).log(), (1, 0)).cumsum(dim=1)
    number = at.visible.sum(dim=1).clamp(min=1)[:, None, None]
    to_title = (alike * at.visible.unsqueeze(1)).sum(dim=-1, keepdim=True) / number  # (B, S, 1)
    typical = alike.sum(dim=1, keepdim=True) / at.valid.sum(dim=1).clamp(min=1)[:, None, None]
    settled = around.diagonal(dim1=1, dim2=2).unsqueeze(1)

    tables = [at.rows(alike), whitened_rows, *(at.rows(t) for t in (near, far, mirrored, around, wider))]
    mine = tables[0]
    left, right = _sides(at)
    to_left, to_right = (_row_of(alike, side) for side in (left, right))
    sides = torch.take_along_dim(to_left, right.unsqueeze(-1), dim=-1)  # (B, H, 1)
    distance = at.offset.abs()
    nearest = distance.masked_fill(~at.visible.unsqueeze(1), alike.shape[1]).amin(dim=-1, keepdim=True).clamp(1, 20)
    on_the_way = (at.rows(change).unsqueeze(-1) - change.unsqueeze(1)).abs()
    own = at.rows(to_title)
    pair = [
        *tables,
        on_the_way / 4,
        (1.0 + distance).log() / 3,
        (distance <= 1).to(mine),
        (distance == 2).to(mine),
        own.expand_as(mine),
        typical.expand_as(mine),
        settled.expand_as(mine),
        torch.maximum(to_left, to_right),
        torch.minimum(to_left, to_right),
        sides.expand_as(mine),
    ]
    best = mine.masked_fill(~at.visible.unsqueeze(1), -1.0).amax(dim=-1, keepdim=True)
    row = torch.cat([own, sides, nearest.log(), best, 3 * length, to_left.amax(dim=-1, keepdim=True)], dim=-1)
    return pair, row


def _alike(rows: Tensor, among_visible: Tensor, at: HiddenRows) -> Tensor:
    """(B, H, S), (B, S, S) → (B, S, S): the cosines among the visible shots and what is expected at the hidden places."""
    rows = rows * at.real.unsqueeze(-1)
    columns = (rows * at.visible.unsqueeze(1)).mT
    across, down = at.place.unsqueeze(1).expand_as(columns), at.place.unsqueeze(2).expand_as(rows)
    return among_visible.scatter_add(1, down, rows).scatter_add(2, across, columns)


def _rows_alike(expected: Tensor, known: Tensor, at: HiddenRows) -> Tensor:
    """(B, H, D), (B, S, D), all of length 1 → (B, H, S): each hidden shot's cosines, to the other hidden ones too."""
    return with_hidden(expected @ known.mT, expected @ expected.mT, at)


def with_hidden(rows: Tensor, among: Tensor, at: HiddenRows) -> Tensor:
    """(B, H, S) to the visible shots, zero elsewhere, and (B, H, H) among the hidden ones → (B, H, S) to all."""
    among = among * at.real.unsqueeze(1)
    return rows.scatter_add(2, at.place.unsqueeze(1).expand_as(among), among)


def between_neighbours(shots: Tensor, at: HiddenRows) -> Tensor:
    """(B, S, D) → (B, H, D): on the line between the visible shots on both sides, as the baseline `linear`."""
    left, right = _sides(at)
    share = ((at.place - left) / (right - left).clamp(min=1)).clamp(0, 1).unsqueeze(-1)
    window = torch.arange(len(shots), device=shots.device)[:, None]
    return (1 - share) * shots[window, left] + share * shots[window, right]


def sharpen(expected: Tensor, line: Tensor, title: Tensor, shares: Tensor) -> Tensor:
    """What is said of what is expected: moved towards the line between the neighbours and off what the title has in common.

    expected, line  (…, H, D); title (…, D) or broadcast, the mean of its visible shots; all about the training mean
    shares          (2,) of the line, and of what in the expectation is not the title's mean; 0, 0 changes its length alone
    """
    expected, line, title = (F.normalize(x, dim=-1) for x in (expected, line, title))
    own = expected - (expected * title).sum(dim=-1, keepdim=True) * title
    return expected + shares[0] * line + shares[1] * own


def _shifted(table: Tensor, *moves: int) -> Tensor:
    """The mean of two tables, each moved: entry (i, j) is that of (i + a, j + b); 0 where that is outside. (B, S, S)."""
    total = torch.zeros_like(table)
    size = table.shape[-1]
    for a, b in zip(moves[::2], moves[1::2], strict=True):
        if max(abs(a), abs(b)) < size:
            to_i, from_i = _overlap(a, size)
            to_j, from_j = _overlap(b, size)
            total[:, to_i, to_j] += 0.5 * table[:, from_i, from_j]
    return total


def _overlap(move: int, size: int) -> tuple[slice, slice]:
    return slice(max(0, -move), min(size, size - move)), slice(max(0, move), min(size, size + move))


def _sides(at: HiddenRows) -> tuple[Tensor, Tensor]:
    """(B, H) the visible shots next to each hidden one, before and after; where one is missing, the other."""
    size = at.visible.shape[1]
    places = torch.arange(size, device=at.place.device).expand(at.visible.shape)
    before = torch.where(at.visible, places, -1).cummax(dim=1).values.gather(1, at.place)
    after = torch.where(at.visible, places, size).flip(1).cummin(dim=1).values.flip(1).gather(1, at.place)
    left = torch.where(before >= 0, before, after.clamp(max=size - 1))
    return left, torch.where(after < size, after, before.clamp(min=0))


def _row_of(table: Tensor, places: Tensor) -> Tensor:
    """(B, S, S), (B, H) → (B, H, S)"""
    return table[torch.arange(len(table), device=table.device)[:, None], places]
