"""The interface of an encoder, which turns the shots of a film into vectors, and how one is found by its name.

An encoder reads one modality. Each file in `encoders/` is a choice of `--encoders`: it defines
`load(model) -> list[Encoder]`, where model is what follows `=` in the choice or "", and optionally
`choice_of(model)`, the choice that loads the model of that name again. An installed package adds its own as a plug-in
(`msm/ingest/plugins.py`).
Shape letters: N shots of a batch, K pictures of a shot, H and W of a picture.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from msm.config.registry import Registry
from msm.errors import FULL, InputError, lacks_memory
from msm.ingest.plugins import FAULTS, MODALITIES, load_plugin, plugin_names, reason

BATCH = 64  # texts at once, for an encoder that does not say how many
ENCODERS = Registry("msm.ingest.encoders", "encoder")


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
        chosen |= {encoder.modality: encoder for encoder in _load(name)}
    if not chosen:
        raise InputError(f"--encoders is {choice!r}, but must name at least one of {', '.join(known_encoders())}")
    return [chosen[m] for m in MODALITIES if m in chosen]


def encode(encoder: Encoder, shots: Sequence[ShotInput]) -> np.ndarray:
    """(N, dim) float32, checked: an encoder may be anyone's.

    Raises InputError, which names the encoder, for whatever it raises, another shape, NaN, infinity, or no memory.
    """
    try:
        vectors = np.asarray(encoder.encode(shots), dtype=np.float32)
    except InputError:
        raise
    except FAULTS as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        if lacks_memory(error):
            raise InputError(
                f"encoder {encoder.name} ran out of memory; take a smaller one or fewer --workers, or end what else needs it"
            ) from error
        raise InputError(f"encoder {encoder.name} failed: {reason(error)}") from error
    if vectors.shape != (len(shots), encoder.dim):
        raise InputError(
            f"encoder {encoder.name} gave {vectors.shape} for {len(shots)} shots, expected {len(shots), encoder.dim}"
        )
    if not np.isfinite(vectors).all():
        raise InputError(f"encoder {encoder.name} gave NaN or infinite values")
    return vectors


def encode_texts(encoder: Encoder, texts: Sequence[str]) -> np.ndarray:
    """(T, dim) float32: texts that belong to no shot, by an encoder of words; zeros where it knows no word of one."""
    nothing = np.zeros(0)
    shots = [
        ShotInput(start_s=0, end_s=0, pictures=nothing, motion=nothing, changes=nothing, sound=nothing, text=text)
        for text in texts
    ]
    size = getattr(encoder, "batch", None) or BATCH
    parts = [encode(encoder, shots[i : i + size]) for i in range(0, len(shots), size)]
    return np.concatenate(parts) if parts else np.zeros((0, encoder.dim), np.float32)


def encoder_like(made_by: str, modality: str, dim: int, choice: str | None = None) -> Encoder:
    """The encoder that made a catalog's columns, to encode more in the same way.

    made_by  what the catalog says: the encoder's own name, such as descriptors/1 or sentence:all-mpnet-base-v2
    choice   as `load_encoders` takes it, where that name does not say where the encoder is

    Raises InputError where it cannot be had, or is another one than made the columns.
    """
    choice = choice or choice_of(made_by)
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


def choice_of(made_by: str) -> str | None:
    """The choice for `load_encoders` of the encoder that gave itself this name; None where it is unknown.

    made_by  NAME, NAME/VERSION, NAME:MODEL, or of a plug-in NAME:ARGUMENT/VERSION
    """
    name = re.split("[:/]", made_by, maxsplit=1)[0]
    has_model = made_by[len(name) : len(name) + 1] == ":"
    model = made_by[len(name) + 1 :] if has_model else ""
    if name in ENCODERS.names():
        by_model = getattr(ENCODERS.get(name), "choice_of", None)
        return by_model(model) if by_model is not None else name
    if name not in plugin_names():
        return None
    argument = model.rpartition("/")[0] or model
    return f"{name}={argument}" if argument else name


def known_encoders() -> list[str]:
    """The names that `--encoders` takes: of the files in `encoders/`, and those of installed packages."""
    return sorted({*ENCODERS.names(), *plugin_names()})


def refuse_model(name: str, model: str) -> None:
    """InputError where a model is named for an encoder that has none to choose."""
    if model:
        raise InputError(f"encoder {name} has no models to choose from, so {name}={model} cannot be loaded")


def _load(choice: str) -> Sequence[Encoder]:
    name, _, model = choice.partition("=")
    if name in ENCODERS.names():
        return ENCODERS.get(name).load(model)
    if name in plugin_names():
        return load_plugin(name, model)
    raise InputError(f"there are no encoders called {name!r}; there are {', '.join(known_encoders())}")
