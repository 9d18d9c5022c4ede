"""Contextual embeddings of a model with a neighbour head: each shot beside what its title makes one expect in its place.

Shape letters: S shots of a window, K kernels, R principal components, C width of a contextual embedding, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

FOLDS = 5  # a fifth of the shots is hidden at a time, as in training
LEADING = 64  # components in which an embedding holds the prediction of its shot
TURNS = 3  # cosines a kernel, of past, future and shot
TURN_SCALE = 0.1


def embedding_width(shot_dim: int, kept: int, kernels: int) -> int:
    """C, of shots (…, D) with R = `kept` components."""
    return shot_dim + min(LEADING, kept) + TURNS * kernels


def embed(shots: Tensor, expected: Tensor, components: Tensor, bandwidths: Tensor) -> Tensor:
    """Put the parts of the contextual embeddings (S, C) side by side.

    The shot, of unit length; its prediction, in the leading components and of unit length; how much the title changes
    here (`turns`), scaled down so that it does not dominate a search.

    shots, expected  (S, D) of a whole window and their predictions from the other shots, about the training mean
    components       (D, R), bandwidths (K,)
    """
    leading = F.normalize(expected @ components[:, :LEADING], dim=-1)
    return torch.cat([F.normalize(shots, dim=-1), leading, TURN_SCALE * turns(shots, components, bandwidths)], dim=-1)


def predict_by_fold(shots: Tensor, predict: Callable[[Tensor], Tensor]) -> Tensor:
    """Predict every shot of a window, each while every fifth shot is hidden together with it.

    shots    (S, D)
    predict  (F, S) bool, sets of hidden shots → (S, D), the predictions of the hidden shots of all sets, in order
    returns  (S, D)
    """
    place = torch.arange(len(shots), device=shots.device)
    hidden = place % FOLDS == torch.arange(min(FOLDS, len(shots)), device=shots.device)[:, None]
    expected = torch.zeros_like(shots)
    expected[hidden.nonzero()[:, 1]] = predict(hidden)
    return expected


def turns(shots: Tensor, components: Tensor, bandwidths: Tensor) -> Tensor:
    """(S, D) → (S, 3 K): the past's prediction of each shot against the future's, at each bandwidth.

    By distance alone, so each shot costs one row of weights and not a pass of its own. Cosines of past and future, of past
    and shot, of future and shot, in the principal components; 0 where there is no past or no future.
    """
    place = torch.arange(len(shots), device=shots.device)
    offset = place[:, None] - place  # (S, S), positive where the column's shot came before
    nearness = -offset.abs() / bandwidths[:, None, None]  # (K, S, S)
    here = shots @ components  # (S, R)
    sides = []
    for there in (offset > 0, offset < 0):
        weights = nearness.masked_fill(~there, -1e9).softmax(dim=-1) * there.any(dim=-1, keepdim=True)
        sides.append(weights @ here)  # (K, S, R)
    past, future = sides
    pairs = ((past, future), (past, here), (future, here))
    return torch.cat([F.cosine_similarity(a, b, dim=-1).mT for a, b in pairs], dim=-1)
