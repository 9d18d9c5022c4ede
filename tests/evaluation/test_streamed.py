"""A split of many titles is evaluated title by title, with the report that a table of all scores would give."""

from __future__ import annotations

import numpy as np
import pytest

from msm.data.stratified import stratified
from msm.evaluation import evaluate_streamed, protocol
from msm.evaluation import evaluate_titles as whole
from msm.evaluation.protocol import hide_titles
from msm.evaluation.space import fit_space
from msm.metrics import similarity


@pytest.fixture(scope="module")
def space(talks):
    return fit_space(talks.split("train"), talks.split("validation"), talks.modalities, "per_modality")


def predict(shots, hidden, told):
    """Something that is right now and then: the truth with noise."""
    where = hidden if hidden.ndim == 1 else hidden.any(axis=1)
    rng = np.random.default_rng(len(shots))
    return shots[where] + 0.1 * rng.standard_normal((int(where.sum()), shots.shape[1])).astype(np.float32)


def evaluated(talks, space, **choices):
    return whole.evaluate_titles(predict, talks, space, "test", lambda done, total: None, **choices)


def leaves(value, path=()):
    """Path and value of everything in a report."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if pairs is None:
        yield path, value
    else:
        for key, inner in pairs:
            yield from leaves(inner, (*path, key))


@pytest.mark.parametrize("sees_rest", [False, True])
def test_sums_give_the_report_of_the_table(talks, space, monkeypatch, sees_rest):
    expected = dict(leaves(evaluated(talks, space, full=True, sees_rest=sees_rest)))
    monkeypatch.setattr(whole, "MOST_TABLED", 0)
    found = dict(leaves(evaluated(talks, space, full=True, sees_rest=sees_rest)))
    assert list(found) == list(expected)
    for path, value in expected.items():
        if isinstance(value, float):
            # A median is read from a histogram, and of a part of the shots the titles are drawn in another order.
            loose = 2e-3 if "rank" in str(path[-1]) else 0.02 if path[-1] in ("low", "high") else 2e-6
            assert found[path] == pytest.approx(value, rel=1e-5, abs=loose), path
        else:
            assert found[path] == value, path


def test_no_more_than_one_title_is_held_where_there_are_many(talks, space, monkeypatch):
    monkeypatch.setattr(protocol, "MOST_HELD", 0)
    titles = talks.split("test")
    monkeypatch.undo()
    once = list(hide_titles(titles, space, 0.2, (0, 1)))
    monkeypatch.setattr(protocol, "MOST_HELD", 0)
    again = list(hide_titles(titles, space, 0.2, (0, 1)))
    assert all(
        np.array_equal(a.hidden, b.hidden) and np.array_equal(a.shots, b.shots)
        for a, b in zip(once, again, strict=True)
    )
    shared = {id(c.shots) for c in once}
    assert len(shared) == len(titles) < len({id(c.shots) for c in again})


def test_a_sample_of_titles_is_evaluated_and_said_to_be_one(talks, space):
    measured = evaluated(talks, space, most_titles=3)
    expected = [t.title_id for t in stratified(talks.split("test"), 3)]
    assert [t["title_id"] for t in measured["titles"]] == expected
    assert measured["sample"] == {"titles": 3, "of": len(talks.split("test")), "sampled": True, "seed": 0}
    assert "sample" not in evaluated(talks, space)


def test_a_bootstrap_in_parts_draws_what_it_draws_at_once(monkeypatch):
    rng = np.random.default_rng(0)
    sums, counts = rng.random((30, 4)), np.full((30, 4), 5.0)
    once = similarity.resampled_means(sums, counts, 100)
    monkeypatch.setattr(similarity, "MOST_DRAWN", 30 * 7)
    np.testing.assert_allclose(similarity.resampled_means(sums, counts, 100), once, rtol=1e-12)


@pytest.mark.parametrize("tabled", [True, False])
@pytest.mark.parametrize("part_shots", [1, 70])
def test_a_report_in_parts_is_that_of_one_part_to_the_bit(talks, space, monkeypatch, tabled, part_shots):
    if not tabled:
        monkeypatch.setattr(whole, "MOST_TABLED", 0)
    expected = evaluated(talks, space, full=True, sees_rest=True)
    monkeypatch.setattr(evaluate_streamed, "PART_SHOTS", part_shots)
    assert evaluated(talks, space, full=True, sees_rest=True) == expected
