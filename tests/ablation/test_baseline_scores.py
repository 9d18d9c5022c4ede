"""The trainings of an ablation score the baselines once, and report what each would have reported alone."""

from __future__ import annotations

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from msm import baselines
from msm.ablation.baseline_scores import baseline_scores
from msm.evaluation.kept_space import space_of
from msm.evaluation.protocol import RATIO, SEEDS, hide_in_spans, hide_titles
from msm.evaluation.scoring import score_titles


@pytest.fixture
def space(talks):
    return space_of(talks, "joint", keep=False).space


def guess(shots, hidden, told):
    """A predictor that depends on the title and on what is hidden."""
    return shots[~hidden].mean(axis=0) + 0.1 * shots[hidden] + 0.01 * hidden.mean()


def test_scores_of_a_model_beside_kept_baselines_are_those_that_are_computed_together(talks, space, tmp_path):
    for split in ("validation", "test"):
        titles = talks.split(split)
        together = score_titles(guess, titles, space)
        assert together["seed"].is_monotonic_increasing
        for _ in ("computed", "read"):
            beside = baseline_scores(tmp_path, titles, split, space)
            assert_frame_equal(score_titles(guess, titles, space, beside=beside), together, check_exact=True)
    assert len(list(tmp_path.iterdir())) == 2


def test_the_second_training_predicts_with_no_baseline(talks, space, tmp_path, monkeypatch):
    titles = talks.split("test")
    beside = baseline_scores(tmp_path, titles, "test", space)
    monkeypatch.setattr(baselines, "predict_all", lambda *given: pytest.fail("a baseline predicted again"))
    score_titles(guess, titles, space, beside=baseline_scores(tmp_path, titles, "test", space))
    assert set(beside["predictor"]) >= {"kriging", "distance_weighted"} and "model" not in set(beside["predictor"])


@pytest.mark.parametrize(
    "damage", [lambda whole: whole[: len(whole) // 2], lambda whole: b"", lambda whole: b"PAR1" * 9]
)
def test_kept_scores_that_are_damaged_are_computed_again(talks, space, tmp_path, damage):
    titles = talks.split("test")
    right = baseline_scores(tmp_path, titles, "test", space)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert_frame_equal(baseline_scores(tmp_path, titles, "test", space), right, check_exact=True)
    assert_frame_equal(pd.read_parquet(file), right, check_exact=True)


def test_another_space_has_scores_of_its_own(talks, space, tmp_path):
    titles, other = talks.split("test"), space_of(talks, "per_modality", keep=False).space
    one, two = (baseline_scores(tmp_path, titles, "test", each) for each in (space, other))
    assert not one["cosine"].equals(two["cosine"])
    assert two["cosine"].equals(score_titles(None, titles, other)["cosine"])


@pytest.mark.parametrize(("ratio", "hide"), [(RATIO, None), (0.02, None), (0.8, None), (RATIO, hide_in_spans)])
def test_title_by_title_the_same_shots_are_hidden_as_seed_by_seed(talks, space, ratio, hide):
    def drawn(by_title):
        cases = hide_titles(talks.split("train"), space, ratio, SEEDS, hide, by_title=by_title)
        return [(c.seed, c.title_id, c.hidden.tolist(), c.protocol) for c in cases]

    one, other = drawn(by_title=False), drawn(by_title=True)
    assert one == sorted(other, key=lambda case: SEEDS.index(case[0]))
    assert len({title for _, title, _, _ in other[: len(SEEDS)]}) < len({title for _, title, _, _ in one[: len(SEEDS)]})
