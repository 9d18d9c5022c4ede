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

Of a shot of which only some modalities are hidden, the others are told (`mask.parts`): they take the place of what would be
expected there, and which visible shots count is then learned by networks of their own, since what they are told is a far
better sign than an expectation.

What is nearest in cosine lies in the middle of all that is possible, and there other shots of the title lie too. So what
a trained head says is sharpened (`msm.models.heads.pair_features.sharpen`): by a fixed share of the line between the two visible
neighbours, or as the validation titles choose (`msm.training.sharpening`).

Everything is about the mean of the training shots (`model.centred`).

Shape letters: B windows, S shots of a window, H hidden shots of the window with most of them, K kernels, R principal
components, P features of a pair, D width of a shot, W width inside the encoder.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.models.heads.pair_features import (
    PAIR_FEATURES,
    ROW_FEATURES,
    HiddenRows,
    Known,
    Parts,
    between_neighbours,
    describe_pairs,
    sharpen,
)

BANDWIDTHS = (0.7, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0, 64.0)  # shots; where the kernels begin
MAX_COMPONENTS = 256  # R: those beyond share one weight a kernel
ROUNDS = 2  # the second looks with what the first expected in the hidden shots' places
HIDDEN_UNITS = 32
KEY_WIDTH = 16
TRUSTS = (0.0, 0.5, 1.0)  # candidates for how much of the encoder's say counts
LEADING = 64  # components in which a contextual embedding says what is expected
TURNS = 3  # cosines a kernel, of past, future and shot
TURN_SCALE = 0.1
RIDGE = 0.02  # of the least-squares start, as a share of the features' mean square


