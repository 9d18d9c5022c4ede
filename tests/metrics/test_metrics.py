import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm import metrics
from msm.metrics import fast


def test_a_perfect_prediction_ranks_first_and_one_without_information_in_the_middle():
    rng = np.random.default_rng(0)
    shots, where, mean = rng.normal(size=(11, 6)), np.array([4, 9]), np.zeros(6)
    assert metrics.rank_of_truth(shots[where], shots, where, mean).tolist() == [1, 1]
    assert metrics.rank_of_truth(np.zeros((2, 6)), shots, where, mean).tolist() == [6, 6]


def rank_by_definition(predicted, shots, where, mean):
    """One cosine at a time, in float64: equal shots have equal cosines."""
    ranks = []
    for row, place in zip(predicted.astype(float) - mean, where, strict=True):
        cosines = [row @ (shot - mean) / (np.linalg.norm(shot - mean) or 1) for shot in shots.astype(float)]
        others = [c for n, c in enumerate(cosines) if n != place]
        ranks.append(1 + sum(c > cosines[place] for c in others) + sum(c == cosines[place] for c in others) / 2)
    return ranks


@settings(deadline=None, max_examples=200)
@given(
    copies=st.lists(st.integers(0, 5), min_size=2, max_size=60),
    width=st.integers(2, 40),
    hidden=st.integers(1, 8),
    blank=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_identical_shots_tie_in_both_ranks_whatever_the_matrix_product_rounds(copies, width, hidden, blank, seed):
    rng = np.random.default_rng(seed)
    shots = rng.normal(size=(6, width)).astype(np.float32)[copies]
    where, mean = rng.integers(0, len(shots), hidden), rng.normal(size=width).astype(np.float32)
    predicted = np.tile(mean, (hidden, 1)) if blank else rng.normal(size=(hidden, width)).astype(np.float32)
    expected = rank_by_definition(predicted, shots, where, mean)
    np.testing.assert_array_equal(metrics.rank_of_truth(predicted, shots, where, mean), expected)
    np.testing.assert_array_equal(fast.rank_of_truth(predicted - mean, shots - mean, where), expected)


def test_the_centred_cosine_of_the_mean_is_zero():
    rng = np.random.default_rng(0)
    truth, mean = rng.normal(size=(5, 4)), np.ones(4)
    assert (metrics.centred_cosine(np.tile(mean, (5, 1)), truth, mean) == 0).all()


def test_skill_is_the_share_won_of_what_the_baseline_leaves():
    assert metrics.skill(0.7, 0.4) == pytest.approx(0.5)
    assert metrics.skill(0.4, 0.4) == 0
    assert metrics.skill(0.1, 0.4) < 0


def test_an_interval_leaves_out_two_and_a_half_percent_on_each_side():
    low, high = metrics.middle(np.arange(2001) / 2000)
    assert (low, high) == (pytest.approx(0.025), pytest.approx(0.975))
