"""Words through a sentence-transformer, by transformers.

Shape letters: N shots, T tokens, W width of the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from msm.ingest.encoder import Encoder, ShotInput
from msm.ingest.encoders._transformers import load_pretrained

DEFAULT = "sentence-transformers/all-mpnet-base-v2"  # 768 wide


class TextModel:
    """The mean of the last layer over the words, brought to unit length."""

    modality = "text"

    def __init__(self, model: str):
        self._model = load_pretrained(model, "AutoModel")
        self._tokenizer = load_pretrained(model, "AutoTokenizer")
        self.name, self.dim = f"sentence:{Path(model).name}", int(self._model.config.hidden_size)

    def encode(self, shots: Sequence[ShotInput]) -> np.ndarray:
        vectors = np.zeros((len(shots), self.dim), np.float32)
        spoken = [i for i, shot in enumerate(shots) if shot.text.strip()]
        if spoken:
            vectors[spoken] = self._sentences([shots[i].text for i in spoken])
        return vectors

    def _sentences(self, texts: list[str]) -> np.ndarray:
        import torch

        longest = min(512, self._tokenizer.model_max_length)
        inputs = self._tokenizer(texts, padding=True, truncation=True, max_length=longest, return_tensors="pt")
        with torch.inference_mode():
            states = self._model(**inputs).last_hidden_state.float()  # (N, T, W)
        real = inputs["attention_mask"][..., None]
        mean = (states * real).sum(dim=1) / real.sum(dim=1)
        return torch.nn.functional.normalize(mean, dim=-1).numpy()


def load(model: str) -> list[Encoder]:
    """The encoder of a local folder or a hub name; InputError where it cannot be loaded."""
    return [loaded(model or DEFAULT)]


def choice_of(model: str) -> str:
    """The option of --encoders that loads the model of this name."""
    return "sentence" if DEFAULT.endswith(f"/{model}") else f"sentence={model}"


# Kept: every title asks for its encoders anew, and loading takes seconds.
@lru_cache(maxsize=2)
def loaded(model: str) -> TextModel:
    return TextModel(model)
