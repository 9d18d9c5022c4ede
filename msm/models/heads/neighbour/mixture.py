"""Estimates of hidden shots as mixtures of the visible ones, and everything that a head reads of them.

An estimate is a weighted sum of visible shots and of principal components. Its scalar products with every shot and with the other
estimates follow from those of the shots and the components, so nothing as wide as a shot is computed between the first step and
the last. What follows from the shots alone is computed once, whichever of them are hidden (`Windows`).

Where only some columns of a shot are hidden, the known ones replace those of its estimate, which is then no mixture: these few
rows are computed in full (`KnownColumns`).

Shape letters: B windows, S shots of a window, H hidden shots of the window with most of them, Q those of which some columns are
known, K kernels, R principal components, M modalities, C components of a modality, D width of a shot, W width inside the encoder.
Tables of `Windows` may lack the first dimension: one window then stands for all B sets of hidden shots.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msm.baselines.known_modalities import COMPONENTS
from msm.models.head import PartlyHidden
from msm.models.heads.neighbour.known_modalities import KnownModalities
from msm.models.heads.neighbour.known_network import Examples, Told, added_by
from msm.models.heads.neighbour.pair_features import HiddenIndex, add_hidden

SHORTEST = 1e-12  # a length below this counts as this


class Windows(NamedTuple):
    """Shots about the training mean, and what follows from them alone."""

    shots: Tensor  # (B, S, D)
    components: Tensor  # (D, R)
    gram: Tensor  # (R, R) scalar products of the components
    whitening: Tensor  # (R,)
    in_components: Tensor  # (B, S, R)
    products: Tensor  # (B, S, S)
    length: Tensor  # (B, S)
    unit_whitened: Tensor  # (B, S, R) of length 1, after whitening
    times: Tensor | None  # (B, S, 2) seconds at which each shot starts and ends; None = not known

    @classmethod
    def of(
        cls, shots: Tensor, components: Tensor, gram: Tensor, whitening: Tensor, times: Tensor | None = None
    ) -> Windows:
        """Compute them of shots (B, S, D) or (S, D)."""
        # In training no gradient of a shot is wanted; the attribution of a prediction to shots wants it.
        with torch.set_grad_enabled(torch.is_grad_enabled() and shots.requires_grad):
            in_components, products = shots @ components, shots @ shots.mT
            length = _length(products.diagonal(dim1=-2, dim2=-1))
            whitened = F.normalize(in_components * whitening, dim=-1)
            return cls(shots, components, gram, whitening, in_components, products, length, whitened, times)

    def similarity(self, at: HiddenIndex) -> Tensor:
        """(B, S, S): the cosines between visible shots, zero elsewhere."""
        cosines = self.products / self.length.unsqueeze(-1) / self.length.unsqueeze(-2)
        return cosines * (at.visible.unsqueeze(1) & at.visible.unsqueeze(2))

    def project(self, weight: Tensor) -> Projection:
        """Project the shots and the components by a matrix (W, D)."""
        return Projection(self.shots @ weight.T, self.components.T @ weight.T)


class Projection(NamedTuple):
    """Shots and components, projected to the encoder's width."""

    shots: Tensor  # (B, S, W)
    components: Tensor  # (R, W)


class Mixture(NamedTuple):
    """Estimates of hidden shots: weights of the visible shots, and what is added in the principal components."""

    weights: Tensor  # (B, H, S), zero where a shot is not visible
    added: Tensor  # (B, H, R)

    def shots(self, windows: Windows) -> Tensor:
        """(B, H, D)"""
        return self.weights @ windows.shots + self.added @ windows.components.T

    def in_components(self, windows: Windows) -> Tensor:
        """(B, H, R)"""
        return self.weights @ windows.in_components + self.added @ windows.gram

    def towards(self, other: Mixture, share: Tensor) -> Mixture:
        """This mixture with a share (B, H, 1) of the difference to another."""
        return Mixture(*(a + share * (b - a) for a, b in zip(self, other, strict=True)))


