"""The metrics of `msm.metrics.similarity`, faster, for an interactive page: all modalities in one pass.

Vectors that are fused already need no guard against overflow, and the products of a modality's columns add up to
those of all columns.

Shape letters: H hidden shots, N shots of the title, D width of a shot, M modalities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from msm.metrics.rank import rank_among


def block_products(a: np.ndarray, b: np.ndarray, blocks: Sequence[slice]) -> np.ndarray:
    """(H, D), (H, D) → (H, M): scalar products of the rows over each block of columns."""
    return np.stack([np.einsum("hd,hd->h", a[:, block], b[:, block]) for block in blocks], axis=1)


def block_cosines(
    predictions: Mapping[str, np.ndarray], truth: np.ndarray, blocks: Sequence[slice], among: np.ndarray
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Cosine of each prediction to the truth, over the blocks chosen by `among` together and over each block alone.

    predictions  name → (H, D); minus the mean, as the truth, where the centred cosine is wanted
    truth        (H, D)
    among        (H, M) bool
    returns      name → (H,) and (H, M); 0 where one of the two vectors is zero
    """
    lengths = block_products(truth, truth, blocks)
    cosines = {}
    for name, predicted in predictions.items():
        products, own = block_products(predicted, truth, blocks), block_products(predicted, predicted, blocks)
        together = tuple(np.where(among, t, 0).sum(axis=1) for t in (products, own, lengths))
        cosines[name] = _ratio(*together), _ratio(products, own, lengths)
    return cosines


def rank_of_truth(predicted: np.ndarray, shots: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Rank the true shot among all shots by cosine to the prediction, as `msm.metrics.similarity.rank_of_truth` does.

    predicted (H, D), shots (N, D), both minus the mean; where (H,) which of the shots was predicted → (H,)
    """
    length = np.sqrt(np.einsum("nd,nd->n", shots, shots))
    # (H, N); the length of the prediction changes no order
    similarity = (predicted @ shots.T) / np.where(length > 0, length, 1)
    return rank_among(similarity, shots, where)


def _ratio(product: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    length = np.sqrt(a * b)
    return np.where(length > 0, product / np.where(length > 0, length, 1), 0.0)
