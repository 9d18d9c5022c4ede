"""A window cache: faster predictions for a window that is asked about repeatedly, with other shots hidden each time.

What the model computes of the shots themselves does not depend on which of them are hidden: their scalar products, their
principal components, their tokens. It is computed once and kept. Every estimate before the last step is a mixture of visible
shots and of components, so its similarity to every shot follows from those products, and nothing as wide as a shot is
computed until then. The predictions are those of `ShotEncoder.restore`, up to rounding, in a third of the time.

Shape letters: B sets of hidden shots, S shots of the window, H hidden shots of the largest set, K kernels, R principal
components, D width of a shot, W width inside the encoder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.models.encoder import ShotEncoder, touched_shots
from msm.models.heads.neighbour.pair_features import HiddenIndex, add_hidden, amounts, features_of, hidden_cell

if TYPE_CHECKING:
    from msm.models.heads.neighbour.head import NeighbourHead

PAIRS = 8192  # that go through a perceptron together


class Mixture(NamedTuple):
    """An estimate as a mixture: weights of the visible shots, and what is added in the principal components."""

    weights: Tensor  # (B, H, S), zero where a shot is not visible
    added: Tensor  # (B, H, R)


class CachedShots(NamedTuple):
    """The shots of a window about the training mean, and what follows from them alone."""

    shots: Tensor  # (S, D)
    in_components: Tensor  # (S, R)
    products: Tensor  # (S, S)
    length: Tensor  # (S,)
    unit_whitened: Tensor  # (S, R) of length 1, after whitening
    tokens: Tensor  # (S, W) the encoder's input for each shot while it is visible
    component_tokens: Tensor  # (R, W)
    gram: Tensor | None  # (R, R) scalar products of the components; None where they are orthonormal

    @classmethod
    def of(cls, head: NeighbourHead, encoder: ShotEncoder, shots: Tensor) -> CachedShots:
        """Compute them of (S, D) fused shots."""
        shots = encoder.about_mean(shots)
        in_components, products = shots @ head.components, shots @ shots.T
        return cls(
            shots,
            in_components,
            products,
            products.diagonal().clamp(min=0).sqrt(),
            F.normalize(in_components * head.whitening, dim=-1),
            shots @ encoder.shot_in.weight.T * encoder.shot_dim**0.5,
            head.components.T @ encoder.shot_in.weight.T * encoder.shot_dim**0.5,
            None if head.kriging is None else head.components.T @ head.components,
        )

    def similarity(self, at: HiddenIndex) -> Tensor:
        """(B, S, S): the cosines between visible shots, zero elsewhere."""
        length = self.length.clamp(min=1e-12)
        return (self.products / length / length[:, None]) * (at.visible.unsqueeze(1) & at.visible.unsqueeze(2))

    def mix(self, head: NeighbourHead, weights: Tensor, at: HiddenIndex) -> Mixture:
        """(B, K, H, S) → the estimate of `NeighbourHead.weighted_mean`."""
        weights = weights * at.visible[:, None, None]
        shared, own = head.shared_and_own()
        means = weights @ self.in_components  # (B, K, H, R)
        return Mixture((weights * shared[:, None, None]).sum(dim=1), (means * own[:, None]).sum(dim=1))

    def components_of(self, mix: Mixture) -> Tensor:
        """(B, H, R): the estimates in the principal components."""
        return mix.weights @ self.in_components + (mix.added if self.gram is None else mix.added @ self.gram)

    def start(self, head: NeighbourHead, nearness: Tensor, at: HiddenIndex) -> Mixture:
        """What `NeighbourHead.estimate` puts in the hidden shots' places."""
        if head.kriging is None:
            return self.mix(head, nearness.softmax(dim=-1), at)
        return Mixture(*head.posterior(self.in_components * at.visible.unsqueeze(-1), at))

    def depart(self, head: NeighbourHead, start: Mixture, mix: Mixture, gates: Tensor) -> Mixture:
        """From kriging to what was learned, as far as the gates say."""
        if head.kriging is None:
            return mix
        shared, own = head.departures(gates)
        change = Mixture(mix.weights - start.weights, mix.added - start.added)
        added = start.added + shared * change.added + own * self.components_of(change)
        return Mixture(start.weights + shared * change.weights, added)

    def similarity_rows(self, mix: Mixture, head: NeighbourHead, at: HiddenIndex) -> tuple[Tensor, Tensor, Tensor]:
        """The cosines and the lengths of the estimates, as `pair_features.features_of` takes them."""
        visible = at.visible.unsqueeze(1)
        products = mix.weights @ self.products + mix.added @ self.in_components.T  # (B, H, S)
        in_components = self.components_of(mix)
        among = products @ mix.weights.mT + in_components @ mix.added.mT  # (B, H, H)
        length = among.diagonal(dim1=1, dim2=2).clamp(min=0).sqrt().unsqueeze(-1)  # (B, H, 1)
        some = length.clamp(min=1e-12)
        rows = products / some / self.length.clamp(min=1e-12) * visible
        whitened = F.normalize(in_components * head.whitening, dim=-1)
        whitened_rows = whitened @ self.unit_whitened.T * visible
        return (
            add_hidden(rows, among / some / some.mT, at),
            add_hidden(whitened_rows, whitened @ whitened.mT, at),
            length,
        )


