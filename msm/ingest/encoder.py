"""The interface of an encoder, which turns the shots of a film into vectors, and how one is found by its name.

An encoder reads one modality. Each file in `encoders/` is a choice of `--encoders`: it defines
`load(model) -> list[Encoder]`, where model is what follows `=` in the choice or "", and optionally
`choice_of(model)`, the choice that loads the model of that name again. An installed package adds its own as a plug-in
(`msm/ingest/plugins.py`).
Shape letters: N shots of a batch, K pictures of a shot, H and W of a picture.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from msm.config.registry import Registry
from msm.errors import FULL, InputError, lacks_memory
from msm.ingest.plugins import FAULTS, MODALITIES, load_plugin, plugin_names, reason
from msm.ingest.weights import same_weights

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

    One that is best asked for many shots at once says how many at most in `batch` (sound and words alone). One with
    `shared = True` is loaded once for several workers. One with `encode_queries(texts)`, (T, dim), encodes what is
    searched for in another way than `encode` what is said; of a video encoder it is what finds pictures by words.
    """

    modality: str
    name: str
    dim: int

    def encode(self, shots: Sequence[ShotInput]) -> np.ndarray:
        """(N, dim) float32; a row of zeros where the shot lacks the modality."""
        ...


def load_encoders(choice: str) -> list[Encoder]:
    """The encoders of a choice such as `descriptors`, in the order video, audio, text.

    choice  names with commas; `clip`, `video`, `wav2vec2` and `sentence` take `=FOLDER`, `=HUB-NAME` or
            `=HUB-NAME@REVISION`, `open` is the first, third and fourth, and `openai` takes `=MODEL`; of two that
            encode the same modality, the later one counts

    Raises InputError for a name that nobody has registered.
    """
    return [encoder for encoder, _ in _loaded(choice)]


def places_of(choice: str) -> dict[str, str]:
    """The name of each encoder of a choice that its name alone does not find again, with the part that loads it."""
    found = {encoder.name: _absolute(part) for encoder, part in _loaded(choice) if "=" in part}
    return {name: part for name, part in found.items() if choice_of(name) != part}


def _loaded(choice: str) -> list[tuple[Encoder, str]]:
    """Each encoder with the part of the choice that gave it, in the order video, audio, text."""
    chosen: dict[str, tuple[Encoder, str]] = {}
    for name in filter(None, (part.strip() for part in choice.split(","))):
        chosen |= {encoder.modality: (encoder, name) for encoder in _load(name)}
    if not chosen:
        raise InputError(f"--encoders is {choice!r}, but must name at least one of {', '.join(known_encoders())}")
    return [chosen[m] for m in MODALITIES if m in chosen]


def _absolute(part: str) -> str:
    name, _, model = part.partition("=")
    return f"{name}={Path(model).absolute()}" if Path(model).is_dir() else part


def encode(encoder: Encoder, shots: Sequence[ShotInput]) -> np.ndarray:
    """(N, dim) float32, checked: an encoder may be anyone's.

    Raises InputError, which names the encoder, for whatever it raises, another shape, NaN, infinity, or no memory.
    """
    return checked_vectors(encoder, len(shots), lambda: encoder.encode(shots))


def checked_vectors(encoder: Encoder, count: int, make: Callable[[], Any]) -> np.ndarray:
    """(count, dim) float32 that `make` gives; InputError as of `encode`."""
    try:
        vectors = np.asarray(make(), dtype=np.float32)
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
    if vectors.shape != (count, encoder.dim):
        raise InputError(
            f"encoder {encoder.name} gave {vectors.shape} for {count} shots, expected {count, encoder.dim}"
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


def encode_queries(encoder: Encoder, texts: Sequence[str]) -> np.ndarray:
    """(T, dim) float32: what is searched for, by the encoder's own way for queries where it has one."""
    own = getattr(encoder, "encode_queries", None)
    return encode_texts(encoder, texts) if own is None else checked_vectors(encoder, len(texts), lambda: own(texts))


def encoder_like(
    made_by: str, modality: str, dim: int, choice: str | None = None, places: Sequence[str] = ()
) -> Encoder:
    """The encoder that made a catalog's columns, to encode more in the same way.

    made_by  what the catalog says: the encoder's own name, such as descriptors/1 or sentence:minilm@sha256-53aa51172d14
    choice   as `load_encoders` takes it, where that name does not say where the encoder is
    places   choices that loaded it before, which are tried first

    Raises InputError where it cannot be had, or is another one than made the columns.
    """
    if choice is None:
        for place in places:
            with suppress(InputError):  # the folder may have moved, or be of another machine
                return _like(made_by, modality, dim, place)
        choice = choice_of(made_by)
    if choice is None:
        raise InputError(f"the {modality} columns were made by {made_by!r}, which is no encoder that is known here")
    return _like(made_by, modality, dim, choice)


def _like(made_by: str, modality: str, dim: int, choice: str) -> Encoder:
    for encoder in load_encoders(choice):
        if encoder.modality == modality:
            if encoder.dim != dim or not same_weights(made_by, encoder.name):
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


def default_choice(
    made_by: Sequence[str] = (), places: Mapping[str, Sequence[str]] | None = None, *, trained: bool = False
) -> str:
    """The choice of an ingest for which none is made.

    made_by  the encoders of the catalog that is added to, as it names them; empty where there is none yet
    places   where these were found before, as `read_places` gives them
    trained  prefer `trained` to `descriptors` for a new catalog, where its packages are installed
    """
    found = [next((p for p in (places or {}).get(n, ()) if _may_load(p)), None) or choice_of(n) for n in made_by]
    choices = [choice for choice in found if choice is not None]
    if choices:
        several = ("descriptors", "trained", "open")  # these come first, as of two for one modality the later counts
        return ",".join(
            sorted(dict.fromkeys(choices), key=lambda c: several.index(c) if c in several else len(several))
        )
    return "trained" if trained and ENCODERS.get("trained").is_installed() else "descriptors"


def _may_load(choice: str) -> bool:
    """Is a folder that this choice names still there? Whether it holds the same weights is seen when it is loaded."""
    place = choice.partition("=")[2]
    return not Path(place).is_absolute() or Path(place).is_dir()


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
