"""Average precision under many weightings is scikit-learn's; scenes are compared as LGSS compares them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from msm.evaluation.probes import scores

TRUTH = np.array([1, 0, 1, 1, 0, 0, 1, 0], dtype=bool)
SCORE = np.array([0.9, 0.8, 0.8, 0.8, 0.3, 0.2, 0.2, 0.1])


def test_equal_weights_give_the_average_precision_itself():
    assert scores.weighted_ap(TRUTH, SCORE, np.ones((1, 8))) == pytest.approx([average_precision_score(TRUTH, SCORE)])


def test_each_weighting_is_that_of_rows_repeated_so_often():
    weights = np.random.default_rng(0).integers(0, 4, (20, 8))
    known = [average_precision_score(np.repeat(TRUTH, w), np.repeat(SCORE, w)) for w in weights]
    assert scores.weighted_ap(TRUTH, SCORE, weights) == pytest.approx(known)


def test_where_no_positive_has_a_weight_nothing_is_said():
    assert np.isnan(scores.weighted_ap(TRUTH, SCORE, np.array([(~TRUTH).astype(int)]))).all()


def test_the_rows_of_a_title_are_drawn_together_and_as_many_titles_as_there_are():
    title = np.array([7, 7, 3, 3, 3, 9])
    weights = scores.title_weights(title, np.random.default_rng(0), 50)

    assert weights.shape == (50, 6)
    assert (weights[:, 0] == weights[:, 1]).all() and (weights[:, 2:5] == weights[:, [2]]).all()
    assert (weights[:, [0, 2, 5]].sum(axis=1) == 3).all() and weights.std() > 0


def test_classes_that_a_draw_lacks_do_not_count_in_its_mean():
    values = np.array([[0.5, np.nan, np.nan], [1.0, 0.25, np.nan]])
    np.testing.assert_allclose(scores.mean_finite(values), [0.75, 0.25, np.nan])


def test_macro_is_the_mean_over_classes_and_micro_is_over_all_pairs():
    truth, score = np.stack([TRUTH, ~TRUTH], axis=1), np.stack([SCORE, SCORE], axis=1)
    each = [average_precision_score(t, SCORE) for t in (TRUTH, ~TRUTH)]
    assert scores.macro_ap(truth, score) == pytest.approx(np.mean(each))
    assert scores.micro_ap(truth, score) == pytest.approx(average_precision_score(truth.ravel(), score.ravel()))


@pytest.mark.parametrize(
    ("starts", "predicted", "iou"),
    [
        ([1, 0, 0, 0], [1, 0, 0, 0], 1.0),
        ([1, 0, 1, 0], [1, 0, 0, 0], (0.5 + 0.5) / 2),
        ([1, 0, 0, 0], [1, 1, 1, 1], (0.25 + 0.25) / 2),
        ([1, 0, 1, 0], [1, 1, 0, 0], ((1 / 2 + 2 / 3) / 2 + (1 / 2 + 2 / 3) / 2) / 2),
        ([0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 0, 0], ((2 / 3 + 1 / 3 + 1) / 3 + (2 / 3 + 1) / 2) / 2),
    ],
)
def test_scenes_cover_each_other_as_far_as_shots_do(starts, predicted, iou):
    """A first shot that is not marked starts a scene all the same."""
    found = scores.mean_scene_iou(np.array(starts, dtype=bool), np.array(predicted, dtype=bool))
    assert found == pytest.approx(iou)
