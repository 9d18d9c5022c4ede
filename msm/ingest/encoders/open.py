"""The three encoders with open weights together: `clip`, `wav2vec2` and `sentence` with their default models."""

from __future__ import annotations

from msm.ingest.encoder import Encoder, refuse_model
from msm.ingest.encoders import clip, sentence, wav2vec2


def load(model: str) -> list[Encoder]:
    """InputError where one of them cannot be loaded, or a model is named."""
    refuse_model("open", model)
    return [*clip.load(""), *wav2vec2.load(""), *sentence.load("")]