class NeighbourHead(nn.Module):
    """Predicts hidden shots, about the training mean, from the visible ones; see the module's docstring."""

    components: Tensor
    whitening: Tensor
    trust: Tensor
    sharpening: Tensor

    def __init__(self, shot_dim: int, width: int, sharpness: float, many_modalities: bool = False):
        super().__init__()
        kernels, kept = len(BANDWIDTHS), min(MAX_COMPONENTS, shot_dim)
        self.log_bandwidths = nn.Parameter(torch.tensor(BANDWIDTHS).log())
        self.component_weights = nn.Parameter(torch.full((kernels, kept + 1), 1 / kernels))  # the last: all the others
        self.pair_scores = nn.ModuleList(_perceptron(PAIR_FEATURES, HIDDEN_UNITS, kernels) for _ in range(ROUNDS))
        self.row_gates = nn.ModuleList(_perceptron(ROW_FEATURES, HIDDEN_UNITS // 2, kernels) for _ in range(ROUNDS))
        rounds = ROUNDS if many_modalities else 0
        self.part_scores = nn.ModuleList(_perceptron(PAIR_FEATURES + 1, HIDDEN_UNITS, kernels) for _ in range(rounds))
        self.part_gates = nn.ModuleList(_perceptron(ROW_FEATURES, HIDDEN_UNITS // 2, kernels) for _ in range(rounds))
        self.query = nn.Linear(width, kernels * KEY_WIDTH, bias=False)
        self.key = nn.Linear(width, kernels * KEY_WIDTH, bias=False)
        self.correction = nn.Linear(width, shot_dim)
        self.weigh = nn.Softmax(dim=-1)  # a module, so that msm.interpret.attention can listen to it
        # Facts of the training data and of the validation titles; saved with the weights.
        self.register_buffer("components", torch.eye(shot_dim, kept))  # (D, R)
        self.register_buffer("whitening", torch.ones(kept))
        self.register_buffer("trust", torch.ones(()))
        self.register_buffer("sharpening", torch.tensor([sharpness, 0.0]))  # as `sharpen` takes it

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *more: Any) -> None:
        """Weights from before sharpening could be chosen have the share of their recipe; from before parts, none for them."""
        for name, value in self.state_dict().items():
            if name == "sharpening" or name.startswith("part_"):
                state_dict.setdefault(f"{prefix}{name}", value.detach().clone())
        super()._load_from_state_dict(state_dict, prefix, *more)

    def reset(self) -> None:
        """Begin as the distance-weighted means alone: whatever adds to them starts at zero. Draws nothing."""
        with torch.no_grad():
            self.log_bandwidths.copy_(torch.tensor(BANDWIDTHS).log())
            self.component_weights.fill_(1 / len(BANDWIDTHS))
            networks = (*self.pair_scores, *self.row_gates, *self.part_scores, *self.part_gates)
            for last in (*(m[-1] for m in networks), self.correction):
                last.weight.zero_()
                last.bias.zero_()
            self.query.weight.zero_()

    def first_guess(self, shots: Tensor, hidden: Tensor, valid: Tensor, told: Tensor | None = None) -> Tensor:
        """(B, S, D) → the same with the distance-weighted means at the hidden places.

        shots   (B, S, D) about the training mean; what stands at the hidden places is never read, but for what is told
        hidden, valid  (B, S) bool
        told    (B, S, D) bool, columns of hidden shots that are known all the same; None = none
        """
        hidden = hidden & valid
        at = HiddenRows.of(hidden, valid)
        seen = shots.masked_fill(~at.visible.unsqueeze(-1), 0.0)
        weights = self.prior_logits(at).softmax(dim=-1)
        guess = at.back(self._mean(weights, seen, seen @ self.components), seen)
        return guess if told is None else torch.where(told & hidden.unsqueeze(-1), shots, guess)

    def forward(
        self,
        shots: Tensor,
        encodings: Tensor,
        hidden: Tensor,
        valid: Tensor,
        told: Tensor | None = None,
        *,
        sharpened: bool = True,
    ) -> Tensor:
        """(B, S, D): what is expected at the hidden places, about the training mean; elsewhere what is there.

        shots      (B, S, D) as `first_guess` returned them
        encodings  (B, S, W) what the encoder makes of those
        told       (B, S, D) bool as `first_guess` was given it; said again as it is
        sharpened  say whole shots so that the true one ranks high; in training never
        """
        hidden = hidden & valid
        at = HiddenRows.of(hidden, valid)
        known = Known.of(shots, at, self.components, self.whitening)
        trust = self.trust_now()
        prior = self.prior_logits(at) + trust * self.attention_logits(encodings, at)
        expected = at.rows(shots)
        parts = None if told is None else Parts.of(expected, at.rows(told), known, at)
        for number in range(ROUNDS):
            pairs, row = describe_pairs(expected, expected @ self.components * self.whitening, known, at)
            scores, gates = self.pair_scores[number](pairs), self.row_gates[number](row)
            if parts is not None:
                partly = parts.partly
                scores[partly] = self.part_scores[number](torch.cat([pairs[partly], parts.alike], dim=-1))
                gates[partly] = self.part_gates[number](row[partly])
            weights = self.weights_of(prior, scores.permute(0, 3, 1, 2), gates)
            expected = self._mean(weights, known.shots, known.in_components)
            expected = expected if parts is None else parts.put(expected)
        expected = expected + trust * self.correction(at.rows(encodings))
        if sharpened and not self.training and self.sharpening.any():
            line, title = between_neighbours(known.shots, at), known.shots.sum(dim=1, keepdim=True)
            said = sharpen(expected, line, title, self.sharpening)
            expected = said if parts is None else torch.where(parts.partly.unsqueeze(-1), expected, said)
        return at.back(expected if parts is None else parts.put(expected), shots)

    def weights_of(self, prior: Tensor, scores: Tensor, gates: Tensor) -> Tensor:
        """(B, K, H, S) logits, (B, K, H, S) and (B, H, K) of the perceptrons → (B, K, H, S): what each visible shot counts."""
        weights = self.weigh(prior + scores)
        return weights * gates.tanh().mul(2).exp().permute(0, 2, 1).unsqueeze(-1)

    @property
    def contextual_width(self) -> int:
        """C, of `contextual`."""
        return len(self.components) + self._leading.shape[1] + TURNS * len(BANDWIDTHS)

    @property
    def _leading(self) -> Tensor:
        """(D, L): the directions in which shots differ most, in which alone an expectation says something of its own."""
        return self.components[:, :LEADING]

    def contextual(self, shots: Tensor, expected: Tensor) -> Tensor:
        """(S, D), (S, D) of a whole window, about the training mean → (S, C): each shot in its title.

        Side by side: the shot, of unit length; what the others make one expect in its place, in the leading components
        and of unit length; how much turns here, as `turns` says, kept small so that it does not rule a search.
        """
        leading = F.normalize(expected @ self._leading, dim=-1)
        return torch.cat([F.normalize(shots, dim=-1), leading, TURN_SCALE * self.turns(shots)], dim=-1)

    def turns(self, shots: Tensor) -> Tensor:
        """(S, D) → (S, 3 K): what the past leads one to expect against what the future does, at each bandwidth.

        Nearness alone, so each shot costs one row of weights and not a window of its own. Cosines of past and future,
        of past and shot, of future and shot, in the principal components; 0 where there is no past or no future.
        """
        place = torch.arange(len(shots), device=shots.device)
        offset = place[:, None] - place  # (S, S), positive where the column's shot came before
        nearness = -offset.abs() / self.log_bandwidths.exp()[:, None, None]  # (K, S, S)
        here = shots @ self.components  # (S, R)
        sides = []
        for there in (offset > 0, offset < 0):
            weights = nearness.masked_fill(~there, -1e9).softmax(dim=-1) * there.any(dim=-1, keepdim=True)
            sides.append(weights @ here)  # (K, S, R)
        past, future = sides
        pairs = ((past, future), (past, here), (future, here))
        return torch.cat([F.cosine_similarity(a, b, dim=-1).mT for a, b in pairs], dim=-1)

    def prior_logits(self, at: HiddenRows) -> Tensor:
        """(B, K, H, S) logits: nearness, at each kernel's bandwidth; −∞ in effect for what is not visible."""
        distance = at.offset.abs().unsqueeze(1)
        nearness = -distance / self.log_bandwidths.exp()[:, None, None]
        return nearness.masked_fill(~at.visible[:, None, None, :], -1e9)

    def attention_logits(self, encodings: Tensor, at: HiddenRows) -> Tensor:
        """(B, K, H, S) logits of the encoder's own."""
        query = self.query(at.rows(encodings)).unflatten(-1, (-1, KEY_WIDTH)).transpose(1, 2)
        key = self.key(encodings).unflatten(-1, (-1, KEY_WIDTH)).transpose(1, 2)
        return query @ key.transpose(-1, -2) / KEY_WIDTH**0.5

    def shared_and_own(self) -> tuple[Tensor, Tensor]:
        """(K,) each kernel's weight for every direction, (K, R) what each component's own weight adds to it."""
        shared = self.component_weights[:, -1]
        return shared, self.component_weights[:, :-1] - shared[:, None]

    def _mean(self, weights: Tensor, shots: Tensor, in_components: Tensor) -> Tensor:
        """Weighted means of the visible shots, each component of each kernel with its weight.

        weights (B, K, H, S), shots (B, S, D), the same in components (B, S, R) → (B, H, D)
        """
        shared, own = self.shared_and_own()
        together = (weights * shared[:, None, None]).sum(dim=1) @ shots
        means = (weights.flatten(1, 2) @ in_components).unflatten(1, weights.shape[1:3])  # (B, K, H, R)
        # Not einsum, which makes a matrix product of each component: a tenth of the time of a fill-in.
        return together + (means * own[:, None, :]).sum(dim=1) @ self.components.T

    def trust_now(self) -> Tensor:
        """(), 0 to 1: how far the encoder is believed; in training half of the batches go without it."""
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
            means = self.prior_logits(at).softmax(dim=-1)[0] @ rotated.masked_fill(hidden[:, None], 0.0)  # (K, H, D)
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


def _perceptron(given: int, units: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(given, units), nn.GELU(), nn.Linear(units, units), nn.GELU(), nn.Linear(units, out))
