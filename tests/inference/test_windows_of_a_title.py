"""A title is cut into as few windows as cover it, as nearly equal as can be; saved measurements depend on just where."""

from __future__ import annotations

from itertools import pairwise

import pytest

from msm.inference.predict import split_windows


@pytest.mark.parametrize(
    ("num_shots", "max_shots", "windows"),
    [
        (1, 512, [(0, 1)]),
        (512, 512, [(0, 512)]),
        (513, 512, [(0, 256), (256, 513)]),
        (1000, 400, [(0, 333), (333, 667), (667, 1000)]),
        (11, 3, [(0, 3), (3, 6), (6, 8), (8, 11)]),
    ],
)
def test_windows_begin_at_the_shot_nearest_to_an_equal_share(num_shots, max_shots, windows):
    assert split_windows(num_shots, max_shots) == windows


@pytest.mark.parametrize("max_shots", [2, 7, 512])
def test_windows_cover_a_title_without_a_gap_and_none_is_too_long(max_shots):
    for num_shots in range(1, 200):
        windows = split_windows(num_shots, max_shots)
        assert len(windows) == -(-num_shots // max_shots)
        assert windows[0][0] == 0 and windows[-1][1] == num_shots
        assert all(before[1] == after[0] for before, after in pairwise(windows))
        assert (
            max(b - a for a, b in windows) <= max_shots
            and max(b - a for a, b in windows) - min(b - a for a, b in windows) <= 1
        )