class KnownColumns(NamedTuple):
    """The visible columns of hidden shots of which only some modalities are hidden, and what they say of the hidden ones."""

    partly: Tensor  # (B, H) bool, these hidden shots
    rows: Tensor  # (B, Q, H) 1 where the q-th of them is this hidden shot, zero for padding
    known: Tensor  # (B, Q, D) bool
    values: Tensor  # (B, Q, D), zero where not known
    similarity: (
        Tensor  # (all of them, S, 1) cosine in the known columns to every visible shot; zero for the other shots
    )
    useless: Tensor  # (B, H, S) bool, visible shots that lack what is hidden of such a shot; none where all lack it
    shots: Tensor  # (B, S, D) what estimates of these shots are made of: all shots, what one lacks at the mean
    in_components: Tensor  # (B, S, R)
    weights: Tensor | None  # (B, Q, S) of the visible shots, to start from; None = the baseline was not fitted
    kriging: Tensor | None  # (B, Q, 1) its share in the start
    regression: Regression | None

    @classmethod
    def of(
        cls,
        windows: Windows,
        at: HiddenIndex,
        parts: PartlyHidden,
        modality_dims: Sequence[int],
        baseline: KnownModalities | None,
    ) -> KnownColumns | None:
        """Take them from the shots. None where all hidden shots are hidden whole."""
        partly = at.gather(parts.hidden.any(dim=-1) & ~parts.hidden.all(dim=-1)) & at.real
        most = int(partly.sum(dim=1).max())
        if not most:
            return None
        index = (~partly).long().argsort(dim=1, stable=True)[:, :most]  # (B, Q)
        real = torch.take_along_dim(partly, index, dim=1)
        place, window = at.place.gather(1, index), torch.arange(len(partly), device=partly.device)[:, None]
        rows = F.one_hot(index, partly.shape[1]).to(windows.shots) * real.unsqueeze(-1)
        hidden = parts.hidden[window, place] & real.unsqueeze(-1)  # (B, Q, M)
        dims = torch.tensor(modality_dims, device=partly.device)
        visible = ~hidden & real.unsqueeze(-1)
        known = visible.repeat_interleave(dims, dim=-1, output_size=windows.shots.shape[-1])
        shots = windows.shots.expand(len(partly), -1, -1)
        fitted = baseline is not None and baseline.fitted
        lacks = (hidden.unsqueeze(2) & ~parts.present.unsqueeze(1)) & at.visible[:, None, :, None]  # (B, Q, S, M)
        lacks &= fitted & (~lacks & at.visible[:, None, :, None]).any(dim=2, keepdim=True)
        values = shots[window, place].masked_fill(~known, 0.0)
        weights = kriging = regression = None
        about, own, inside = shots, values, windows.in_components
        # Of the shots as they are given: where one window stands for many sets of hidden shots, once for all of them.
        each = windows.shots.split(list(modality_dims), -1)
        squared = torch.stack([part.square().sum(-1) for part in each], -1).expand(*at.visible.shape, -1)  # (B, S, M)
        if fitted and not (parts.present | parts.hidden)[at.valid].all():
            about = shots * parts.present.repeat_interleave(dims, dim=-1, output_size=shots.shape[-1])
            own, inside = about[window, place].masked_fill(~known, 0.0), about @ windows.components
            squared = squared * parts.present
        counted = visible.to(squared)
        length = ((counted @ squared.mT) * (counted * squared[window, place]).sum(dim=-1, keepdim=True)).sqrt()
        similarity = (own @ about.mT) / length.clamp(min=1e-6) * at.visible.unsqueeze(1)  # (B, Q, S)
        if baseline is not None and fitted:
            usable = at.visible[:, None, :, None] & ~lacks
            distance = torch.take_along_dim(at.offset.abs(), index.unsqueeze(-1), dim=1)
            found, share = baseline.weights(similarity[real], distance[real], hidden[real], usable[real])
            where = real.nonzero(as_tuple=True)
            weights = similarity.new_zeros(similarity.shape).index_put(where, found) * at.visible.unsqueeze(1)
            kriging = share.new_zeros(*real.shape, 1).index_put(where, share)
            has = parts.present[window, place] & ~hidden & real.unsqueeze(-1)
            given = windows.shots if about is shots else about
            regression = Regression.of(own, given, windows.components, hidden, has, baseline)
        useless = rows.mT @ lacks.any(dim=-1).to(rows) > 0
        similar = similarity[real].unsqueeze(-1)
        return cls(partly, rows, known, values, similar, useless, about, inside, weights, kriging, regression)

    @property
    def fitted(self) -> bool:
        """Whether estimates of these shots start from the baseline."""
        return self.regression is not None

    def fill(self, mix: Mixture, windows: Windows) -> Tensor:
        """(B, Q, D): their estimates, with the known columns in place."""
        some = Mixture(*(self.rows @ table for table in mix))
        estimates = some.weights @ self.shots + some.added @ windows.components.T
        if self.regression is not None:
            estimates = estimates + self.regression(some)
        return torch.where(self.known, self.values, estimates)

    def examples(self, mix: Mixture, windows: Windows, at: HiddenIndex, modality_dims: Sequence[int]) -> list[Examples]:
        """For each modality, the shots of which it is hidden, as examples for its network; [] without a regression."""
        if self.regression is None:
            return []
        given = self.regression.told(Mixture(*(self.rows @ table for table in mix))).inputs()
        base, truth = self.fill(mix, windows), self.rows @ at.gather(windows.shots.expand(len(self.rows), -1, -1))
        found = []
        blocks = (table.split(list(modality_dims), dim=-1) for table in (base, truth, self.regression.basis.T))
        for place, (guess, right, basis) in enumerate(zip(*blocks, strict=True)):
            rows, columns = self.regression.hidden[..., place], slice(place * COMPONENTS, (place + 1) * COMPONENTS)
            guess, right = guess[rows], right[rows]
            found.append(
                Examples(
                    given[rows],
                    right @ basis[columns].T,
                    guess @ basis[columns].T,
                    right.square().sum(dim=-1),
                    guess.square().sum(dim=-1),
                    (guess * right).sum(dim=-1),
                    torch.zeros(len(right), dtype=torch.bool),
                )
            )
        return found

    def start(self, mix: Mixture, by_kriging: Mixture) -> Mixture:
        """The mixture with these shots' estimates as the known modalities have them.

        by_kriging  of the same places, from shots that are at the mean in what they lack
        """
        if self.weights is None or self.kriging is None:
            return mix
        weights, added = (self.kriging * (self.rows @ table) for table in by_kriging)
        return Mixture(self.put(self.weights + weights, mix.weights), self.put(added, mix.added))

    def of_hidden_columns(self, table: Tensor) -> Tensor:
        """(B, H, D) → the same, zero in the known columns."""
        return table.masked_fill(self.rows.mT @ self.known.to(table) > 0, 0.0)

    def put(self, values: Tensor, table: Tensor) -> Tensor:
        """(B, Q, …), (B, H, …) → the table with these rows in place of theirs."""
        return torch.where(self.partly.unsqueeze(-1), self.rows.mT @ values, table)

    def put_products(self, filled: Tensor, among: Tensor) -> Tensor:
        """Scalar products (B, H, H) of every estimate with the mixtures → the same with the filled ones (B, Q, D)."""
        both = self.partly.unsqueeze(1) & self.partly.unsqueeze(2)
        among = torch.where(self.partly.unsqueeze(1), among.mT, among)
        return torch.where(both, self.rows.mT @ (filled @ filled.mT) @ self.rows, among)


