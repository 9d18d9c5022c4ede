import numpy as np
import pytest

from msm import baselines


def line_of_shots(n=10):
    return np.stack([np.arange(n), np.ones(n)], axis=1).astype(np.float32)


def test_linear_is_exact_on_a_line():
    shots, hidden = line_of_shots(), np.isin(np.arange(10), [3, 4, 7])
    guess = baselines.predict_all(shots, hidden, shots.mean(axis=0), 3.0)["linear"]
    np.testing.assert_allclose(guess, shots[hidden], atol=1e-6)


def test_nearest_copies_the_earlier_of_two_equally_near():
    shots, hidden = line_of_shots(), np.isin(np.arange(10), [4])
    guess = baselines.predict_all(shots, hidden, shots.mean(axis=0), 3.0)["nearest_visible"]
    assert guess[0, 0] == 3


def test_beyond_the_last_visible_shot_linear_copies_it():
    shots, hidden = line_of_shots(), np.isin(np.arange(10), [0, 8, 9])
    guess = baselines.predict_all(shots, hidden, shots.mean(axis=0), 3.0)["linear"]
    np.testing.assert_allclose(guess[:, 0], [1, 7, 7])


def test_the_distance_weighted_mean_is_the_weighted_mean():
    shots, hidden = line_of_shots(4), np.array([False, True, False, False])
    weights = np.exp(-np.array([1, 1, 2]) / 2.0)
    expected = (weights @ np.array([0, 2, 3])) / weights.sum()
    guess = baselines.predict_all(shots, hidden, shots.mean(axis=0), 2.0)["distance_weighted"]
    assert guess[0, 0] == pytest.approx(expected, abs=1e-6)


def test_no_baseline_reads_a_hidden_shot():
    shots, hidden = line_of_shots(), np.isin(np.arange(10), [2, 5, 6])
    changed = np.where(hidden[:, None], 1e6, shots)
    mean = np.ones(2, dtype=np.float32)
    before, after = (baselines.predict_all(s, hidden, mean, 3.0) for s in (shots, changed))
    assert before.keys() == after.keys()
    for name in before:
        np.testing.assert_array_equal(before[name], after[name])


def test_with_nothing_visible_every_baseline_says_the_global_mean():
    shots = line_of_shots(3)
    guesses = baselines.predict_all(shots, np.ones(3, dtype=bool), np.array([7.0, 8.0]), 3.0)
    assert all((guess == [7.0, 8.0]).all() for guess in guesses.values())


def test_the_distance_counts_to_the_nearest_visible_shot():
    hidden = np.array([True, True, False, True, True, True, False])
    assert baselines.distance_to_visible(hidden).tolist() == [2, 1, 1, 2, 1]
