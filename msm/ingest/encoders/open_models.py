"""Encoders with open weights, all through transformers' from_pretrained: a local folder or a hub name.

torch and transformers are imported when the first of them is made; weights are kept for the titles that follow.
Shape letters: N shots, T tokens or moments, W width of a model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from msm.errors import InputError
from msm.ingest.decoding import SOUND_HZ
from msm.ingest.encoders.registry import Encoder, ShotInput

PIECE_S = 10  # of sound at once; shorter than MIN_SOUND is filled up with silence
MIN_SOUND = SOUND_HZ // 10


class ImageModel:
    """CLIP, SigLIP or a kin of theirs: the mean of its unit vectors of the shot's pictures."""

    modality = "video"

    def __init__(self, where: str):
        self._model, self._processor = _load(where, "AutoModel"), _load(where, "AutoImageProcessor")
        self.name = f"clip:{Path(where).name}"
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


class SoundModel:
    """wav2vec 2.0 or a kin of its: the mean of its last layer over the shot's sound."""

    modality = "audio"

    def __init__(self, where: str):
        self._model, self._extractor = _load(where, "AutoModel"), _load(where, "AutoFeatureExtractor")
        self.name, self.dim = f"wav2vec2:{Path(where).name}", int(self._model.config.hidden_size)

    def encode(self, shots: Sequence[ShotInput]) -> np.ndarray:
        return np.stack([self._mean(shot.sound) for shot in shots])

    def _mean(self, sound: np.ndarray) -> np.ndarray:
        """(dim,) of a mono sound at 16 kHz; zeros where there is none."""
        import torch

        total, moments = np.zeros(self.dim, np.float32), 0
        for piece in _pieces(sound) if sound.any() else ():
            inputs = self._extractor(piece, sampling_rate=SOUND_HZ, return_tensors="pt")
            with torch.inference_mode():
                states = self._model(**inputs).last_hidden_state[0].float()  # (T, W)
            total, moments = total + states.sum(dim=0).numpy(), moments + len(states)
        return total / max(1, moments)


class TextModel:
    """A sentence-transformer: the mean of its last layer over the words, to unit length."""

    modality = "text"

    def __init__(self, where: str):
        self._model, self._tokenizer = _load(where, "AutoModel"), _load(where, "AutoTokenizer")
        self.name, self.dim = f"sentence:{Path(where).name}", int(self._model.config.hidden_size)

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


# Kept: every title asks for its encoders anew, and loading takes seconds.
@lru_cache(maxsize=6)
def load_open(kind: str, where: str) -> Encoder:
    """`clip`, `wav2vec2` or `sentence` from a folder or a hub name; InputError where it cannot be loaded."""
    makers: dict[str, Callable[[str], Encoder]] = {"clip": ImageModel, "wav2vec2": SoundModel, "sentence": TextModel}
    return makers[kind](where)


def _load(where: str, kind: str) -> Any:
    try:
        import transformers
    except ImportError:
        raise InputError("these encoders need transformers: pip install 'msm-workbench[encoders]'") from None
    try:
        loaded = getattr(transformers, kind).from_pretrained(where, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{where} cannot be loaded as {kind} by transformers: {reason}") from None
    return loaded.eval() if hasattr(loaded, "eval") else loaded


def _pieces(sound: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(sound), PIECE_S * SOUND_HZ):
        piece = sound[start : start + PIECE_S * SOUND_HZ]
        if len(piece) >= MIN_SOUND:
            yield piece
        elif start == 0:
            yield np.pad(piece, (0, MIN_SOUND - len(piece)))
