"""One rule for the rank of the true shot: every shot that is nearer counts one, every shot that is as near counts half."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm import metrics
from msm.data.catalog import modalities_of
from msm.data.space import Space
from msm.data.told import Told
from msm.evaluation.protocol import Case
from msm.inference.candidates import Pool, nearest_shots
from msm.metrics import fast
from msm.models.heads.neighbour import sharpening

ORIGIN = np.zeros(4, dtype=np.float32)
SHOTS = np.eye(4, dtype=np.float32)[[0, 0, 1, 2, 0]]  # three twins


def ranks(guess: np.ndarray, shots: np.ndarray, where: np.ndarray) -> list[list[float]]:
    """By the slow and by the fast of the two functions."""
    slow = metrics.rank_of_truth(guess, shots, where, np.zeros(shots.shape[1], dtype=np.float32))
    return [slow.tolist(), fast.rank_of_truth(guess, shots, where).tolist()]


def test_of_twins_each_has_the_mean_of_the_places_that_they_share():
    guess = SHOTS[[0, 1, 4]]
    assert ranks(guess, SHOTS, np.array([0, 1, 4])) == [[2.0, 2.0, 2.0]] * 2


def test_a_twin_that_is_not_nearest_counts_half_as_well():
    guess = np.array([[0.5, 1.0, 0.0, 0.0]], dtype=np.float32)
    assert ranks(guess, SHOTS, np.array([0])) == [[1 + 1 + 2 / 2]] * 2


@pytest.mark.parametrize("guess", [[1.0, 0, 0, 0], [0.5, 1.0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1.0]])
@pytest.mark.parametrize("columns", [None, np.array([True, True, False, False])])
def test_the_panel_of_nearest_shots_gives_the_rank_of_the_report(guess, columns):
    pool = Pool(SHOTS, np.arange(len(SHOTS)), len(SHOTS))
    space = Space(modalities_of({"video": 4}), "joint", ORIGIN, 3.0)
    compared = slice(None) if columns is None else columns
    predicted = np.array(guess, dtype=np.float32)
    for truth in range(len(SHOTS)):
        _, rank = nearest_shots(predicted, pool, space, 3, truth, columns)
        assert rank == ranks(predicted[None, compared], SHOTS[:, compared], np.array([truth]))[0][0]


def test_a_guess_that_says_nothing_ranks_in_the_middle_and_not_first():
    nothing = np.zeros((1, 4), dtype=np.float32)
    assert ranks(nothing, SHOTS, np.array([3])) == [[3.0]] * 2


def test_a_shot_without_a_direction_is_like_nothing_and_unlike_nothing():
    shots = np.concatenate([SHOTS, np.zeros((1, 4), dtype=np.float32)])
    guess = np.array([[1.0, 0.0, -1.0, 0.0]], dtype=np.float32)
    assert ranks(guess, shots, np.array([5])) == [[1 + 3 + 1 / 2]] * 2


@st.composite
def titles_with_twins(draw) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Small whole numbers, so that equal cosines are equal in every way of computing them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    num = draw(st.integers(2, 12))
    shots = np.eye(5, dtype=np.float32)[rng.integers(0, 5, num)] * rng.choice([-1, 1], num)[:, None]
    where = np.flatnonzero(rng.random(num) < 0.5)
    guess = rng.permuted(np.tile(np.array([0, 0, 1, 2, 4], dtype=np.float32), (len(where), 1)), axis=1)
    return guess, shots.astype(np.float32), where


@given(titles_with_twins())
@settings(max_examples=100, deadline=None)
def test_the_rank_is_the_mean_over_all_orders_of_what_is_equally_near(title):
    guess, shots, where = title
    near = guess @ shots.T
    known = [1 + (row > row[w]).sum() + ((row == row[w]).sum() - 1) / 2 for row, w in zip(near, where, strict=True)]
    assert ranks(guess, shots, where) == [known, known]


def test_the_choice_of_sharpening_counts_ties_by_the_same_rule(monkeypatch):
    """A baseline that says nothing ranks the true shot in the middle, so a guess that finds it first is good enough."""
    space = Space(modalities_of({"video": 4}), "joint", ORIGIN, 2.0)
    hidden = np.array([True, False, False, False, False])
    case = Case(0, "title", SHOTS, hidden, Told())
    told = []
    monkeypatch.setattr(sharpening.np, "median", lambda ranks: told.append(np.asarray(ranks)) or 0.5)
    sharpening.choose_sharpening([np.zeros((1, 4), dtype=np.float32)], [case], space)
    silent = [shares for shares in told[1:] if len(shares)]

    assert silent[0] == pytest.approx(3 / 5)  # nothing said, nothing added: in the middle of five