class Regression(NamedTuple):
    """What a mixture leaves of the known modalities predicts the hidden ones, between the components of `KnownModalities`."""

    own: Tensor  # (B, Q, M C) of the known columns, zero elsewhere
    of_shots: Tensor  # (B, S, M C), or (S, M C) where one window stands for all
    of_components: Tensor  # (R, M C)
    slopes: tuple[tuple[Tensor, Tensor], ...]  # for each set of hidden modalities (B, Q) bool and (M C, M C)
    basis: Tensor  # (D, M C)
    hidden: Tensor  # (B, Q, M) bool
    has: Tensor  # (B, Q, M) bool, the known modalities that the shot has
    networks: nn.ModuleList

    @classmethod
    def of(
        cls,
        own: Tensor,
        about: Tensor,
        components: Tensor,
        hidden: Tensor,
        has: Tensor,
        baseline: KnownModalities,
    ) -> Regression:
        """Of known columns (B, Q, D), shots (B, S, D) or (S, D), principal components (D, R), hidden and known modalities (B, Q, M) bool."""
        basis = baseline.basis()
        kinds = [kind for kind in hidden.flatten(0, 1).unique(dim=0) if kind.any()]
        slopes = tuple(((hidden == kind).all(dim=-1), baseline.slopes(kind)) for kind in kinds)
        tables = own @ basis, about @ basis, components.T @ basis
        return cls(*tables, slopes, basis, hidden, has, baseline.networks)

    def told(self, mix: Mixture) -> Told:
        """What is known of the shots, beside estimates (B, Q, …) of them."""
        inside = mix.weights @ self.of_shots + mix.added @ self.of_components
        return Told(self.own - inside, self.own, inside, self.hidden, self.has)

    def __call__(self, mix: Mixture) -> Tensor:
        """Estimates (B, Q, …) → (B, Q, D), what the known modalities add to them; zero in the known columns."""
        told = self.told(mix)
        found = torch.stack([rows.unsqueeze(-1) * (told.left @ slopes) for rows, slopes in self.slopes])
        return (found.sum(dim=0) + added_by(self.networks, told)) @ self.basis.T


