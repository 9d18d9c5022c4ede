"""Pictures through CLIP, SigLIP or a similar model of transformers; its text tower finds them by words.

Shape letters: N shots, K pictures of a shot, P pictures at once, H and W of a picture, T texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from msm.errors import InputError
from msm.ingest.compute import Compute, chosen_compute
from msm.ingest.encoder import Encoder, ShotInput
from msm.ingest.encoders._transformers import commit_of, load_model, load_part
from msm.ingest.weights import source_of

DEFAULT = "openai/clip-vit-large-patch14"  # 768 wide


class ImageModel:
    """The mean of the unit vectors of the shot's pictures."""

    modality, shared = "video", True

    def __init__(self, model: str, compute: Compute):
        self._source, self._compute = source_of(model), compute
        self._model = load_model(self._source, compute)
        self._processor = load_part(self._source, "AutoImageProcessor")
        self._tokenizer: Any = None
        self.name = self._source.name("clip", commit_of(self._model))
        self.dim = self._features(np.zeros((1, 32, 32, 3), np.uint8)).shape[1]

    def encode(self, shots: Sequence[ShotInput]) -> np.ndarray:
        counts = [len(shot.pictures) for shot in shots]
        pictures = [picture for shot in shots for picture in shot.pictures]
        size = self._compute.batch
        vectors = np.concatenate([self._features(pictures[i : i + size]) for i in range(0, len(pictures), size)])
        return np.stack([part.mean(axis=0) for part in np.split(vectors, np.cumsum(counts)[:-1])])

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """(T, dim) unit vectors of texts in the space of the pictures; InputError where the model has no text tower."""
        if not hasattr(self._model, "get_text_features"):
            raise InputError(f"{self.name} has no text tower, so its pictures cannot be found by words")
        if self._tokenizer is None:
            self._tokenizer = load_part(self._source, "AutoTokenizer")
        return text_features(self._model, self._tokenizer, texts)

    def _features(self, pictures: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
        """(P, dim) unit vectors of (H, W, 3) uint8 RGB pictures."""
        import torch

        inputs = self._processor(images=list(pictures), return_tensors="pt", input_data_format="channels_last")
        inputs = {k: v.to(self._model.device, self._model.dtype) for k, v in inputs.items()}
        with torch.inference_mode():
            return unit_rows(self._model.get_image_features(**inputs))


def text_features(model: Any, tokenizer: Any, texts: Sequence[str]) -> np.ndarray:
    """(T, dim) unit vectors of texts by a text tower; SigLIP was trained with texts that are padded to its length."""
    import torch

    config = getattr(model.config, "text_config", model.config)
    longest = int(getattr(config, "max_position_embeddings", 77))
    padding = "max_length" if model.config.model_type.startswith("siglip") else True
    inputs = tokenizer(list(texts), padding=padding, truncation=True, max_length=longest, return_tensors="pt")
    with torch.inference_mode():
        return unit_rows(model.get_text_features(**inputs.to(model.device)))


def unit_rows(found: Any) -> np.ndarray:
    """Features as this or another version of transformers gives them, as unit vectors."""
    import torch

    vectors = found if isinstance(found, torch.Tensor) else found.pooler_output
    return torch.nn.functional.normalize(vectors.float(), dim=-1).cpu().numpy()


def load(model: str) -> list[Encoder]:
    """The encoder of a local folder or a hub name; InputError where it cannot be loaded."""
    return [loaded(model or DEFAULT, chosen_compute())]


def choice_of(model: str) -> str:
    """The option of --encoders that loads the model of this name."""
    return "clip" if DEFAULT.endswith(f"/{model}") else f"clip={model}"


# Kept: every title asks for its encoders anew, and loading takes seconds.
@lru_cache(maxsize=2)
def loaded(model: str, compute: Compute) -> ImageModel:
    return ImageModel(model, compute)
