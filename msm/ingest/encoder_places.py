"""Where the encoders of a catalog were last found, kept beside its tables in encoders.json.

A catalog names the weights of its encoders; of a local folder the name says which weights they are, but not where they
lie. The place is noted when titles are made or a search names it, on each machine its own; a catalog that cannot be
written to is searched with the place named each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from msm.config.schema import check
from msm.data.schema import ENCODER_PLACES
from msm.errors import InputError
from msm.io.files import read_json, write_json

FILE = ENCODER_PLACES
MOST = 8  # places of one encoder that are kept, the latest first


class _Places(Struct):
    places: dict[str, list[str]]  # name of an encoder → choices of --encoders that loaded it


def read_places(catalog: Path) -> dict[str, list[str]]:
    """Each encoder's name with the choices that loaded it, the latest first; empty where nothing is known."""
    path = catalog / FILE
    try:
        return check(_Places, read_json(path), path).places
    except (InputError, OSError):
        return {}


def keep_places(folder: Path, known: Mapping[str, Iterable[str]]) -> None:
    """Write what is known into a catalog's folder; nothing where nothing is."""
    places = {name: list(dict.fromkeys(choices))[:MOST] for name, choices in known.items()}
    if places := {name: choices for name, choices in places.items() if choices}:
        write_json(folder / FILE, {"places": places})


def note_place(catalog: Path, name: str, choice: str) -> None:
    """Add a choice that loaded an encoder, if the catalog can be written to."""
    known = read_places(catalog)
    if known.get(name, [])[:1] != [choice]:
        with suppress(OSError):
            keep_places(catalog, {**known, name: [choice, *known.get(name, [])]})
