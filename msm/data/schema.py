"""What a catalog must hold: the format's names, and the rules that its reader and its writer share.

Shape letters: N shots of a title, D width of a shot embedding, M modalities.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from msgspec import Meta, Struct

from msm.config.schema import Count, Text
from msm.errors import InputError, ShotError

FORMAT = "msm-catalog/1"
SPLITS = ("train", "validation", "test")
TITLE_COLUMNS = ("title_id", "name", "split", "first_shot", "num_shots", "duration_s")
SOURCE_COLUMNS = ("source", "source_size", "source_mtime", "source_hash", "source_place")  # the file of a title
TITLE_OPTIONAL = ("synopsis", "tags", "media", *SOURCE_COLUMNS)
SHOT_COLUMNS = ("title_id", "shot", "start_s", "end_s")
SHOT_OPTIONAL = ("text",)
INGEST_REPORT = "ingest.json"  # beside the tables: what `msm ingest` reported of each film
ENCODER_PLACES = "encoders.json"  # beside the tables: where the encoders were last found


@dataclass(frozen=True)
class Modality:
    """One block of a shot embedding's columns: `embedding[:, start : start + dim]`."""

    name: str
    start: int
    dim: int
    encoder: str = "unknown"

    @property
    def columns(self) -> slice:
        """Its columns of a shot's embedding."""
        return slice(self.start, self.start + self.dim)


class ModalityEntry(Struct, forbid_unknown_fields=True):
    """A modality as catalog.json has it."""

    name: Text
    start: Count
    dim: Annotated[int, Meta(ge=1, description="a width")]
    encoder: str = "unknown"


class Header(Struct):
    """catalog.json; more keys are allowed."""

    shot_dim: Count
    dtype: Literal["float16", "float32"]
    modalities: list[ModalityEntry]
    global_dim: Count | None = 0
    provenance: dict[str, Any] | None = None


def modalities_of(dims: Mapping[str, int], encoders: Mapping[str, str] | None = None) -> tuple[Modality, ...]:
    """Blocks side by side in the order given, e.g. `{"video": 768, "audio": 768, "text": 768}`."""
    starts = np.cumsum([0, *dims.values()])
    encoders = encoders or {}
    return tuple(
        Modality(name, int(start), int(dim), encoders.get(name, "unknown"))
        for (name, dim), start in zip(dims.items(), starts, strict=False)
    )


def labels_among(columns: Iterable[str]) -> list[str]:
    """Columns of titles.parquet that are labels; `source` alone, without the other columns of a file, is one too."""
    columns = list(columns)
    own = {*TITLE_COLUMNS, *TITLE_OPTIONAL}
    if not tells_sources(columns):
        own -= set(SOURCE_COLUMNS)
    return [c for c in columns if c not in own]


def tells_sources(columns: Iterable[str]) -> bool:
    """Do titles with these columns say which files they were made from?"""
    return set(SOURCE_COLUMNS) <= set(columns)


def in_words(shape: Iterable[tuple[str, int]]) -> str:
    """Which kind of shots, from name and width of each modality: `video 768 + audio 768`."""
    return " + ".join(f"{name} {dim}" for name, dim in shape)


def embedding_problems(title_id: str, embeddings: np.ndarray, modalities: Sequence[Modality]) -> Iterator[ShotError]:
    """What is wrong with a title's (N, D) vectors: NaN, infinity, a shot with no modality at all."""
    for shot in np.flatnonzero(~np.isfinite(embeddings).all(axis=1)):
        block = next(m.name for m in modalities if not np.isfinite(embeddings[shot, m.columns]).all())
        yield ShotError(title_id, int(shot), f"NaN or infinite value in {block}")
    for shot in np.flatnonzero(~embeddings.any(axis=1)):
        yield ShotError(title_id, int(shot), "all zeros, so it has no modality")


def time_problems(shots: pd.DataFrame) -> Iterator[ShotError]:
    """Shots that begin or end nowhere, or not one after the other; columns title_id, shot, start_s, end_s."""
    start, end = (shots[name].to_numpy() for name in ("start_s", "end_s"))
    if not start.dtype == end.dtype == np.float64:
        start, end = (shots[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in ("start_s", "end_s"))
    bad = (np.isnan(start) != np.isnan(end)) | (end <= start) | (start < 0) | np.isinf(end)
    for i in np.flatnonzero(bad):
        rule = f"a shot from {start[i]} s to {end[i]} s has no length"
        yield ShotError(shots["title_id"].iloc[i], shots["shot"].iloc[i], rule)


def check_title_id(title_id: str, where: str = "") -> None:
    """An id names files under media/, so it must stay in its folder and fit a file name."""
    fits = 0 < len(title_id.encode("utf-8", "replace")) <= 200
    if not fits or title_id in (".", "..") or not title_id.isprintable() or any(c in title_id for c in "/\\"):
        raise InputError(
            f"{where}title id {title_id[:60]!r} cannot be used: ids are 1 to 200 bytes of printable text without / or \\"
        )


def check_modalities(where: str, modalities: Sequence[Modality], shot_dim: int) -> None:
    """InputError unless the blocks follow each other and cover the whole shot, each with a name of its own."""
    end = 0
    for m in modalities:
        if not isinstance(m.name, str) or not m.name or not isinstance(m.encoder, str):
            raise InputError(f"{where}: the name and the encoder of a modality must be text, but {m.name!r} is not")
        if type(m.start) is not int or type(m.dim) is not int or m.start != end or m.dim < 1:
            raise InputError(
                f"{where}: modality {m.name!r} starts at column {m.start} and is {m.dim} wide, expected start {end}"
            )
        end += m.dim
    names = [m.name for m in modalities]
    if end != shot_dim or end == 0 or len(set(names)) != len(names):
        raise InputError(f"{where}: the modalities {names} cover {end} columns, but shot_dim is {shot_dim}")
