"""How a shot's modalities become one vector: always of unit length, so that a cosine is a product.

Shape letters: D width of a shot embedding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from msm.data.schema import Modality


def fuse(embeddings: np.ndarray, modalities: Sequence[Modality], how: str) -> np.ndarray:
    """Bring raw shot embeddings to the space that the model sees and predicts.

    embeddings  (..., D) float, as the encoders made them; a missing modality is a zero block
    how         `joint`: the whole vector to unit length, as MediaFM does
                `per_modality`: each block to unit length first, so that no encoder outweighs another
    returns     (..., D) float32 of unit length
    """
    fused = np.array(embeddings, dtype=np.float32)
    if how == "per_modality":
        for modality in modalities:
            fused[..., modality.columns] = unit(fused[..., modality.columns])
    return unit(fused)


def unit(vectors: np.ndarray) -> np.ndarray:
    """(..., D) → (..., D) of unit length; a zero vector stays zero."""
    # Large raw values (a histogram's counts) would overflow float32 when squared.
    largest = np.abs(vectors).max(axis=-1, keepdims=True)
    scaled = vectors / np.where(largest > 0, largest, 1)
    norm = np.linalg.norm(scaled, axis=-1, keepdims=True)
    return scaled / np.where(norm > 0, norm, 1)
