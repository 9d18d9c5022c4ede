"""Small networks that predict what linear regression leaves of a hidden modality of a shot from its known ones.

One for each modality. They are fitted before a training, on shots of the training titles with one modality or several hidden, and
then fixed: a training sees too few partly hidden shots to learn them. Some of the titles are held out, and choose the epoch of each, or
none.

Shape letters: E examples, M modalities, C components of a modality.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.baselines.known_modalities import COMPONENTS

UNITS = 64
EPOCHS, BATCH, LR, DECAY = 10, 256, 2e-3, 0.1
DROPOUT_IN, DROPOUT = 0.1, 0.3
FEWEST = 200  # examples, held out and not; with fewer nothing is fitted
CLEAR = (
    3.0  # standard errors; a network with a smaller gain on the held-out titles cost one of three trainings what it had
)


class Told(NamedTuple):
    """What is known of partly hidden shots, in the components of each modality."""

    left: Tensor  # (…, M C) what an estimate leaves of the known modalities; elsewhere anything
    own: Tensor  # (…, M C) of the known modalities, zero elsewhere
    inside: Tensor  # (…, M C) of the estimate
    hidden: Tensor  # (…, M) bool
    has: Tensor  # (…, M) bool, the known modalities that the shot has

    def inputs(self) -> Tensor:
        """(…, 3 M C + M): what the networks read."""
        hidden = self.hidden.repeat_interleave(COMPONENTS, dim=-1)
        tables = self.left.masked_fill(hidden, 0.0), self.own, self.inside.masked_fill(~hidden, 0.0)
        return torch.cat([*tables, self.has.to(self.own)], dim=-1)


class Examples(NamedTuple):
    """Shots of training titles of which one modality is wanted, and what decides the cosine of its prediction."""

    given: Tensor  # (E, 3 M C + M)
    truth_inside: Tensor  # (E, C) of the truth
    base_inside: Tensor  # (E, C) of the prediction without the network
    truth_squared: Tensor  # (E,) squared length of the truth
    base_squared: Tensor  # (E,)
    base_truth: Tensor  # (E,) scalar product of the two
    held_out: Tensor  # (E,) bool

    @classmethod
    def joined(cls, some: Sequence[Examples]) -> Examples:
        """All together."""
        return cls(*(torch.cat(tables) for tables in zip(*some, strict=True)))

    def rows(self, index: Tensor) -> Examples:
        """Some of them."""
        return Examples(*(table[index] for table in self))

    def cosine(self, added: Tensor) -> Tensor:
        """(E,) cosine with the truth of predictions to which components (E, C) are added."""
        product = self.base_truth + (added * self.truth_inside).sum(dim=-1)
        squared = self.base_squared + (added * (2 * self.base_inside + added)).sum(dim=-1)
        return product / (squared.clamp(min=1e-12) * self.truth_squared.clamp(min=1e-12)).sqrt()


class KnownNetwork(nn.Module):
    """The network of one modality; without effect until it is fitted."""

    scale_in: Tensor
    scale_out: Tensor

    def __init__(self, num_modalities: int):
        super().__init__()
        given = 3 * num_modalities * COMPONENTS + num_modalities
        self.first, self.last = nn.Linear(given, UNITS), nn.Linear(UNITS, COMPONENTS)
        self.requires_grad_(False)
        self.register_buffer("scale_in", torch.zeros(given))
        self.register_buffer("scale_out", torch.zeros(COMPONENTS))
        self.clear()

    @torch.no_grad()
    def clear(self) -> None:
        """Make all numbers zero: a network that is not fitted depends on no random state."""
        for tensor in (*self.parameters(), *self.buffers()):
            tensor.zero_()

    def forward(self, given: Tensor, dropout: bool = False) -> Tensor:
        """(…, 3 M C + M), as `Told.inputs` returns it, → (…, C): what is added to the modality."""
        within = F.gelu(self.first(F.dropout(given * self.scale_in, DROPOUT_IN, dropout)))
        return self.last(F.dropout(within, DROPOUT, dropout)) * self.scale_out

    def fit(self, examples: Examples, rng: torch.Generator) -> None:
        """Fit it on the examples; it stays without effect where that predicts none of the held-out titles better."""
        fitted, held_out = (examples.rows(at.nonzero()[:, 0]) for at in (~examples.held_out, examples.held_out))
        if min(len(fitted.held_out), len(held_out.held_out)) < FEWEST:
            return
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(int(torch.randint(2**31, (), generator=rng)))
            self._start(fitted)
            self.requires_grad_(True)
            found = self._train(fitted, held_out)
            self.requires_grad_(False)
        if not found:
            self.clear()

    @torch.no_grad()
    def _start(self, examples: Examples) -> None:
        """Inputs of a deviation of about 1, outputs of that of the truth, and a last layer of zeros."""
        deviation = examples.given.square().mean(dim=0).sqrt()
        self.scale_in.copy_(deviation.reciprocal().masked_fill(deviation < 1e-6, 0.0))
        self.scale_out.copy_(examples.truth_inside.square().mean(dim=0).sqrt())
        self.first.reset_parameters()
        for parameter in self.last.parameters():
            parameter.zero_()

    def _train(self, examples: Examples, held_out: Examples) -> bool:
        """Whether an epoch predicts the held-out titles clearly better than nothing does; the weights of the best are kept."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=LR, weight_decay=DECAY)
        without = held_out.cosine(torch.zeros_like(held_out.base_inside))
        best, kept = torch.zeros_like(without), None
        for _ in range(EPOCHS):
            for index in torch.randperm(len(examples.held_out)).split(BATCH):
                some = examples.rows(index)
                loss = 1 - some.cosine(self(some.given, dropout=True)).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                gain = held_out.cosine(self(held_out.given)) - without
            if gain.mean() > best.mean():
                best, kept = gain, [p.detach().clone() for p in self.parameters()]
        with torch.no_grad():
            for parameter, value in zip(self.parameters(), kept or [], strict=kept is not None):
                parameter.copy_(value)
        return bool(best.mean() > CLEAR * best.std() / len(best) ** 0.5)


def added_by(networks: Iterable[nn.Module], told: Told) -> Tensor:
    """(…, M C): what the networks, one for each modality, add to the hidden ones; zero elsewhere."""
    given = told.inputs()
    return torch.cat([one(given) * told.hidden[..., [place]] for place, one in enumerate(networks)], dim=-1)


def draw_parts(present: Tensor, ratio: float, rng: torch.Generator) -> Tensor:
    """(N, M) bool, what each shot has → (B, N, M) bool, what is hidden of a share `ratio` of the shots: each modality in turn, then any."""
    num_shots, count = present.shape
    chosen = present & (torch.rand(num_shots, 1, generator=rng) < ratio)
    kinds = torch.eye(count, dtype=torch.bool)[:, None].expand(-1, num_shots, -1)
    if count > 2:
        several = torch.rand(1, num_shots, count, generator=rng) < 0.5
        kinds = torch.cat([kinds, several & ~several.all(dim=-1, keepdim=True)])
    return kinds & chosen