class NeighbourWindowCache:
    """A window of a model with a neighbour head, ready to restore whole hidden shots.

    shots  (S, D) fused
    """

    def __init__(self, head: NeighbourHead, encoder: ShotEncoder, shots: Tensor):
        self.head, self.encoder = head, encoder
        self.cached = CachedShots.of(head, encoder, shots)

    def restore(self, hidden: Tensor, global_: Tensor | None = None) -> Tensor:
        """(H, D) predictions of the H hidden shots of all sets, in order.

        hidden   (B, S) bool, or (B, S, M), nothing or everything hidden of each shot
        global_  (B, G) the title's metadata; None = no information
        """
        head, cached, hidden = self.head, self.cached, touched_shots(hidden)
        at = HiddenIndex.of(hidden, torch.ones_like(hidden))
        nearness = head.prior_logits(at)
        start = mix = cached.start(head, nearness, at)
        encodings = self.encoder.encode_tokens(self._tokens(mix, hidden, at), global_)
        trust = head.current_trust()
        prior, among_visible = nearness, cached.similarity(at)
        if head.kriging is None:
            prior = prior + trust * head.attention_logits(encodings, at)
        for pair_scores, row_gates in zip(head.pair_scores, head.row_gates, strict=True):
            pairs, row = features_of(*cached.similarity_rows(mix, head, at), among_visible, at)
            gates = row_gates(row if head.kriging is None else torch.cat([row, amounts(at)], dim=-1))
            mix = cached.mix(head, head.weights_of(prior, _scores(pair_scores, pairs), gates), at)
            mix = cached.depart(head, start, mix, gates)
        share: float | Tensor = 1.0
        if head.kriging is not None:
            share = head.share[hidden_cell(at)].unsqueeze(-1)
            mix = Mixture(*(a + share * (b - a) for a, b in zip(start, mix, strict=True)))
        expected = mix.weights @ cached.shots + mix.added @ head.components.T
        expected = expected + share * trust * head.correction(at.gather(encodings))
        return self.encoder.predict(expected[at.real])

    def _tokens(self, mix: Mixture, hidden: Tensor, at: HiddenIndex) -> Tensor:
        """(B, S, W): the encoder's input; of a hidden shot its first estimate, plus [MASK]."""
        cached, encoder = self.cached, self.encoder
        estimated = mix.weights @ cached.tokens + mix.added @ cached.component_tokens
        tokens = at.scatter(estimated, cached.tokens.expand(len(hidden), -1, -1))
        return tokens + encoder.shot_in.bias + hidden.unsqueeze(-1) * encoder.mask_vector


def _scores(perceptron: nn.Module, pairs: list[Tensor]) -> Tensor:
    """P tables (B, H, S) → (B, K, H, S): the output of a perceptron for each pair.

    A few pairs at a time, as columns: what one layer hands to the next then stays in a core's own cache, and no table of
    P numbers a pair is made.
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
