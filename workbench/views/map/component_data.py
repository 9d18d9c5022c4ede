"""Data of the map component, ready for JSON: the points' titles, places, colours and flags.

Shape letters: N points.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from msm.data.ranges import format_ranges
from workbench.views import palette

MOST_TEXTS = 20_000  # points up to which the browser gets the text of each shot
LONGEST_TEXT = 160
OTHERS, UNKNOWN = "others", "not known"


def about_part(
    key: str, unit: str, titles: pd.DataFrame, shots: pd.DataFrame, frames: str, framed: Sequence[bool]
) -> dict[str, Any]:
    """The titles and shots behind the points, constant for a catalog.

    unit        `shots` or `titles`
    titles      title_id, name, first_shot, num_shots
    shots       start_s, optional text, in embedding order
    frames      the address of the catalog's thumbnails
    framed      which titles have thumbnails
    """
    of_titles = [
        {
            "name": str(name),
            "first": int(first),
            "count": int(count),
            "frames": quote(str(title_id), safe="") if has else None,
        }
        for title_id, name, first, count, has in zip(
            titles["title_id"], titles["name"], titles["first_shot"], titles["num_shots"], framed, strict=True
        )
    ]
    of_shots = unit == "shots"
    timed = of_shots and shots["start_s"].notna().any()
    texts = "text" in shots and of_shots and len(shots) <= MOST_TEXTS
    return {
        "key": f"{key}/{unit}",
        "count": len(shots) if of_shots else len(titles),
        "unit": unit,
        "frames": frames,
        "titles": of_titles,
        "starts": _packed(shots["start_s"].to_numpy(dtype=np.float32)) if timed else None,
        "texts": [t[:LONGEST_TEXT] if isinstance(t, str) else "" for t in shots["text"]] if texts else None,
    }


def points_part(key: str, points: np.ndarray) -> dict[str, Any]:
    """(N, 2) coordinates as 16-bit numbers, with the same scale on both axes."""
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max()) or 1.0
    centred = (points - (low + high) / 2) / extent + 0.5
    whole = np.clip(np.round(centred * 65535), 0, 65535).astype("<u2")
    return {"key": f"points/{key}", "x": _packed(whole[:, 0]), "y": _packed(whole[:, 1])}


def colours_part(key: str, label: str, values: pd.Series) -> dict[str, Any]:
    """A colour for each point: one for each of the ten most frequent values, grey for the rest; a ramp for continuous numbers."""
    numbers = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if numbers and values.nunique() > len(palette.CATEGORIES):
        index, entries, ramp = _ramp(values.to_numpy(dtype=float))
    else:
        index, entries, ramp = *_categories(values), None
    named = [{"name": name, "colour": colour, "count": count} for name, colour, count in entries]
    return {"key": f"colours/{key}/{label}", "label": label, "index": _packed(index), "palette": named, "ramp": ramp}


def _categories(values: pd.Series) -> tuple[np.ndarray, list[tuple[str, str, int]]]:
    words = values.astype(object).where(values.notna(), "").astype(str)
    counts = words[words != ""].value_counts()
    counts = counts.sort_index().sort_values(ascending=False, kind="stable")
    named = counts.iloc[: len(palette.CATEGORIES)]
    places = {value: i + 1 for i, value in enumerate(named.index)}
    index = words.map(places).fillna(0).to_numpy(dtype=np.uint8)
    rest = OTHERS if len(counts) > len(named) else UNKNOWN
    entries = [(rest, palette.OTHER, int((index == 0).sum()))]
    entries += [(str(v), palette.CATEGORIES[i], int(n)) for i, (v, n) in enumerate(named.items())]
    return index, entries


def _ramp(values: np.ndarray) -> tuple[np.ndarray, list[tuple[str, str, int]], list[str]]:
    known = np.isfinite(values)
    low, high = np.quantile(values[known], [0.01, 0.99])
    steps = len(palette.RAMP)
    share = np.clip((values[known] - low) / (float(high - low) or 1.0), 0, 1)
    index = np.zeros(len(values), dtype=np.uint8)
    index[known] = 1 + np.minimum((share * steps).astype(int), steps - 1)
    entries = [(UNKNOWN, palette.OTHER, int((~known).sum()))]
    for i, colour in enumerate(palette.RAMP):
        middle = low + (i + 0.5) / steps * (high - low)
        entries.append((f"about {_short(middle)}", colour, int((index == i + 1).sum())))
    return index, entries, [f"{_short(low)} or less", f"{_short(high)} or more"]


def bits(flags: np.ndarray) -> str:
    """(N,) bool packed to bits."""
    return _packed(np.packbits(flags))


def ranges(points: Iterable[int]) -> str:
    return format_ranges(points).replace(" ", "")


def _packed(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
