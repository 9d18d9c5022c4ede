"""The kriging predictor inside a neighbour head: the posterior mean of the hidden shots, in batches and with gradients.

The same Gaussian process as the baseline `msm.baselines.kriging`, with the parameters that it estimated. The posterior mean of whole
shots is a mixture of the visible ones, to which the leading components add what their own covariance functions say.

Shape letters: B windows, S shots of a window, H hidden shots of the window with most of them, V visible shots of the window with most
of them, C principal components with a covariance function of their own, F = C + 1 covariance functions, J terms, D width of a shot,
T sets of known shots at the same places, which share the covariances.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from msm.baselines.kriging.fit import COMPONENTS, DECAYS
from msm.baselines.kriging.posterior import PRECISIONS, covariance
from msm.models.heads.neighbour.pair_features import HiddenIndex

MOST_NUMBERS = 2**23  # of the rows of precision matrices that are taken together, 64 MB


class Posterior(NamedTuple):
    """Posterior means of hidden shots, of which `rest @ shots` are those of whole shots by the last covariance function."""

    leading: Tensor  # (T, B, H, C) the components by their own covariance functions
    rest: Tensor  # (B, H, S) weights of the visible shots, zero elsewhere


class Kriging(nn.Module):
    """The covariance functions of a head's first C components, and of all the rest."""

    decays: Tensor
    variances: Tensor

    def __init__(self, shot_dim: int):
        super().__init__()
        self.num_components = min(COMPONENTS, shot_dim)  # C
        # Estimated on the training titles; saved with the weights. Before that all covariance is in the nugget.
        self.register_buffer("decays", torch.from_numpy(DECAYS).float())  # (J,)
        self.register_buffer("variances", torch.zeros(len(DECAYS), self.num_components + 1))  # (J, F)
        self.variances[-1] = 1.0

    def set_parameters(self, parameters: Mapping[str, Any]) -> Tensor:
        """Take over the parameters of the baseline; returns its components, (D, C), zero where it has fewer."""
        components, variances = (torch.from_numpy(np.array(parameters[n])).float() for n in ("components", "variances"))
        found = components.shape[1]
        self.decays.copy_(torch.from_numpy(np.array(parameters["decays"])))
        self.variances.zero_()[-1] = 1.0
        self.variances[:, :found], self.variances[:, -1] = variances[:, :-1], variances[:, -1]
        return nn.functional.pad(components, (0, self.num_components - found))

    def forward(self, scores: Tensor, at: HiddenIndex) -> Posterior:
        """(T, B, S, C), T sets of the components of the visible shots, zero elsewhere, → the posterior means of the hidden shots."""
        num_shots = scores.shape[2]
        if not at.real.any():  # as where a whole title is visible
            nothing = scores.new_zeros(*at.place.shape, 1).float()
            return Posterior(nothing.expand(len(scores), -1, -1, scores.shape[3]), nothing.expand(-1, -1, num_shots))
        table = covariance(num_shots, self.decays.cpu().numpy(), self.variances.cpu().numpy())  # (F, S)
        scores = scores.double()
        leading = scores.new_zeros(len(scores), *at.place.shape, scores.shape[3])
        rest = scores.new_zeros(*at.place.shape, num_shots)
        for rows, length in _by_length(at):
            count = num_shots if length is None else length
            hidden = at.place.shape[1] if len(rows) == len(rest) else max(1, int(at.real[rows].sum(dim=1).max()))
            some = HiddenIndex(*(t[rows, :most] for t, most in zip(at, (hidden, hidden, count, count), strict=True)))
            own = np.ascontiguousarray(table[:, :count])
            found = _solve(own, scores[:, rows, :count], some, use_precision=length is not None)
            leading[:, rows, :hidden] = found.leading
            rest[rows, :hidden, :count] = found.rest
        return Posterior(leading.float(), rest.float())


