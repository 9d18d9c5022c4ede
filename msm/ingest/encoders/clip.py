"""Pictures through CLIP, SigLIP or a similar model of transformers.

Shape letters: N shots, K pictures of a shot, H and W of a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from msm.ingest.encoder import Encoder, ShotInput
from msm.ingest.encoders._transformers import load_pretrained

DEFAULT = "openai/clip-vit-large-patch14"  # 768 wide


class ImageModel:
    """The mean of the unit vectors of the shot's pictures."""

    modality = "video"

    def __init__(self, model: str):
        self._model = load_pretrained(model, "AutoModel")
        self._processor = load_pretrained(model, "AutoImageProcessor")
        self.name = f"clip:{Path(model).name}"
        self.dim = self._features(np.zeros((1, 32, 32, 3), np.uint8)).shape[1]

    def encode(self, shots: Sequence[ShotInput]) -> np.ndarray:
        return np.stack([self._features(shot.pictures).mean(axis=0) for shot in shots])

    def _features(self, pictures: np.ndarray) -> np.ndarray:
        """(K, dim) unit vectors of (K, H, W, 3) uint8 RGB."""
        import torch

        inputs = self._processor(images=list(pictures), return_tensors="pt", input_data_format="channels_last")
        with torch.inference_mode():
            found = self._model.get_image_features(**inputs)
        vectors = found if isinstance(found, torch.Tensor) else found.pooler_output
        return torch.nn.functional.normalize(vectors.float(), dim=-1).numpy()


def load(model: str) -> list[Encoder]:
    """The encoder of a local folder or a hub name; InputError where it cannot be loaded."""
    return [loaded(model or DEFAULT)]


def choice_of(model: str) -> str:
    """The option of --encoders that loads the model of this name."""
    return "clip" if DEFAULT.endswith(f"/{model}") else f"clip={model}"


# Kept: every title asks for its encoders anew, and loading takes seconds.
@lru_cache(maxsize=2)
def loaded(model: str) -> ImageModel:
    return ImageModel(model)
