"""What the filmstrip shows of a title, apart from what is hidden."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from workbench.views.fingerprint import fingerprint_colors

LONGEST_TEXT = 240  # characters of a shot's text that a tooltip shows


def strip_shots(
    key: str, name: str, shots: pd.DataFrame, embeddings: np.ndarray, thumbnails: str | None = None
) -> dict[str, Any]:
    """The filmstrip's `shots`, ready for JSON (see components/filmstrip/filmstrip.js).

    shots       a row a shot: start_s; optional text, and scene or scene_start for the marks
    embeddings  (N, D)
    thumbnails  address that `NUMBER.webp` is appended to, None where the title has none
    """
    starts = shots["start_s"].to_numpy(dtype=float)
    return {
        "key": key,
        "name": name,
        "colors": fingerprint_colors(embeddings),
        "starts": [round(float(s), 2) if np.isfinite(s) else None for s in starts],
        "scenes": scene_starts(shots),
        "texts": _texts(shots) if "text" in shots else None,
        "thumbnails": thumbnails,
    }


def scene_starts(shots: pd.DataFrame) -> list[int]:
    """Shots at which a scene begins, from the label scene_start or scene; empty where there is neither."""
    if "scene_start" in shots:
        starts = shots["scene_start"].fillna(0).to_numpy() != 0
    elif "scene" in shots:
        scene = shots["scene"]
        known = scene.notna() & (scene.astype(str) != "-1")
        starts = (known & (scene != scene.shift())).to_numpy()
    else:
        return []
    return [int(i) for i in np.flatnonzero(starts)]


def scene_around(shots: pd.DataFrame, shot: int) -> list[int]:
    """The shots of the scene that holds this one; all of the title where no scene is marked."""
    starts = scene_starts(shots)
    first = max([s for s in starts if s <= shot], default=0)
    after = min([s for s in starts if s > shot], default=len(shots))
    return list(range(first, after))


def strip_scores(table: pd.DataFrame | None) -> list[float | None]:
    """The filmstrip's `scores` from a fill-in's column centred_cosine, in the order of its shots."""
    if table is None:
        return []
    return [round(float(c), 3) if np.isfinite(c) else None for c in table["centred_cosine"]]


def _texts(shots: pd.DataFrame) -> list[str]:
    return [t[:LONGEST_TEXT] if isinstance(t, str) else "" for t in shots["text"]]
