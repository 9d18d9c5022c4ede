"""A baseline with parameters of its own is fitted with a space, predicts everywhere and is reported."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from msm import baselines
from msm.evaluation.report import report
from msm.evaluation.scoring import score_titles
from msm.evaluation.space import fit_space


def fit(train, validation, mean, blocks):
    """Reads the training titles twice, and the validation titles."""
    longest, shots = max(len(rows) for rows in train), sum(len(rows) for rows in train)
    return {"longest": longest, "shots": shots, "validated": sum(len(truth) for _, truth in validation)}


def predict(example, *, longest, shots, validated):
    return np.full((len(example.where), len(example.mean)), float(longest), dtype=np.float32)


@pytest.fixture
def with_longest(monkeypatch):
    """The baselines and one more."""
    names, get = (*baselines.NAMES, "longest"), baselines.REGISTRY.get
    added = SimpleNamespace(LABEL="longest title", fit=fit, predict=predict)
    monkeypatch.setattr(baselines.REGISTRY, "get", lambda name: added if name == "longest" else get(name))
    monkeypatch.setattr(baselines, "NAMES", names)


def fitted(catalog):
    return fit_space(catalog.split("train"), catalog.split("validation"), catalog.modalities, "joint")


def test_the_simplest_baselines_come_first_since_the_first_of_equally_good_ones_is_named():
    simple = ("global_mean", "title_mean", "nearest_visible", "linear", "distance_weighted")
    assert (*simple, "kriging", "known_modalities") == baselines.NAMES


def test_the_parameters_of_a_fitted_baseline_come_from_training_and_validation_titles(talks, with_longest):
    space = fitted(talks)
    train = [t.num_shots for t in talks.split("train")]
    assert space.baselines["longest"]["longest"] == max(train)
    assert space.baselines["longest"]["shots"] == sum(train)
    assert space.baselines["longest"]["validated"] > 0
    assert space.bandwidth in baselines.BANDWIDTHS


def test_a_fitted_baseline_is_reported_and_one_without_parameters_is_left_out(talks, with_longest):
    space, titles = fitted(talks), talks.split("test")
    predict_zero = lambda shots, hidden, _: np.zeros((hidden.sum(), shots.shape[1]), np.float32)  # noqa: E731
    measured = report(score_titles(predict_zero, titles, space, seeds=(0,)), "test")
    older = report(score_titles(predict_zero, titles, replace(space, baselines={}), seeds=(0,)), "test")
    assert list(measured["baselines"]) == [*older["baselines"], "kriging", "longest"]
    assert set(measured["intervals"]["baselines"]) == set(measured["baselines"])


def test_a_baseline_that_is_not_known_here_is_shown_by_its_key():
    assert baselines.label("linear") == "line between the neighbours"
    assert baselines.label("deep_prior") == "deep prior"
