"""Data of the filmstrip component: the shots of a title, and the scores of its hidden shots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from msm import baselines
from msm.data.scenes import UNKNOWN, scene_begins, scene_numbers
from msm.masking.parts import Parts
from workbench.views.fill_in.shot_table import modality_columns
from workbench.views.formatting import modality_label, part
from workbench.views.shot_colors import fingerprint_colors

BASELINE_OF = {"centred_cosine": "best_baseline", "cosine": "best_baseline_cosine"}
LONGEST_TEXT = 240  # characters of a shot's text that a tooltip shows


def strip_shots(
    key: str,
    name: str,
    shots: pd.DataFrame,
    embeddings: np.ndarray,
    thumbnails: str | None = None,
    *,
    media: str | None = None,
    modalities: Sequence[str] = (),
) -> dict[str, Any]:
    """The filmstrip's `shots`, ready for JSON (see components/filmstrip/filmstrip.js).

    shots       a row a shot: start_s, end_s; optional text, and scene or scene_start for the marks
    embeddings  (N, D)
    thumbnails  address that `NUMBER.webp` is appended to, None where the title has none
    media       address of the film itself, None where there is none
    modalities  those that can be hidden by themselves
    """
    return {
        "key": key,
        "name": name,
        "colors": fingerprint_colors(embeddings),
        "starts": _rounded(shots["start_s"].to_numpy(dtype=float)),
        "ends": _rounded(shots["end_s"].to_numpy(dtype=float)),
        "scenes": scene_starts(shots),
        "texts": _texts(shots) if "text" in shots else None,
        "thumbnails": thumbnails,
        "media": media,
        "modalities": list(modalities),
    }


def as_message(parts: Parts, hidden: Sequence[int]) -> str | dict[str, list[int]]:
    """The hidden modalities as the front end takes them: one modality of all hidden shots, or {modality: [shot, …]}."""
    if not parts:
        return ""
    if [*parts.values()] == [None]:
        return next(iter(parts))
    return {name: list(hidden if shots is None else shots) for name, shots in parts.items()}


def scene_starts(shots: pd.DataFrame) -> list[int]:
    """Shots at which a scene begins, from the label scene_start or scene; empty where there is neither."""
    numbers = scene_numbers(shots)
    return np.flatnonzero((numbers != UNKNOWN) & scene_begins(numbers)).tolist()


def scene_around(shots: pd.DataFrame, shot: int) -> list[int]:
    """The shots of the scene that holds this one; none where its scene is unknown."""
    numbers = scene_numbers(shots)
    return [] if numbers[shot] == UNKNOWN else np.flatnonzero(numbers == numbers[shot]).tolist()


def strip_answer(table: pd.DataFrame | None, best_baseline_name: str = "") -> dict[str, Any] | None:
    """The filmstrip's `answer` from a fill-in's table: all measures at once, so that the browser switches between them.

    table  a row a hidden shot: shot, centred_cosine with best_baseline, cosine with best_baseline_cosine, and
           centred_MODALITY with best_MODALITY
    """
    if table is None:
        return None
    label = baselines.best_label(best_baseline_name)
    measures = [
        _measure(table, "centred", "Centred cosine", "centred cosine to the real shot", label, "centred_cosine"),
        _measure(table, "raw", "Raw cosine", "raw cosine to the real shot", label, "cosine"),
    ]
    known = [column for column in modality_columns(table) if table[column].notna().any()]
    for column in known if len(known) > 1 else []:  # a single modality repeats the first measure
        name = column.removeprefix("centred_")
        axis = f"centred cosine of the {part(name)} to the real shot"
        measures.append(_measure(table, name, modality_label(name), axis, "Best baseline", column))
    return {"shots": [int(s) for s in table["shot"]], "measures": measures}


def _measure(table: pd.DataFrame, key: str, label: str, axis: str, baseline: str, column: str) -> dict[str, Any]:
    best = BASELINE_OF.get(column, column.replace("centred_", "best_"))
    values = {"model": _rounded(table[column], 3), "best": _rounded(table[best], 3)}
    return {"key": key, "label": label, "axis": axis, "baseline": baseline, **values}


def _rounded(values: Iterable[float], digits: int = 2) -> list[float | None]:
    return [round(float(v), digits) if np.isfinite(v) else None for v in values]


def _texts(shots: pd.DataFrame) -> list[str]:
    return [t[:LONGEST_TEXT] if isinstance(t, str) else "" for t in shots["text"]]
