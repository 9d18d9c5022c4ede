"""What every import format must tell: which titles there are, which modalities, and each title's shots.

Shape letters: N shots of a title, D width of a shot embedding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from msm.data.names import slug_of
from msm.data.scenes import scene_numbers
from msm.data.schema import TITLE_COLUMNS
from msm.errors import InputError

DERIVED = tuple(c for c in TITLE_COLUMNS if c not in ("title_id", "name", "split"))


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One title as its source lists it, before its vectors are read. `split` is "" where none is given."""

    title_id: str
    name: str = ""
    split: str = ""
    labels: Mapping[str, Any] = field(default_factory=dict)
    key: Any = None  # what the source needs to find it again


class Source(Protocol):
    """An opened source of embeddings. Nothing large is read before `read`."""

    @property
    def entries(self) -> Sequence[Entry]: ...

    @property
    def dims(self) -> Mapping[str, int]:
        """Modality → width, in the order of their blocks."""
        ...

    @property
    def dtypes(self) -> Mapping[str, np.dtype]:
        """Modality → the widest type that the source has for it."""
        ...

    @property
    def dropped(self) -> Sequence[str]:
        """What is not imported, a phrase each."""
        ...

    def read(self, entry: Entry) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
        """The title's (N, width) blocks by modality, missing ones left out, and its N rows of shots."""
        ...


def only_file(folder: Path, suffix: str, hint: str) -> Path:
    """The one file with a suffix in a folder; InputError with a hint where there are none or several."""
    found = sorted(folder.glob(f"*.{suffix}"))
    if len(found) != 1:
        names = ", ".join(f.name for f in found) or "none"
        raise InputError(f"{folder} should hold one .{suffix} file, but holds {names}; {hint}")
    return found[0]


def slugs(names: Iterable[str]) -> list[str]:
    """An id for each name, lower case with hyphens; of names that would share one, the later get -2, -3 …"""
    ids: dict[str, None] = {}
    for name in names:
        stem = slug_of(name)[:60].strip("-")
        slug, count = stem, 1
        while slug in ids:
            count += 1
            slug = f"{stem}-{count}"
        ids[slug] = None
    return list(ids)


def parse_modalities(specs: Sequence[str]) -> dict[str, str]:
    """`["video=embedding[0:768]", "text=words"]` → `{"video": "embedding[0:768]", "text": "words"}`."""
    parsed: dict[str, str] = {}
    for spec in specs:
        name, _, array = spec.partition("=")
        if not name or not array:
            raise InputError(
                f"--modality {spec!r}: write NAME=ARRAY, or NAME=ARRAY[START:STOP] for some of its columns"
            )
        if name in parsed:
            raise InputError(f"--modality: {name!r} is there twice")
        parsed[name] = array
    return parsed


def parse_columns(array: str) -> tuple[str, slice]:
    """`"embedding[0:768]"` → `("embedding", slice(0, 768))`; without brackets all columns."""
    found = re.fullmatch(r"(.+)\[(\d+):(\d+)\]", array)
    return (found[1], slice(int(found[2]), int(found[3]))) if found else (array, slice(None))


def add_scenes(shots: pd.DataFrame) -> pd.DataFrame:
    """Number the scenes from 0 where the source marks only their first shots (`scene_start`)."""
    if "scene_start" not in shots or "scene" in shots:
        return shots
    return shots.assign(scene=scene_numbers(shots))