class Measured(NamedTuple):
    """What the network reads of estimates, as `pair_features.features_of` takes it."""

    rows: Tensor  # (B, H, S) cosines to all shots, the other estimates included
    whitened_rows: Tensor  # (B, H, S) the same after whitening
    length: Tensor  # (B, H, 1)
    in_components: Tensor  # (B, H, R)

    @classmethod
    def of(cls, mix: Mixture, windows: Windows, known: KnownColumns | None, at: HiddenIndex) -> Measured:
        """Compute it of a mixture, with known columns in their place."""
        products = mix.weights @ windows.products + mix.added @ windows.in_components.mT  # (B, H, S)
        inside = mix.in_components(windows)
        if known is not None:
            filled = known.fill(mix, windows)
            products = known.put(filled @ windows.shots.mT, products)
            inside = known.put(filled @ windows.components, inside)
        among = products @ mix.weights.mT + inside @ mix.added.mT  # (B, H, H)
        among = among if known is None else known.put_products(filled, among)
        length = _length(among.diagonal(dim1=1, dim2=2)).unsqueeze(-1)
        visible = at.visible.unsqueeze(1)
        rows = products / length / windows.length.unsqueeze(-2) * visible
        whitened = F.normalize(inside * windows.whitening, dim=-1)
        return cls(
            add_hidden(rows, among / length / length.mT, at),
            add_hidden(whitened @ windows.unit_whitened.mT * visible, whitened @ whitened.mT, at),
            length,
            inside,
        )


class Filled(NamedTuple):
    """Windows with a first estimate of their hidden shots."""

    windows: Windows
    at: HiddenIndex
    mix: Mixture
    known: KnownColumns | None

    def tokens(self, weight: Tensor) -> Tensor:
        """Project every shot, hidden ones as they are estimated, by a matrix (W, D) → (B, S, W)."""
        return self.tokens_of(self.windows.project(weight), weight)

    def tokens_of(self, projected: Projection, weight: Tensor) -> Tensor:
        """The same from `Windows.project`, which does not depend on what is hidden."""
        estimated = self.mix.weights @ projected.shots + self.mix.added @ projected.components
        if self.known is not None:
            estimated = self.known.put(self.known.fill(self.mix, self.windows) @ weight.T, estimated)
        return self.at.scatter(estimated, projected.shots.expand(len(self.at.place), -1, -1))

    def shots(self) -> Tensor:
        """(B, S, D): the shots, hidden ones as they are estimated."""
        return self.scatter(self.estimates(self.mix))

    def scatter(self, estimates: Tensor) -> Tensor:
        """(B, H, D) → (B, S, D): the shots with these in the hidden ones' places."""
        return self.at.scatter(estimates, self.windows.shots.expand(len(self.at.place), -1, -1))

    def estimates(self, mix: Mixture, correction: Tensor | None = None) -> Tensor:
        """(B, H, D): a mixture with the known columns in their place, the others with a correction (B, H, D) added."""
        found = mix.shots(self.windows)
        if self.known is not None:
            found = self.known.put(self.known.fill(mix, self.windows), found)
        if correction is None:
            return found
        return found + (correction if self.known is None else self.known.of_hidden_columns(correction))


def _length(squared: Tensor) -> Tensor:
    """The root of squared lengths, with a gradient at zero."""
    return squared.clamp(min=SHORTEST**2).sqrt()
