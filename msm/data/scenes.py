"""Where scenes begin, as the labels of a title tell it: `scene_start`, or a `scene` that changes.

Shape letter: N shots of a title.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

COLUMNS = ("scene_start", "scene")  # the labels that mark scenes, the more exact one first
POSITIONS = ("first", "middle", "last", "only")  # of a shot in its scene; "only" where the scene has one shot
UNKNOWN = -1


def scene_numbers(shots: pd.DataFrame) -> np.ndarray:
    """(N,) int: 0 for the first scene of the title, then 1, 2, …; −1 where no label tells.

    shots  a title's rows in order; the labels scene_start (1 where a scene begins) and scene (any
           value that changes with the scene, −1 or empty where unknown) are looked at, if there
    """
    if "scene_start" in shots:
        return np.cumsum(np.r_[0, shots["scene_start"].fillna(0).to_numpy()[1:] != 0])
    if "scene" not in shots:
        return np.full(len(shots), UNKNOWN)
    scene = shots["scene"]
    known = (scene.notna() & ~scene.astype(str).isin(["-1", "-1.0", ""])).to_numpy()
    changes = np.r_[True, (scene != scene.shift()).to_numpy()[1:]]
    return np.where(known, np.cumsum(changes & known) - 1, UNKNOWN)


def position_in_scene(scene: np.ndarray) -> np.ndarray:
    """(N,) scene numbers → (N,) str, one of POSITIONS, or "" where the scene is not known."""
    starts = np.r_[True, scene[1:] != scene[:-1]]
    ends = np.r_[scene[1:] != scene[:-1], True]
    place = np.select([starts & ends, starts, ends], ["only", "first", "last"], "middle")
    return np.where(scene == UNKNOWN, "", place)
