"""Ridge regression from sums of folds predicts what scikit-learn predicts, fold by fold and number by number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from msm.evaluation.probes import Label, Rows, probe_label, probe_number_labels
from msm.evaluation.probes.linear import RIDGES
from msm.evaluation.probes.ridge import along_strengths, out_of_fold


def by_scikit_learn(x: np.ndarray, y: np.ndarray, asked: np.ndarray, strength: float) -> np.ndarray:
    return make_pipeline(StandardScaler(), Ridge(alpha=strength)).fit(x, y).predict(asked)


def some_columns(rng: np.random.Generator, rows: int, width: int, fold: np.ndarray) -> np.ndarray:
    """Columns of very different sizes, one far from zero, one constant, one that varies in the first fold alone."""
    x = rng.normal(size=(rows, width)) * 10.0 ** rng.integers(-3, 4, width)
    x[:, 0] += 1e4
    x[:, 1] = 0.1
    x[fold != 0, 2] = 0.3
    return x


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(12, 90),
    width=st.integers(3, 40),
    folds=st.integers(2, 6),
    numbers=st.integers(1, 4),
)
def test_each_fold_is_predicted_as_scikit_learn_predicts_it_from_the_others(seed, rows, width, folds, numbers):
    rng = np.random.default_rng(seed)
    fold = rng.permutation(np.arange(rows) % folds)
    x, y = some_columns(rng, rows, width, fold), rng.normal(size=(rows, numbers)) + 100
    strengths = rng.choice(RIDGES, numbers)

    predicted = out_of_fold(x, y, fold, strengths)

    for i in range(folds):
        left = fold == i
        for k in range(numbers):
            plain = by_scikit_learn(x[~left], y[~left, k], x[left], strengths[k])
            np.testing.assert_allclose(predicted[left, k], plain, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("rows", [30, 300])  # fewer and more than columns
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_strength_predicts_the_held_rows_as_scikit_learn_does(rows, dtype):
    rng = np.random.default_rng(rows)
    held = np.arange(rows) % 5 == 4
    x, y = some_columns(rng, rows, 40, held.astype(int)).astype(dtype), rng.normal(size=(rows, 3))

    for strength, predicted in zip(RIDGES, along_strengths(x, y, held, RIDGES), strict=True):
        plain = by_scikit_learn(x[~held].astype(float), y[~held], x[held].astype(float), strength)
        np.testing.assert_allclose(predicted, plain, rtol=1e-7, atol=1e-7)


def test_what_a_fold_is_predicted_from_does_not_hold_its_own_rows():
    rng = np.random.default_rng(0)
    fold = np.arange(60) % 4
    x, y = rng.normal(size=(60, 5)), rng.normal(size=(60, 1))
    before = out_of_fold(x, y, fold, np.array([10.0]))
    y[fold == 2] += 1e6
    after = out_of_fold(x, y, fold, np.array([10.0]))

    np.testing.assert_array_equal(before[fold == 2], after[fold == 2])
    assert (before[fold != 2] != after[fold != 2]).all()


def test_numbers_that_are_probed_together_get_the_entries_that_each_gets_alone():
    rng = np.random.default_rng(1)
    title = np.repeat(np.arange(40), 12)
    split = np.array(["train"] * 24 + ["validation"] * 6 + ["test"] * 10)[title]
    x = rng.normal(size=(len(title), 6)).astype(np.float32)
    rows = Rows({"raw": x, "contextual": x + rng.normal(size=x.shape)}, title, split, np.full(len(title), -1))
    told, gaps = x[:, 0] + rng.normal(size=len(x)), rng.normal(size=len(x))
    gaps[title % 3 == 0] = np.nan  # its rows are others
    labels = [
        Label("told", "number", told),
        Label("flat", "number", np.where(split == "train", told, 1.0)),
        Label("gaps", "number", gaps),
        Label("twice", "number", 2 * told),
    ]
    together = probe_number_labels([(label, "shot") for label in labels], rows, at="shot", report="test", seed=0)

    assert together == [probe_label(one, rows, of="shot", at="shot", report="test", seed=0)[0] for one in labels]
    assert "fewer than three different values" in together[1]["skipped"]
    assert together[0]["columns"] == together[3]["columns"]
