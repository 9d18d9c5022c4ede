"""Shots that are hidden together stand an odd number apart, so that of two alternating views neither is hidden alone."""

from __future__ import annotations

import numpy as np
import pytest

from msm.interpret.surprise import FASTER, LEAST_GROUPS, MOST_GROUPS, turns_of


@pytest.mark.parametrize("num_shots", [*range(1, 130), 200, 255, 256, 372, 384, 400, 500, 512])
def test_the_groups_are_odd_in_number_and_in_bounds(num_shots):
    turns = turns_of(num_shots, 512, exact=False)
    groups = int(turns.max()) + 1

    assert groups == min(num_shots, groups) and (groups % 2 == 1 or groups == num_shots < LEAST_GROUPS)
    assert groups <= MOST_GROUPS
    assert num_shots < LEAST_GROUPS or groups >= LEAST_GROUPS
    assert num_shots < FASTER * LEAST_GROUPS or groups * FASTER <= num_shots or groups == LEAST_GROUPS


@pytest.mark.parametrize("num_shots", [60, 96, 120, 240, 372])
def test_of_two_views_that_take_turns_every_turn_hides_both(num_shots):
    turns = turns_of(num_shots, 512, exact=False)
    view = np.arange(num_shots) % 2
    for turn in range(int(turns.max()) + 1):
        assert set(view[turns == turn]) == {0, 1}


def test_every_window_of_a_long_title_has_groups_of_its_own_and_exact_turns_are_one_shot_each():
    turns = turns_of(300, 128, exact=False)
    assert [turns[start] for start in (0, 100, 200)] == [0, 0, 0]
    exact = turns_of(300, 128, exact=True)
    for start in (0, 100, 200):
        assert sorted(exact[start : start + 100]) == list(range(100))
