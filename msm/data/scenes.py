"""Scenes of a title, read from the shot labels `scene_start` and `scene`.

Shape letter: N shots of a title.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

COLUMNS = ("scene_start", "scene")  # the labels that mark scenes; the first one present is read
POSITIONS = ("first", "middle", "last", "only")  # of a shot in its scene; "only" where the scene has one shot
UNKNOWN = -1


def scene_numbers(shots: pd.DataFrame) -> np.ndarray:
    """Number the scenes of a title from 0 in order; −1 where the scene is unknown.

    shots    N rows in order. `scene_start` is 1 (or true) where a scene begins. `scene` is any number or text; a new
             scene begins where it changes. Missing values, blanks and negative numbers (also as text: "-1") are unknown.
    returns  (N,) int64
    """
    if "scene_start" in shots and (marked := _start_values(shots["scene_start"])).notna().any():
        return np.cumsum(np.r_[0, marked.to_numpy()[1:] > 0]).astype(np.int64)
    if "scene" not in shots:
        return np.full(len(shots), UNKNOWN)
    text = _text(shots["scene"])
    known = ((text != "") & ~(pd.to_numeric(text, errors="coerce") < 0)).to_numpy()
    begins = known & scene_begins(text.to_numpy())
    return np.where(known, np.cumsum(begins) - 1, UNKNOWN).astype(np.int64)


def scene_begins(scene: np.ndarray) -> np.ndarray:
    """(N,) bool: True at the first shot and wherever the scene differs from that of the shot before."""
    return np.r_[np.ones(min(1, len(scene)), dtype=bool), scene[1:] != scene[:-1]]


def position_in_scene(scene: np.ndarray) -> np.ndarray:
    """(N,) scene numbers → (N,) str, one of POSITIONS, or "" where the scene is unknown."""
    starts = scene_begins(scene)
    ends = scene_begins(scene[::-1])[::-1]
    place = np.select([starts & ends, starts, ends], ["only", "first", "last"], "middle")
    return np.where(scene == UNKNOWN, "", place)


def scenes_of_titles(shots: pd.DataFrame, num_shots: Iterable[int]) -> np.ndarray:
    """Number the scenes of several titles, no number twice; −1 where the scene is unknown.

    shots      rows of the titles one after the other
    num_shots  how many of them each title has
    """
    parts, first, start = [np.zeros(0, dtype=np.int64)], 0, 0
    for count in num_shots:
        scene = scene_numbers(shots.iloc[start : start + count])
        parts.append(np.where(scene == UNKNOWN, UNKNOWN, scene + first))
        first, start = first + int(scene.max(initial=UNKNOWN)) + 1, start + count
    return np.concatenate(parts)


def _start_values(column: pd.Series) -> pd.Series:
    """`scene_start` as numbers: above 0 where a scene begins, NaN where it is unknown."""
    if pd.api.types.is_any_real_numeric_dtype(column):
        numbers = pd.Series(column.to_numpy(dtype=float, na_value=float("nan")), column.index)
    else:
        numbers = pd.to_numeric(_text(column).str.lower().replace({"true": "1", "false": "0"}), errors="coerce")
    return numbers.mask(numbers < 0)


def _text(column: pd.Series) -> pd.Series:
    """Each value as text without blanks around it, "" where it is missing."""
    return column.astype(object).where(column.notna(), "").map(str).str.strip()
