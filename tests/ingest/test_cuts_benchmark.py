"""What benchmarks.cuts counts: each marked cut is met once, and kinds of cuts are counted by themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.cuts import score

MARKED = pd.DataFrame(
    {"start_frame": [0, 100, 203, 300], "end_frame": [99, 198, 299, 400], "scene_start": [1, 0, 1, 0]}
)  # the second cut is gradual: frames 199 to 202 are of neither shot


@pytest.mark.parametrize(
    ("found", "met", "f1", "gradual"),
    [
        ([100, 203, 300], 3, 1.0, [1, 1]),
        ([96, 104, 305], 1, 1 / 3, [0, 1]),  # two beside one cut meet it once, and five frames are too far
        ([], 0, 0.0, [0, 1]),
    ],
)
def test_each_marked_cut_is_met_at_most_once_and_within_the_tolerance(found, met, f1, gradual):
    told = score(np.array(found, float), MARKED, 4)
    assert (told["met"], told["gradual"]) == (met, gradual) and told["f1"] == pytest.approx(f1, abs=1e-3)
    assert told["scene_starts"] == gradual
