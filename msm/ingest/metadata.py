"""What is known of a title besides its pictures: its name, synopsis, tags, split and labels.

It stands in a sidecar: `film.json` beside `film.mp4`, or in what the command line gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from msm.data.schema import TITLE_COLUMNS, TITLE_OPTIONAL, check_title_id
from msm.errors import InputError
from msm.importers.source import slugs, split_of
from msm.ingest.subtitles import most_overlapped
from msm.io.files import read_json

KEYS = ("title_id", "name", "synopsis", "tags", "split", "labels", "shots")


@dataclass(frozen=True, kw_only=True)
class TitleFacts:
    """Facts of one title; empty where nobody gave them.

    labels  further columns of titles.parquet
    shots   spans {start_s, end_s, label: value …}; a shot takes the labels of the span that it overlaps most
    """

    title_id: str = ""
    name: str = ""
    synopsis: str = ""
    tags: str = ""
    split: str = ""
    labels: Mapping[str, Any] = field(default_factory=dict)
    shots: tuple[Mapping[str, Any], ...] = ()

    @property
    def description(self) -> str:
        """What a metadata embedding is made of; empty where there is neither synopsis nor tags."""
        return " ".join([self.name, self.synopsis, self.tags.replace("|", " ")]) if self.synopsis or self.tags else ""


def facts_of(video: Path, given: TitleFacts | None = None) -> TitleFacts:
    """The sidecar's facts, and over them those that were given; a name and an id are made where there is none.

    Raises InputError that names the sidecar and the key.
    """
    sidecar = video.with_suffix(".json")
    facts = _read_sidecar(sidecar) if sidecar.is_file() else TitleFacts()
    if given is not None:
        facts = replace(facts, **{k: v for k in KEYS if (v := getattr(given, k))})
    facts = replace(facts, split=split_of(facts.split, str(video)), name=facts.name or video.stem)
    facts = replace(facts, title_id=facts.title_id or slugs([video.stem])[0])
    check_title_id(facts.title_id, f"{video}: ")
    return facts


def _read_sidecar(path: Path) -> TitleFacts:
    found = read_json(path)
    if not isinstance(found, dict):
        raise InputError(f"{path} must hold an object with {', '.join(KEYS)}")
    for key in found:
        if key not in KEYS:
            raise InputError(
                f"{path}: {key!r} is not known; a title has {', '.join(KEYS)}, and labels of your own inside labels"
            )
    for key in ("title_id", "name", "synopsis", "split"):
        if not isinstance(found.get(key, ""), str):
            raise InputError(f"{path}: {key} must be text")
    tags, labels, shots = found.get("tags", ""), found.get("labels", {}), found.get("shots", [])
    if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
        tags = "|".join(tags)
    if not isinstance(tags, str):
        raise InputError(f"{path}: tags must be a list of words")
    _check_labels(path, labels)
    return TitleFacts(**{**found, "tags": tags, "labels": labels, "shots": _spans(path, shots)})


def _check_labels(path: Path, labels: Any) -> None:
    if not isinstance(labels, dict):
        raise InputError(f"{path}: labels must be an object of names and values")
    for name, value in labels.items():
        if name in TITLE_COLUMNS + TITLE_OPTIONAL:
            raise InputError(f"{path}: a label cannot be called {name!r}, as a column of the format is")
        if not isinstance(value, str | int | float | bool | None):
            raise InputError(f"{path}: label {name!r} must be a text or a number")


def _spans(path: Path, shots: Any) -> tuple[dict[str, Any], ...]:
    if not isinstance(shots, list):
        raise InputError(f"{path}: shots must be a list of spans with start_s and end_s")
    for number, span in enumerate(shots):
        times = [span.get(k) for k in ("start_s", "end_s")] if isinstance(span, dict) else []
        if len(times) != 2 or not all(isinstance(t, int | float) for t in times):
            raise InputError(f"{path}: span {number} of shots needs start_s and end_s in seconds")
    return tuple(shots)


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
