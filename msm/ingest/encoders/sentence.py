"""Words through a model of sentence-transformers: its pooling, its normalisation and its prompts are those of its files.

A model of transformers without such files is pooled by the mean over its tokens.
Shape letters: N shots, T texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from msm.errors import InputError
from msm.ingest.compute import Compute, chosen_compute
from msm.ingest.encoder import Encoder, ShotInput
from msm.ingest.encoders._transformers import INSTALL
from msm.ingest.weights import Source, source_of

DEFAULT = "sentence-transformers/all-mpnet-base-v2"  # 768 wide


class TextModel:
    """Unit vectors; the words of shots with the model's prompt for documents, a search with that for queries."""

    modality, shared = "text", True

    def __init__(self, model: str, compute: Compute):
        source = source_of(model)
        self._model, self._size = _load(source, compute), compute.batch
        self.batch = max(16, compute.batch)
        self.name = source.name("sentence", _commit(self._model))
        self.dim = len(self._model.encode([""], show_progress_bar=False)[0])

    def encode(self, shots: Sequence[ShotInput]) -> np.ndarray:
        return self._said([shot.text for shot in shots], self._model.encode_document)

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """(T, dim) of what is searched for; zeros for an empty text."""
        return self._said(texts, self._model.encode_query)

    def _said(self, texts: Sequence[str], encode: Any) -> np.ndarray:
        vectors = np.zeros((len(texts), self.dim), np.float32)
        spoken = [i for i, text in enumerate(texts) if text.strip()]
        if spoken:
            vectors[spoken] = encode(
                [texts[i] for i in spoken],
                batch_size=self._size,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        return vectors


def load(model: str) -> list[Encoder]:
    """The encoder of a local folder or a hub name; InputError where it cannot be loaded."""
    return [loaded(model or DEFAULT, chosen_compute())]


def choice_of(model: str) -> str:
    """The option of --encoders that loads the model of this name."""
    return "sentence" if DEFAULT.endswith(f"/{model}") else f"sentence={model}"


# Kept: every title asks for its encoders anew, and loading takes seconds.
@lru_cache(maxsize=2)
def loaded(model: str, compute: Compute) -> TextModel:
    return TextModel(model, compute)


def _load(source: Source, compute: Compute) -> Any:
    try:
        import torch
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise InputError(INSTALL) from None
    try:
        return SentenceTransformer(
            source.place,
            revision=source.revision,
            device=compute.torch_device(),
            trust_remote_code=False,
            local_files_only=source.is_local,
            model_kwargs={"dtype": getattr(torch, compute.dtype)},
        ).eval()
    except InputError:
        raise
    except Exception as error:  # of a broken file each library below has its own
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{source.place} cannot be loaded by sentence-transformers: {reason}") from None


def _commit(model: Any) -> str | None:
    """The commit of the hub at which it was loaded."""
    inner = getattr(model[0], "auto_model", None)
    return getattr(getattr(inner, "config", None), "_commit_hash", None)
