"""A window that a neighbour head is asked about again and again, other shots of it hidden each time.

What it makes of the shots themselves does not depend on what is hidden: their scalar products, their principal
components, their tokens. That is worked out once and kept. And whatever the head expects before its last step is a
mixture of visible shots and of components, so its likeness to every shot follows from those products: until then
nothing is as wide as a shot. The answers are those of `ShotEncoder.restore`, up to rounding, in a third of the time.

Shape letters: B hidings, S shots of the window, H hidden shots of the hiding with most of them, K kernels, R principal
components, D width of a shot, W width inside the encoder.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.models.encoder import ShotEncoder, touched_shots, whole_shots
from msm.models.heads.neighbour import NeighbourHead
from msm.models.heads.pair_features import HiddenRows, between_neighbours, describe, sharpen, with_hidden

PAIRS = 8192  # scored together


class Mixture(NamedTuple):
    """What is expected: visible shots by weight, and what the components' own weights add to that."""

    weights: Tensor  # (B, H, S), zero where a shot is not visible
    added: Tensor  # (B, H, R)


class Compared(NamedTuple):
    """A window's shots, about the training mean, and what follows from them alone."""

    shots: Tensor  # (S, D)
    in_components: Tensor  # (S, R)
    products: Tensor  # (S, S)
    length: Tensor  # (S,)
    unit_whitened: Tensor  # (S, R) of length 1, every component with like weight
    tokens: Tensor  # (S, W) what the encoder is given of each shot while it is visible
    component_tokens: Tensor  # (R, W)

    @classmethod
    def of(cls, model: ShotEncoder, shots: Tensor) -> Compared:
        """(S, D) fused."""
        head = model.neighbour
        assert head is not None
        shots = model.about_mean(shots)
        in_components, products = shots @ head.components, shots @ shots.T
        return cls(
            shots,
            in_components,
            products,
            products.diagonal().clamp(min=0).sqrt(),
            F.normalize(in_components * head.whitening, dim=-1),
            shots @ model.shot_in.weight.T * model.shot_dim**0.5,
            head.components.T @ model.shot_in.weight.T * model.shot_dim**0.5,
        )

    def alike(self, at: HiddenRows) -> Tensor:
        """(B, S, S): the cosines among the visible shots, zero at every other place."""
        length = self.length.clamp(min=1e-12)
        return (self.products / length / length[:, None]) * (at.visible.unsqueeze(1) & at.visible.unsqueeze(2))

    def mix(self, head: NeighbourHead, weights: Tensor, at: HiddenRows) -> Mixture:
        """(B, K, H, S) → what `NeighbourHead._mean` expects."""
        weights = weights * at.visible[:, None, None]
        shared, own = head.shared_and_own()
        means = weights @ self.in_components  # (B, K, H, R)
        return Mixture((weights * shared[:, None, None]).sum(dim=1), (means * own[:, None]).sum(dim=1))

    def resemblance(self, mix: Mixture, head: NeighbourHead, at: HiddenRows) -> tuple[Tensor, Tensor, Tensor]:
        """The cosines and the length of what is expected, as `resemblance.describe` takes them."""
        visible = at.visible.unsqueeze(1)
        products = mix.weights @ self.products + mix.added @ self.in_components.T  # (B, H, S)
        in_components = mix.weights @ self.in_components + mix.added  # (B, H, R)
        among = products @ mix.weights.mT + in_components @ mix.added.mT  # (B, H, H)
        length = among.diagonal(dim1=1, dim2=2).clamp(min=0).sqrt().unsqueeze(-1)  # (B, H, 1)
        some = length.clamp(min=1e-12)
        rows = products / some / self.length.clamp(min=1e-12) * visible
        whitened = F.normalize(in_components * head.whitening, dim=-1)
        whitened_rows = whitened @ self.unit_whitened.T * visible
        return (
            with_hidden(rows, among / some / some.mT, at),
            with_hidden(whitened_rows, whitened @ whitened.mT, at),
            length,
        )


def can_compare(model: ShotEncoder, hidden: Tensor | None = None) -> bool:
    """Whether a window of this model can be compared once: it has a neighbour head that is given every shot's token.

    hidden  (B, S) or (B, S, M) bool; None = whole shots. What is expected of a shot of which only a part is hidden is more
            than a mixture of the visible ones
    """
    whole = hidden is None or torch.equal(whole_shots(hidden), touched_shots(hidden))
    return model.neighbour is not None and model.cfg.tokens == "kept" and whole


def restore(model: ShotEncoder, window: Compared, hidden: Tensor, global_: Tensor | None = None) -> Tensor:
    """(H, D) predictions of the H hidden shots of all hidings, in order.

    hidden   (B, S) bool, or (B, S, M), nothing or everything hidden of each shot
    global_  (B, G) the title's metadata; None = no information
    """
    head, hidden = model.neighbour, touched_shots(hidden)
    assert head is not None
    at = HiddenRows.of(hidden, torch.ones_like(hidden))
    nearness = head.prior_logits(at)
    mix = window.mix(head, nearness.softmax(dim=-1), at)
    encodings = model.encode_tokens(_tokens(model, window, mix, hidden, at), global_)
    trust = head.trust_now()
    prior, among_visible = nearness + trust * head.attention_logits(encodings, at), window.alike(at)
    for pair_scores, row_gates in zip(head.pair_scores, head.row_gates, strict=True):
        pairs, row = describe(*window.resemblance(mix, head, at), among_visible, at)
        mix = window.mix(head, head.weights_of(prior, _scores(pair_scores, pairs), row_gates(row)), at)
    expected = mix.weights @ window.shots + mix.added @ head.components.T
    expected = expected + trust * head.correction(at.rows(encodings))
    if head.sharpening.any():
        shots = window.shots.expand(len(hidden), -1, -1)
        line, title = between_neighbours(shots, at), at.visible.unsqueeze(1).to(shots) @ window.shots
        expected = sharpen(expected, line * at.visible.any(dim=1)[:, None, None], title, head.sharpening)
    return model.predict(expected[at.real])


def _scores(perceptron: nn.Module, pairs: list[Tensor]) -> Tensor:
    """P tables (B, H, S) → (B, K, H, S): what the perceptron makes of each pair.

    A few pairs at a time, side by side: what one layer hands to the next then stays in a core's own cache, and no table of
    P numbers a pair is ever made.
    """
    windows = []
    for window in range(len(pairs[0])):
        side_by_side = torch.stack([table[window].flatten() for table in pairs])  # (P, H S)
        few = [_through(perceptron, some) for some in side_by_side.split(PAIRS, dim=1)]
        windows.append(torch.cat(few, dim=1).unflatten(1, pairs[0].shape[1:]))
    return torch.stack(windows)


def _through(perceptron: nn.Module, x: Tensor) -> Tensor:
    """(in, n) → (out, n)"""
    for layer in perceptron.children():
        x = torch.addmm(layer.bias.unsqueeze(1), layer.weight, x) if isinstance(layer, nn.Linear) else layer(x)
    return x


def _tokens(model: ShotEncoder, window: Compared, mix: Mixture, hidden: Tensor, at: HiddenRows) -> Tensor:
    """(B, S, W): what the encoder is given; of a hidden shot the first guess, and [MASK] on top."""
    guessed = mix.weights @ window.tokens + mix.added @ window.component_tokens
    tokens = at.back(guessed, window.tokens.expand(len(hidden), -1, -1))
    return tokens + model.shot_in.bias + hidden.unsqueeze(-1) * model.mask_vector
