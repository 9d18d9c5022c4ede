"""What turns shots into vectors: one small interface, and how an encoder is found by its name.

An encoder reads one modality. `descriptors` is built in; a package can bring its own by an entry point
of the group `msm.encoders` (docs/ingest.md shows one).
Shape letters: N shots of a batch, K pictures of a shot, H and W of a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Protocol

import numpy as np

from msm.errors import InputError, lacks_memory

MODALITIES = ("video", "audio", "text")
GROUP = "msm.encoders"


@dataclass(frozen=True, kw_only=True)
class ShotInput:
    """What an encoder may look at. A batch for one modality carries what that modality needs, and empty arrays else.

    pictures  (K, H, W, 3) uint8 RGB, upright, spread over the shot
    motion    (18, 32) float32, mean change of brightness per second in each cell
    changes   (16,) float32, share of frames at each level of change to the frame before
    sound     (samples,) float32, mono, 16 000 a second, in −1 … 1; empty where the film has none
    text      what is said, empty where nothing is
    """

    start_s: float
    end_s: float
    pictures: np.ndarray
    motion: np.ndarray
    changes: np.ndarray
    sound: np.ndarray
    text: str = ""


class Encoder(Protocol):
    """Encodes one modality.

    modality  video, audio or text
    name      what the catalog keeps, so that it is known what made its columns
    dim       width of a vector

    One that is best asked for many shots at once says how many at most in `batch` (sound and words alone).
    """

    modality: str
    name: str
    dim: int

    def encode(self, shots: Sequence[ShotInput]) -> np.ndarray:
        """(N, dim) float32; a row of zeros where the shot lacks the modality."""
        ...


def load_encoders(choice: str) -> list[Encoder]:
    """The encoders of a choice such as `descriptors`, in the order video, audio, text.

    choice  names with commas; `clip`, `wav2vec2` and `sentence` take `=FOLDER` or `=HUB-NAME`, `open` is all
            three, and `openai` takes `=MODEL`; of two that encode the same modality, the later one counts

    Raises InputError for a name that nobody has registered.
    """
    chosen: dict[str, Encoder] = {}
    for name in filter(None, (part.strip() for part in choice.split(","))):
        chosen |= {encoder.modality: encoder for encoder in _factory(name)()}
    for modality in chosen:
        if modality not in MODALITIES:
            raise InputError(f"an encoder of {choice!r} reads {modality!r}, but must read {', '.join(MODALITIES)}")
    if not chosen:
        raise InputError(f"--encoders is {choice!r}, but must name at least one of {', '.join(known_encoders())}")
    return [chosen[m] for m in MODALITIES if m in chosen]


def encode(encoder: Encoder, shots: Sequence[ShotInput]) -> np.ndarray:
    """(N, dim) float32, checked: an encoder may be anyone's. InputError for another shape, NaN, infinity, or no memory."""
    try:
        vectors = np.asarray(encoder.encode(shots), dtype=np.float32)
    except Exception as error:
        if not lacks_memory(error):
            raise
        raise InputError(
            f"encoder {encoder.name} ran out of memory; take a smaller one or fewer --workers, or end what else needs it"
        ) from error
    if vectors.shape != (len(shots), encoder.dim):
        raise InputError(
            f"encoder {encoder.name} gave {vectors.shape} for {len(shots)} shots, expected {len(shots), encoder.dim}"
        )
    if not np.isfinite(vectors).all():
        raise InputError(f"encoder {encoder.name} gave NaN or infinite values")
    return vectors


def encoder_like(made_by: str, modality: str, dim: int, choice: str | None = None) -> Encoder:
    """The encoder that made a catalog's columns, to encode more in the same way.

    made_by  what the catalog says: the encoder's own name, such as descriptors/1 or sentence:all-mpnet-base-v2
    choice   as `load_encoders` takes it, where that name does not say where the encoder is

    Raises InputError where it cannot be had, or is another one than made the columns.
    """
    choice = choice or _choice_of(made_by)
    if choice is None:
        raise InputError(f"the {modality} columns were made by {made_by!r}, which is no encoder that is known here")
    for encoder in load_encoders(choice):
        if encoder.modality == modality:
            if (encoder.name, encoder.dim) != (made_by, dim):
                raise InputError(
                    f"the {modality} columns were made by {made_by}, {dim} wide, but this encoder is {encoder.name}, {encoder.dim} wide"
                )
            return encoder
    raise InputError(f"{choice} does not encode {modality}")


def _choice_of(made_by: str) -> str | None:
    """How `load_encoders` calls the encoder that gave itself this name; None where nobody knows it."""
    name, _, model = made_by.replace("/", ":", 1).partition(":") if ":" not in made_by else made_by.partition(":")
    if name == "openai":
        return f"openai={model.rpartition('/')[0]}"
    if name in _OPEN:
        return name if _OPEN[name].endswith(f"/{model}") else f"{name}={model}"
    return name if name in known_encoders() else None


def known_encoders() -> list[str]:
    """Names that `--encoders` knows: ours, and those that installed packages bring."""
    return sorted({*_BUILT_IN, *_OPEN, "openai", *(e.name for e in entry_points(group=GROUP))})


def _factory(choice: str) -> Callable[[], Sequence[Encoder]]:
    name, _, where = choice.partition("=")
    if name in _OPEN:
        return lambda: [_open_model(name, where or _OPEN[name])]
    if name == "openai":
        return lambda: [_openai(where)]
    if choice in _BUILT_IN:
        return _BUILT_IN[choice]
    for entry in entry_points(group=GROUP, name=choice):
        return entry.load()
    raise InputError(f"there are no encoders called {choice!r}; there are {', '.join(known_encoders())}")


def _descriptors() -> Sequence[Encoder]:
    from msm.ingest.encoders.descriptors import SoundDescriptor, TextDescriptor, VideoDescriptor

    return [VideoDescriptor(), SoundDescriptor(), TextDescriptor()]


def _open_models() -> Sequence[Encoder]:
    return [_open_model(name, where) for name, where in _OPEN.items()]


def _openai(model: str) -> Encoder:
    from msm.ingest.encoders.openai_text import MODEL, load_openai

    return load_openai(model or MODEL)


def _open_model(name: str, where: str) -> Encoder:
    from msm.ingest.encoders.open_models import load_open

    return load_open(name, where)


_BUILT_IN: dict[str, Callable[[], Sequence[Encoder]]] = {"descriptors": _descriptors, "open": _open_models}
_OPEN = {  # 768 wide each
    "clip": "openai/clip-vit-large-patch14",
    "wav2vec2": "facebook/wav2vec2-base",
    "sentence": "sentence-transformers/all-mpnet-base-v2",
}
