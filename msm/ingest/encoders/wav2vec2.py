"""Sound through wav2vec 2.0 or a similar model of transformers.

Shape letters: N shots, T moments, W width of the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from msm.ingest.compute import Compute, chosen_compute
from msm.ingest.decoding import SOUND_HZ
from msm.ingest.encoder import Encoder, ShotInput
from msm.ingest.encoders._transformers import commit_of, load_model, load_part
from msm.ingest.weights import source_of

DEFAULT = "facebook/wav2vec2-base"  # 768 wide
PIECE_S = 10  # of sound at once; shorter than MIN_SOUND is padded with silence
MIN_SOUND = SOUND_HZ // 10


class SoundModel:
    """The mean of the last layer over the shot's sound."""

    modality, shared = "audio", True

    def __init__(self, model: str, compute: Compute):
        source = source_of(model)
        self._model, self._extractor = load_model(source, compute), load_part(source, "AutoFeatureExtractor")
        self.name = source.name("wav2vec2", commit_of(self._model))
        self.dim = int(self._model.config.hidden_size)

    def encode(self, shots: Sequence[ShotInput]) -> np.ndarray:
        return np.stack([self._mean(shot.sound) for shot in shots])

    def _mean(self, sound: np.ndarray) -> np.ndarray:
        """(dim,) of a mono sound at 16 kHz; zeros model there is none."""
        import torch

        total, moments = np.zeros(self.dim, np.float32), 0
        for piece in _pieces(sound) if sound.any() else ():
            inputs = self._extractor(piece, sampling_rate=SOUND_HZ, return_tensors="pt")
            inputs = {k: v.to(self._model.device, self._model.dtype) for k, v in inputs.items()}
            with torch.inference_mode():
                states = self._model(**inputs).last_hidden_state[0].float()  # (T, W)
            total, moments = total + states.sum(dim=0).cpu().numpy(), moments + len(states)
        return total / max(1, moments)


def load(model: str) -> list[Encoder]:
    """The encoder of a local folder or a hub name; InputError where it cannot be loaded."""
    return [loaded(model or DEFAULT, chosen_compute())]


def choice_of(model: str) -> str:
    """The option of --encoders that loads the model of this name."""
    return "wav2vec2" if DEFAULT.endswith(f"/{model}") else f"wav2vec2={model}"


# Kept: every title asks for its encoders anew, and loading takes seconds.
@lru_cache(maxsize=2)
def loaded(model: str, compute: Compute) -> SoundModel:
    return SoundModel(model, compute)


def _pieces(sound: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(sound), PIECE_S * SOUND_HZ):
        piece = sound[start : start + PIECE_S * SOUND_HZ]
        if len(piece) >= MIN_SOUND:
            yield piece
        elif start == 0:
            yield np.pad(piece, (0, MIN_SOUND - len(piece)))
