"""Where predictions are compared: how a shot's modalities are fused, and the mean that centring takes away.

Shape letters: N shots of a title, D width of a shot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from msm.data.fusion import fuse
from msm.data.schema import Modality


@dataclass(frozen=True)
class Space:
    """Where predictions are compared: how shots are fused, and the mean that centring takes away."""

    modalities: tuple[Modality, ...]
    fusion: str
    mean: np.ndarray  # (D,) of the training shots, fused
    bandwidth: float  # of the distance-weighted mean with a fifth of the shots hidden, chosen on the validation titles
    baselines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # further parameters of baselines, by name

    def fuse(self, embeddings: np.ndarray) -> np.ndarray:
        """(N, D) raw embeddings → (N, D) float32 as the recipe compares them."""
        return fuse(embeddings, self.modalities, self.fusion)
