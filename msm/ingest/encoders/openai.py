"""Words through the embeddings API that OpenAI defined, as MediaFM has them: text-embedding-3-large, 768 wide.

The key comes from OPENAI_API_KEY and the address from OPENAI_BASE_URL; neither is ever written down. The client
retries what may pass (429, 5xx, a lost connection) and waits as long as the server asks for.
Limits: https://platform.openai.com/docs/api-reference/embeddings/create
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from msm.errors import InputError
from msm.ingest.encoder import Encoder, ShotInput

MODEL, DIM = "text-embedding-3-large", 768
MOST_INPUTS, MOST_TOKENS = 2048, 300_000  # of one request
LONGEST_BYTES = 8191  # of one input, which may have as many tokens; a token is never less than a byte
RETRIES, TIMEOUT_S = 6, 120.0


class OpenAIText:
    """The words of a shot, or of a title's metadata for [GLOBAL]: unit vectors from the API."""

    modality, dim, batch = "text", DIM, MOST_INPUTS

    def __init__(self, model: str):
        self.model, self.name = model, f"openai:{model}/{DIM}"
        self._key = os.environ.get("OPENAI_API_KEY", "").strip()
        if not self._key:
            raise InputError("the encoder openai needs a key: set the environment variable OPENAI_API_KEY")
        try:
            from openai import OpenAI
        except ImportError:
            raise InputError("the encoder openai needs a package: pip install 'msm-workbench[encoders]'") from None
        address = os.environ.get("OPENAI_BASE_URL") or None
        self._client = OpenAI(api_key=self._key, base_url=address, max_retries=RETRIES, timeout=TIMEOUT_S)

    def encode(self, shots: Sequence[ShotInput]) -> np.ndarray:
        vectors = np.zeros((len(shots), DIM), np.float32)
        spoken = [i for i, shot in enumerate(shots) if shot.text.strip()]
        first = 0
        for texts in _requests([_shortened(shots[i].text) for i in spoken]):
            vectors[spoken[first : first + len(texts)]] = self._ask(texts)
            first += len(texts)
        return vectors

    def _ask(self, texts: list[str]) -> np.ndarray:
        """(N, DIM) of one request, in the order of the texts."""
        import openai

        where = urlsplit(str(self._client.base_url)).hostname
        try:
            answer = self._client.embeddings.create(model=self.model, input=texts, dimensions=DIM)
            rows = {int(row.index): row.embedding for row in answer.data}
            vectors = np.array([rows[i] for i in range(len(texts))], dtype=np.float32)
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            # not in the server's words: it quotes the key
            raise InputError(f"{where} refused the key in OPENAI_API_KEY (status {error.status_code})") from None
        except openai.APIStatusError as error:
            raise InputError(f"{where} answered with status {error.status_code}: {self._safe(error.message)}") from None
        except openai.APIConnectionError as error:
            raise InputError(f"{where} cannot be reached: {self._safe(error)}") from None
        except (openai.OpenAIError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{where} gave no embeddings that can be read: {self._safe(error)}") from None
        if vectors.shape != (len(texts), DIM):
            raise InputError(f"{where} gave embeddings of {vectors.shape[1:]} numbers for {self.model}, expected {DIM}")
        return vectors

    def _safe(self, words: Any) -> str:
        return " ".join(str(words).replace(self._key, "…").split())[:200]


def load(model: str) -> list[Encoder]:
    """The encoder of a model of the API; InputError where there is no key, or the package is missing."""
    return [loaded(model or MODEL)]


def choice_of(model: str) -> str:
    """The option of --encoders that loads the model of this name."""
    return f"openai={model.rpartition('/')[0]}"


@lru_cache(maxsize=4)  # kept: every title asks for its encoders anew
def loaded(model: str) -> OpenAIText:
    return OpenAIText(model)


def _requests(texts: Sequence[str]) -> Iterator[list[str]]:
    """Texts cut into requests that keep the API's limits, in order."""
    request: list[str] = []
    size = 0
    for text in texts:
        length = len(text.encode())
        if request and (len(request) == MOST_INPUTS or size + length > MOST_TOKENS):
            yield request
            request, size = [], 0
        request.append(text)
        size += length
    if request:
        yield request


def _shortened(text: str) -> str:
    return text.encode()[:LONGEST_BYTES].decode(errors="ignore")