def _by_length(at: HiddenIndex) -> list[tuple[Tensor, int | None]]:
    """Rows of windows (b,) that are solved together: those of one length of which no more is hidden than visible; all others (None).

    On a GPU windows of several lengths stay together: the precision matrices of each would have to be copied there.
    """
    lengths = at.valid.sum(dim=1)
    places = torch.arange(at.valid.shape[1], device=lengths.device)
    padded_at_end = torch.equal(at.valid, places < lengths.unsqueeze(1))
    fits = 2 * at.real.sum(dim=1) <= lengths
    if not padded_at_end or (lengths.device.type != "cpu" and not at.valid.all()):
        fits = torch.zeros_like(fits)
    found: list[tuple[Tensor, int | None]] = [
        ((fits & (lengths == length)).nonzero()[:, 0], length) for length in lengths[fits].unique().tolist()
    ]
    others = (~fits).nonzero()[:, 0]
    return [*found, (others, None)] if len(others) else found


def _solve(table: np.ndarray, scores: Tensor, at: HiddenIndex, *, use_precision: bool) -> Posterior:
    """From covariances (F, S) and scores (T, B, S, C), in float64."""
    if not use_precision:
        return by_covariance(torch.from_numpy(table).to(scores.device), scores, at)
    precision = torch.from_numpy(PRECISIONS.get(table)).to(scores.device)
    some = max(1, MOST_NUMBERS // (len(table) * at.place.shape[1] * scores.shape[2]))
    parts = [
        by_precision(precision, scores[:, i : i + some], HiddenIndex(*(t[i : i + some] for t in at)))
        for i in range(0, scores.shape[1], some)
    ]
    leading, rest = zip(*parts, strict=True)
    return Posterior(torch.cat(leading, dim=1), torch.cat(rest))


def by_precision(precision: Tensor, scores: Tensor, at: HiddenIndex) -> Posterior:
    """From the precision matrices (F, S, S) of windows without padding: as many equations as shots are hidden."""
    real = at.real.double()
    rows = precision[:, at.place]  # (F, B, H, S)
    own = torch.take_along_dim(rows, at.place[None, :, None, :], dim=-1)  # (F, B, H, H)
    own = own * real[:, :, None] * real[:, None, :] + torch.diag_embed(1 - real)
    known = scores.permute(3, 1, 2, 0)  # (C, B, S, T)
    leading = -torch.linalg.solve(own[:-1], (rows[:-1] @ known) * real.unsqueeze(-1))
    rest = -torch.linalg.solve(own[-1], rows[-1] * at.visible.unsqueeze(1) * real.unsqueeze(-1))
    return Posterior(leading.permute(3, 1, 2, 0), rest)


def by_covariance(table: Tensor, scores: Tensor, at: HiddenIndex) -> Posterior:
    """The same from covariances (F, S), of windows of any lengths: as many equations as shots are visible."""
    most = max(1, int(at.visible.sum(dim=1).max()))
    place = (~at.visible).long().argsort(dim=1, stable=True)[:, :most]  # (B, V)
    real = torch.take_along_dim(at.visible, place, dim=1).double()
    among = table[:, (place[:, :, None] - place[:, None, :]).abs()]  # (F, B, V, V)
    among = among * real[:, :, None] * real[:, None, :] + torch.diag_embed(1 - real)
    across = table[:, (at.place[:, :, None] - place[:, None, :]).abs()] * real[:, None, :]  # (F, B, H, V)
    factor = torch.linalg.cholesky(among)
    known = torch.take_along_dim(scores, place[None, :, :, None], dim=2) * real.unsqueeze(-1)  # (T, B, V, C)
    solved = torch.cholesky_solve(known.permute(3, 1, 2, 0), factor[:-1])  # (C, B, V, T)
    leading = (across[:-1] @ solved).permute(3, 1, 2, 0)
    weights = torch.cholesky_solve(across[-1].mT, factor[-1]).mT * at.real.unsqueeze(-1)  # (B, H, V)
    rest = weights.new_zeros(*at.place.shape, scores.shape[2])
    return Posterior(leading, rest.scatter(2, place.unsqueeze(1).expand_as(weights), weights))
