"""What is known of a title besides its pictures: its name, synopsis, tags, split and labels.

It stands in a sidecar: `film.json` beside `film.mp4`, or in what the command line gives.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from msgspec import Meta, Struct

from msm.config.schema import Number, check
from msm.data.names import split_of
from msm.data.schema import TITLE_COLUMNS, TITLE_OPTIONAL, check_title_id
from msm.errors import InputError
from msm.ingest.subtitles import lines_of_transcript, most_overlapped
from msm.io.files import read_json

KEYS = ("title_id", "name", "synopsis", "tags", "split", "labels", "shots")


@dataclass(frozen=True, kw_only=True)
class TitleFacts:
    """Facts of one title; empty where nobody gave them.

    labels  further columns of titles.parquet
    shots   spans {start_s, end_s, label: value …}; a shot takes the labels of the span that it overlaps most
    warnings  a sentence for a JSON file beside the film that is no sidecar of ours, and was passed over
    """

    title_id: str = ""
    name: str = ""
    synopsis: str = ""
    tags: str = ""
    split: str = ""
    labels: Mapping[str, Any] = field(default_factory=dict)
    shots: tuple[Mapping[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """What a metadata embedding is made of; empty where there is neither synopsis nor tags."""
        return " ".join([self.name, self.synopsis, self.tags.replace("|", " ")]) if self.synopsis or self.tags else ""


class Span(Struct):
    """A span of `shots` in a sidecar; any further key is a label."""

    start_s: Number
    end_s: Number


class Sidecar(Struct, forbid_unknown_fields=True):
    """The JSON file beside a film."""

    title_id: str = ""
    name: str = ""
    synopsis: str = ""
    tags: Annotated[str, Meta(description="a list of words")] = ""  # joined by |
    split: str = ""
    labels: dict[str, Annotated[str | int | float | bool | None, Meta(description="a text or a number")]] = {}
    shots: list[Span] = []


def facts_of(video: Path, given: TitleFacts | None = None) -> TitleFacts:
    """The sidecar's facts, and over them those that were given; name and id are empty where nobody gave them.

    Raises InputError that names the sidecar and the key.
    """
    sidecar = video.with_suffix(".json")
    facts = _read_sidecar(sidecar) if sidecar.is_file() else TitleFacts()
    if given is not None:
        labels = {**facts.labels, **given.labels}
        facts = replace(facts, **{k: v for k in KEYS if (v := getattr(given, k))})
        facts = replace(facts, labels=labels)
    if facts.title_id:
        check_title_id(facts.title_id, f"{video}: ")
    return replace(facts, split=split_of(facts.split, str(video)))


def _read_sidecar(path: Path) -> TitleFacts:
    """Facts of a sidecar of ours; of another program's file only a warning, and of a transcript nothing."""
    try:
        found = read_json(path)
    except InputError as error:
        if _names_our_keys(path):
            raise
        return TitleFacts(warnings=(f"{error}; it was passed over",))
    if lines_of_transcript(found) is not None:
        return TitleFacts()
    if not _is_ours(found):
        listed = ", ".join(KEYS)
        return TitleFacts(warnings=(f"{path} is no sidecar of a title, which has {listed}; it was passed over",))
    for key in found:
        if key not in KEYS:
            raise InputError(
                f"{path}: {key!r} is not known; a title has {', '.join(KEYS)}, and labels of your own inside labels"
            )
    tags = found.get("tags", "")
    if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
        found = {**found, "tags": "|".join(tags)}
    entry = check(Sidecar, found, path)
    for name in entry.labels:
        if name in TITLE_COLUMNS + TITLE_OPTIONAL:
            raise InputError(f"{path}: a label cannot be called {name!r}, as a column of the format is")
    return TitleFacts(**{**found, "shots": tuple(found.get("shots", ()))})


def _is_ours(found: Any) -> bool:
    """Whether at least half of its keys are those of a title, or are one of them with a typo."""
    if not isinstance(found, dict):
        return False
    ours = sum(bool(difflib.get_close_matches(key.lower(), KEYS, n=1, cutoff=0.75)) for key in found)
    return 2 * ours >= len(found)


def _names_our_keys(path: Path) -> bool:
    """Whether a broken file was meant as a sidecar."""
    try:
        with open(path, "rb") as file:
            head = file.read(1 << 16)
    except OSError:
        return False
    return any(f'"{key}"'.encode() in head for key in ("title_id", "synopsis", "split", "labels", "tags"))


def labels_of_shots(spans: Sequence[Mapping[str, Any]], starts: np.ndarray, ends: np.ndarray) -> pd.DataFrame:
    """A row a shot with the labels of the span that it overlaps most; null where it overlaps none."""
    if not spans:
        return pd.DataFrame(index=range(len(starts)))
    bounds = np.array([[s["start_s"], s["end_s"]] for s in spans], dtype=float)
    chosen = most_overlapped(starts.tolist(), ends.tolist(), bounds[:, 0], bounds[:, 1])
    labels = pd.DataFrame(
        [{k: v for k, v in s.items() if k not in ("start_s", "end_s", "text", "shot")} for s in spans]
    )
    return labels.reindex(np.where(chosen >= 0, chosen, len(labels))).reset_index(drop=True)
