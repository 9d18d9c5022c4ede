"""The title and the hidden shots that a page shows before anything is chosen."""

from __future__ import annotations

import numpy as np
import pandas as pd

from msm.masking import random_hidden

TYPICAL_LENGTH = 120  # shots: long enough to measure something, short enough to see as a whole
RATIO = 0.2


def opening_title(titles: pd.DataFrame) -> str:
    """The title that a page opens on: an unseen one with about TYPICAL_LENGTH shots.

    titles  a row a title: title_id, split, num_shots
    """
    for split in ("test", "validation", "train"):
        of_split = titles[titles["split"] == split]
        if len(of_split):
            nearest = (of_split["num_shots"] - TYPICAL_LENGTH).abs().argmin()
            return str(of_split["title_id"].iloc[int(nearest)])
    raise ValueError("a catalog has at least one title")


def hide_at_random(num_shots: int, seed: int, ratio: float = RATIO) -> list[int]:
    """Draw hidden shots as the evaluation does; at least one hidden and one visible where the title has two."""
    hidden = random_hidden(num_shots, ratio, np.random.default_rng(seed))
    if num_shots > 1 and not hidden.any():
        hidden[num_shots // 2] = True
    if hidden.all():
        hidden[0] = False
    return [int(i) for i in np.flatnonzero(hidden)]
