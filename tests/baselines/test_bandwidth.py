"""The distance-weighted mean has a bandwidth for each kind of hidden set, chosen on validation titles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from msm.baselines import Example, distance_weighted
from msm.evaluation.protocol import RATIOS, hide_at_random, hide_in_spans
from msm.evaluation.scoring import score_titles
from msm.evaluation.space import fit_space

HIDES = {f"{ratio:.0%}": hide_at_random(ratio) for ratio in RATIOS} | {"spans": hide_in_spans}


@pytest.mark.parametrize("kind", HIDES)
def test_hidden_shots_are_recognised_as_the_kind_that_they_were_drawn_as(kind):
    rng = np.random.default_rng(0)
    found = []
    for _ in range(40):
        hidden = HIDES[kind](150, rng)
        found.append(distance_weighted.kind_of(np.flatnonzero(hidden), np.flatnonzero(~hidden)))
    assert found.count(kind) > 30


@pytest.mark.parametrize("hidden", [[5], [3, 4, 5, 6, 7, 8], range(1, 30), [0]])
def test_a_choice_by_hand_has_a_kind_too(hidden):
    where = np.array(hidden)
    assert distance_weighted.kind_of(where, np.setdiff1d(np.arange(30), where)) in distance_weighted.KINDS


def test_each_kind_has_the_bandwidth_that_does_best_on_the_validation_titles(talks):
    validation = talks.split("validation")
    space = fit_space(talks.split("train"), validation, talks.modalities, "joint")
    chosen = space.baselines["distance_weighted"]["bandwidths"]
    assert chosen["20%"] == space.bandwidth

    def with_bandwidth(b):
        fixed = replace(space, bandwidth=b, baselines={"distance_weighted": {"bandwidths": {"80%": b}}})
        scores = score_titles(None, validation, fixed, seeds=(0,), hide=HIDES["80%"])
        return scores[scores["predictor"] == "distance_weighted"]["centred_cosine"].mean()

    best = max(distance_weighted.BANDWIDTHS, key=with_bandwidth)
    assert with_bandwidth(chosen["80%"]) == pytest.approx(with_bandwidth(best), abs=0.02)  # kinds of some titles differ


def test_where_much_is_hidden_the_weights_reach_farther():
    """Noisy shots of a slow process: with few of them visible, more of them have to be averaged."""
    rng = np.random.default_rng(1)

    def examples():
        for hide in (HIDES["20%"], HIDES["80%"]):
            for _ in range(20):
                steps = np.cumsum(rng.normal(size=(200, 6)) * 0.3, axis=0)
                shots = (steps + rng.normal(size=steps.shape)).astype(np.float32)
                hidden = hide(200, rng)
                yield Example(shots[~hidden], *map(np.flatnonzero, (~hidden, hidden)), np.zeros(6)), shots[hidden]

    chosen = distance_weighted.fit([], examples(), np.zeros(6, dtype=np.float32))["bandwidths"]
    assert chosen["80%"] > chosen["20%"]


def test_without_a_bandwidth_of_its_kind_the_usual_one_is_taken():
    shots, where, seen = np.eye(4, dtype=np.float32), np.array([1]), np.array([0, 2, 3])
    example = Example(shots[seen], seen, where, np.zeros(4))
    plain = distance_weighted.predict(example, 2.0)
    np.testing.assert_array_equal(distance_weighted.predict(example, 2.0, {"80%": 64.0}), plain)
    assert (distance_weighted.predict(example, 2.0, {"20%": 64.0}) != plain).any()


def test_without_a_validation_title_the_default_is_taken():
    assert distance_weighted.fit([], [], np.zeros(3)) == {
        "bandwidth": distance_weighted.DEFAULT_BANDWIDTH,
        "bandwidths": {},
    }
