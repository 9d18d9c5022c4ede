"""A head that starts from the visible shots: their mean, weighted by nearness and by likeness, and a learned correction.

Our own (decision 0005). The distance-weighted mean is the best prediction without a model; on thousands of shots a
plain encoder never reaches it. This head begins there and learns three things on top:

1. how much each principal component of the shots says at which distance: what changes slowly (a film's light) may be
   read from afar, what changes fast only next door;
2. which visible shots count, from how shots resemble each other: is the visible shot like what is expected here, do
   their surroundings match (shot and reverse shot), does a cut to another scene lie between? These numbers mean the
   same in every catalog, so few shots suffice to learn what to make of them;
3. what the encoder adds, as a correction and to the weights. `trust` of it is chosen on the validation titles, and in
   training it is left out of half the batches, so that the rest stands by itself.

What is nearest in cosine lies in the middle of all that is possible, and there other shots of the title lie too. So a
trained head adds `sharpness` times the line between the two visible neighbours: a little less cosine, and the true shot
ranks higher.

Everything is about the mean of the training shots (`model.centred`).

Shape letters: B windows, S shots of a window, H hidden shots of the window with most of them, K kernels, R principal
components, P features of a pair, D width of a shot, W width inside the encoder.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

BANDWIDTHS = (0.7, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0, 64.0)  # shots; where the kernels begin
MAX_COMPONENTS = 256  # R: those beyond share one weight a kernel
ROUNDS = 2  # the second looks with what the first expected in the hidden shots' places
HIDDEN_UNITS = 32
PAIR_FEATURES = 17
ROW_FEATURES = 6
KEY_WIDTH = 16
TRUSTS = (0.0, 0.5, 1.0)  # candidates for how much of the encoder's say counts
RIDGE = 0.02  # of the least-squares start, as a share of the features' mean square


class HiddenRows(NamedTuple):
    """The hidden shots of each window, padded to the window with most of them."""

    place: Tensor  # (B, H) which shot
    real: Tensor  # (B, H) bool
    visible: Tensor  # (B, S) bool
    valid: Tensor  # (B, S) bool

    @classmethod
    def of(cls, hidden: Tensor, valid: Tensor) -> HiddenRows:
        """From (B, S) hidden and (B, S) valid."""
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


class NeighbourHead(nn.Module):
    """Predicts hidden shots, about the training mean, from the visible ones; see the module's docstring."""

    components: Tensor
    whitening: Tensor
    trust: Tensor

    def __init__(self, shot_dim: int, width: int, sharpness: float):
        super().__init__()
        self.sharpness = sharpness
        kernels, kept = len(BANDWIDTHS), min(MAX_COMPONENTS, shot_dim)
        self.log_bandwidths = nn.Parameter(torch.tensor(BANDWIDTHS).log())
        self.component_weights = nn.Parameter(torch.full((kernels, kept + 1), 1 / kernels))  # the last: all the others
        self.pair_scores = nn.ModuleList(_perceptron(PAIR_FEATURES, HIDDEN_UNITS, kernels) for _ in range(ROUNDS))
        self.row_gates = nn.ModuleList(_perceptron(ROW_FEATURES, HIDDEN_UNITS // 2, kernels) for _ in range(ROUNDS))
        self.query = nn.Linear(width, kernels * KEY_WIDTH, bias=False)
        self.key = nn.Linear(width, kernels * KEY_WIDTH, bias=False)
        self.correction = nn.Linear(width, shot_dim)
        # Facts of the training data and of the validation titles; saved with the weights.
        self.register_buffer("components", torch.eye(shot_dim, kept))  # (D, R)
        self.register_buffer("whitening", torch.ones(kept))
        self.register_buffer("trust", torch.ones(()))

    def reset(self) -> None:
        """Begin as the distance-weighted means alone: whatever adds to them starts at zero. Draws nothing."""
        with torch.no_grad():
            self.log_bandwidths.copy_(torch.tensor(BANDWIDTHS).log())
            self.component_weights.fill_(1 / len(BANDWIDTHS))
            for last in (*(m[-1] for m in (*self.pair_scores, *self.row_gates)), self.correction):
                last.weight.zero_()
                last.bias.zero_()
            self.query.weight.zero_()

    def first_guess(self, shots: Tensor, hidden: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """(B, S, D) → the same with the distance-weighted means at the hidden places, and the visible in components.

        shots   (B, S, D) about the training mean; what stands at the hidden places is never read
        hidden, valid  (B, S) bool
        returns (B, S, D), (B, S, R)
        """
        hidden = hidden & valid
        at = HiddenRows.of(hidden, valid)
        shots = shots.masked_fill(~at.visible.unsqueeze(-1), 0.0)
        weights = self._prior(at).softmax(dim=-1)
        in_components = shots @ self.components
        return at.back(self._mean(weights, shots, in_components), shots), in_components

    def forward(self, shots: Tensor, in_components: Tensor, encodings: Tensor, hidden: Tensor, valid: Tensor) -> Tensor:
        """(B, S, D): what is expected at the hidden places, about the training mean; elsewhere what is there.

        shots, in_components  as `first_guess` returned them
        encodings  (B, S, W) what the encoder makes of those
        """
        hidden = hidden & valid
        at = HiddenRows.of(hidden, valid)
        seen = shots.masked_fill(~at.visible.unsqueeze(-1), 0.0)
        trust = self._trust()
        prior = self._prior(at) + trust * self._attention(encodings, at)
        full, expected, alike = shots, at.rows(shots), None
        for pair_scores, row_gates in zip(self.pair_scores, self.row_gates, strict=True):
            # What is expected so far stands in the hidden places; the visible ones are projected once.
            whitened = at.back(expected @ self.components, in_components) * self.whitening
            alike = cosines(full) if alike is None else cosines_again(alike, expected, full, at)
            pairs, row = describe_pairs(full, alike, whitened, at)
            weights = (prior + pair_scores(pairs).permute(0, 3, 1, 2)).softmax(dim=-1)  # (B, K, H, S)
            gates = row_gates(row).tanh().mul(2).exp().permute(0, 2, 1).unsqueeze(-1)  # (B, K, H, 1)
            expected = self._mean(weights * gates, seen, in_components)
            full = at.back(expected, full)
        expected = expected + trust * self.correction(at.rows(encodings))
        if self.sharpness and not self.training:
            line = F.normalize(between_neighbours(seen, at), dim=-1)
            expected = F.normalize(expected, dim=-1) + self.sharpness * line
        return at.back(expected, full)

    def _prior(self, at: HiddenRows) -> Tensor:
        """(B, K, H, S) logits: nearness, at each kernel's bandwidth; −∞ in effect for what is not visible."""
        distance = at.offset.abs().unsqueeze(1)
        nearness = -distance / self.log_bandwidths.exp()[:, None, None]
        return nearness.masked_fill(~at.visible[:, None, None, :], -1e9)

    def _attention(self, encodings: Tensor, at: HiddenRows) -> Tensor:
        """(B, K, H, S) logits of the encoder's own."""
        query = self.query(at.rows(encodings)).unflatten(-1, (-1, KEY_WIDTH)).transpose(1, 2)
        key = self.key(encodings).unflatten(-1, (-1, KEY_WIDTH)).transpose(1, 2)
        return query @ key.transpose(-1, -2) / KEY_WIDTH**0.5

    def _mean(self, weights: Tensor, shots: Tensor, in_components: Tensor) -> Tensor:
        """Weighted means of the visible shots, each component of each kernel with its weight.

        weights (B, K, H, S), shots (B, S, D), the same in components (B, S, R) → (B, H, D)
        """
        shared = self.component_weights[:, -1]
        own = self.component_weights[:, :-1] - shared[:, None]  # (K, R)
        together = (weights * shared[:, None, None]).sum(dim=1) @ shots
        means = weights @ in_components.unsqueeze(1)  # (B, K, H, R)
        # Not einsum, which makes a matrix product of each component: a tenth of the time of a fill-in.
        return together + (means * own[:, None, :]).sum(dim=1) @ self.components.T

    def _trust(self) -> Tensor:
        if not self.training:
            return self.trust
        # Drawn on the CPU, so that every device leaves it out of the same batches.
        return (torch.rand(()) < 0.5).to(self.trust)

    @torch.no_grad()
    def fit(self, titles: Iterable[np.ndarray], ratio: float, rng: torch.Generator) -> None:
        """Start from closed forms: principal components, and each one's kernel weights by least squares.

        titles  shots about the training mean, (N, D) each
        """
        films = [torch.from_numpy(t).float() for t in titles]
        together = torch.cat(films)
        variance, basis = torch.linalg.eigh(together.T @ together / len(together))
        kept = self.components.shape[1]
        self.components.copy_(basis.flip(1)[:, :kept])
        variance = variance.flip(0).clamp(min=0)
        self.whitening.copy_((variance[:kept] + 0.3 * variance.mean() + 1e-12).rsqrt())
        kernels = len(BANDWIDTHS)
        gram = torch.zeros(len(variance), kernels, kernels)
        moment = torch.zeros(len(variance), kernels)
        for shots in films:
            hidden = torch.rand(len(shots), generator=rng) < ratio
            if not hidden.any() or hidden.all():
                continue
            at = HiddenRows.of(hidden[None], torch.ones_like(hidden)[None])
            rotated = shots @ basis.flip(1)
            means = self._prior(at).softmax(dim=-1)[0] @ rotated.masked_fill(hidden[:, None], 0.0)  # (K, H, D)
            truth = F.normalize(rotated[at.place[0]], dim=-1)
            gram += torch.einsum("khd,jhd->dkj", means, means)
            moment += torch.einsum("khd,hd->dk", means, truth)
        # The components beyond R share one weight a kernel.
        gram = torch.cat([gram[:kept], gram[kept:].sum(dim=0, keepdim=True)])
        moment = torch.cat([moment[:kept], moment[kept:].sum(dim=0, keepdim=True)])
        ridge = RIDGE * gram.diagonal(dim1=1, dim2=2).mean(dim=1) + 1e-9
        weights = torch.linalg.solve(gram + ridge[:, None, None] * torch.eye(kernels), moment.unsqueeze(-1))
        weights = weights.squeeze(-1).T
        scale = weights.sum(dim=0).mean()
        self.component_weights.copy_(weights / scale if scale > 1e-3 else self.component_weights)


def describe_pairs(shots: Tensor, alike: Tensor, whitened: Tensor, at: HiddenRows) -> tuple[Tensor, Tensor]:
    """What the resemblances among shots say of a hidden shot i and another shot j, whatever the shots are made of.

    shots     (B, S, D) the visible ones, and what is expected so far at the hidden places
    alike     (B, S, S) their cosines
    whitened  (B, S, R) the same, with every component of like weight
    returns   (B, H, S, P) of each pair, (B, H, features) of each hidden shot

    The likeness of the two, whitened too; of their surroundings, one and two shots off, and mirrored; of j to the
    shots around i; how much changes on the way from i to j; how far they are apart; of i to the whole title, of j to
    the whole title and to its own surroundings; of j to the visible shots on both sides of i, and of those two.
    """
    near, far = _shifted(alike, 1, 1, -1, -1), _shifted(alike, 2, 2, -2, -2)
    around, wider = _shifted(alike, 1, 0, -1, 0), _shifted(alike, 2, 0, -2, 0)
    mirrored = _shifted(alike, 1, -1, -1, 1)
    step = alike.diagonal(1, dim1=1, dim2=2)  # (B, S − 1): each shot and the next
    change = F.pad(-(0.5 + 0.5 * step).clamp(min=0.05).log(), (1, 0)).cumsum(dim=1)
    number = at.visible.sum(dim=1).clamp(min=1)[:, None, None]
    to_title = (alike * at.visible.unsqueeze(1)).sum(dim=-1, keepdim=True) / number  # (B, S, 1)
    typical = alike.sum(dim=1, keepdim=True) / at.valid.sum(dim=1).clamp(min=1)[:, None, None]
    settled = around.diagonal(dim1=1, dim2=2).unsqueeze(1)

    rows = [at.rows(t) for t in (alike, cosines(whitened), near, far, mirrored, around, wider)]
    mine = rows[0]
    left, right = _sides(at)
    to_left, to_right = (_row_of(alike, side) for side in (left, right))
    sides = torch.take_along_dim(to_left, right.unsqueeze(-1), dim=-1)  # (B, H, 1)
    distance = at.offset.abs()
    nearest = distance.masked_fill(~at.visible.unsqueeze(1), len(shots[0])).amin(dim=-1, keepdim=True).clamp(1, 20)
    on_the_way = (at.rows(change).unsqueeze(-1) - change.unsqueeze(1)).abs()
    own = at.rows(to_title)
    pair = [
        *rows,
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
    length = at.rows(shots).norm(dim=-1, keepdim=True)
    row = torch.cat([own, sides, nearest.log(), best, 3 * length, to_left.amax(dim=-1, keepdim=True)], dim=-1)
    return torch.stack(pair, dim=-1), row


def between_neighbours(shots: Tensor, at: HiddenRows) -> Tensor:
    """(B, S, D) → (B, H, D): on the line between the visible shots on both sides, as the baseline `linear`."""
    left, right = _sides(at)
    share = ((at.place - left) / (right - left).clamp(min=1)).clamp(0, 1).unsqueeze(-1)
    window = torch.arange(len(shots), device=shots.device)[:, None]
    return (1 - share) * shots[window, left] + share * shots[window, right]


def _perceptron(given: int, units: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(given, units), nn.GELU(), nn.Linear(units, units), nn.GELU(), nn.Linear(units, out))


def cosines(x: Tensor) -> Tensor:
    x = F.normalize(x, dim=-1)
    return x @ x.transpose(-1, -2)


def cosines_again(alike: Tensor, expected: Tensor, shots: Tensor, at: HiddenRows) -> Tensor:
    """The cosines among shots of which only the hidden ones changed, to `expected` (B, H, D)."""
    rows = F.normalize(expected, dim=-1) @ F.normalize(shots, dim=-1).transpose(-1, -2)  # (B, H, S)
    return at.back(rows, at.back(rows, alike).transpose(-1, -2))


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
