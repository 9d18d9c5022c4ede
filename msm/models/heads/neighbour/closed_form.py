"""The closed-form start of a neighbour head: principal components, and each one's kernel weights by least squares.

Shape letters: N shots of a title, H hidden shots, K kernels, R principal components, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from msm.models.heads.neighbour.pair_features import HiddenIndex

RIDGE = 0.02  # of the least squares, as a share of the mean square of the kernels' means


class PrincipalComponents(NamedTuple):
    """The principal components of the training shots, all of them, the first R of which are kept."""

    basis: Tensor  # (D, D), the leading direction first
    components: Tensor  # (D, R)
    whitening: Tensor  # (R,) factors that give the components about the same variance


def principal_components(titles: Iterable[Tensor], kept: int, first: Tensor | None = None) -> PrincipalComponents:
    """Find the directions in which shots differ most; titles (N, D) each, about the training mean.

    first  (D, C) directions that are given, in order; only those that are orthogonal to them are found
    """
    together = torch.cat(list(titles))
    covariance = together.T @ together / len(together)
    count = 0 if first is None else first.shape[1]
    beside = covariance
    if first is not None:
        along = first.T @ covariance  # (C, D)
        beside = covariance - first @ along - along.T @ first.T + first @ (along @ first) @ first.T
    variance, basis = torch.linalg.eigh(beside)
    basis, variance = basis.flip(1)[:, : len(beside) - count], variance.flip(0)[: len(beside) - count].clamp(min=0)
    if first is not None:
        basis = torch.cat([first, basis], dim=1)
        variance = torch.cat([(first * (covariance @ first)).sum(dim=0), variance])
    whitening = (variance[:kept] + 0.3 * variance.mean() + 1e-12).rsqrt()
    return PrincipalComponents(basis, basis[:, :kept], whitening)


def kernel_weights(
    titles: Iterable[Tensor],
    basis: Tensor,
    kept: int,
    weigh: Callable[[HiddenIndex], Tensor],
    ratio: float,
    rng: torch.Generator,
) -> Tensor | None:
    """Solve for the weight of each kernel's mean in each component, (K, R + 1); None where the weights sum to about 0.

    titles  (N, D) each, about the training mean; each is hidden once with this ratio
    basis   (D, D)
    kept    R; the components beyond share the last weight
    weigh   hidden shots → (1, K, H, N), each kernel's weights of the visible shots
    """
    gram, moment = torch.zeros(()), torch.zeros(())
    for shots in titles:
        hidden = torch.rand(len(shots), generator=rng) < ratio
        if not hidden.any() or hidden.all():
            continue
        at = HiddenIndex.of(hidden[None], torch.ones_like(hidden)[None])
        rotated = shots @ basis
        means = weigh(at)[0] @ rotated.masked_fill(hidden[:, None], 0.0)  # (K, H, D)
        truth = F.normalize(rotated[at.place[0]], dim=-1)
        gram = gram + torch.einsum("khd,jhd->dkj", means, means)
        moment = moment + torch.einsum("khd,hd->dk", means, truth)
    if not gram.ndim:
        return None
    weights = _solve(_shared_beyond(gram, kept), _shared_beyond(moment, kept))
    scale = weights.sum(dim=0).mean()
    return weights / scale if scale > 1e-3 else None


def _shared_beyond(table: Tensor, kept: int) -> Tensor:
    """(D, …) → (R + 1, …): the components beyond R added up."""
    return torch.cat([table[:kept], table[kept:].sum(dim=0, keepdim=True)])


def _solve(gram: Tensor, moment: Tensor) -> Tensor:
    """(R + 1, K, K), (R + 1, K) → (K, R + 1), by ridge regression."""
    ridge = RIDGE * gram.diagonal(dim1=1, dim2=2).mean(dim=1) + 1e-9
    identity = torch.eye(gram.shape[-1])
    return torch.linalg.solve(gram + ridge[:, None, None] * identity, moment.unsqueeze(-1)).squeeze(-1).T
