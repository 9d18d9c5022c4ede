"""The distance-weighted mean stays a mean however far the nearest visible shot is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from msm import baselines
from msm.baselines.distance_weighted import weighted_mean
from msm.interpret.surprise import weighted_neighbours
from msm.models.heads.neighbour import NeighbourHead
from msm.recipes.model import ModelConfig


@pytest.mark.parametrize("far", [1, 100, 750, 5_000, 1_000_000])
@pytest.mark.parametrize("bandwidth", baselines.BANDWIDTHS)
def test_a_shot_far_from_everything_visible_is_predicted_as_the_visible_shots_mean(far, bandwidth):
    visible = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    seen = np.array([far, far + 1])
    guess = weighted_mean(visible, seen, np.array([0]), bandwidth)
    near = 1 / (1 + np.exp(-1 / bandwidth))

    assert guess == pytest.approx(np.array([[near, 1 - near]]), abs=1e-6)


def test_with_one_shot_of_two_thousand_visible_every_baseline_is_a_number():
    shots = np.random.default_rng(0).standard_normal((2000, 3)).astype(np.float32)
    hidden = np.ones(2000, dtype=bool)
    hidden[0] = False
    for name, guess in baselines.predict_all(shots, hidden, np.zeros(3, dtype=np.float32), 1.0).items():
        assert np.isfinite(guess).all(), name
    np.testing.assert_allclose(guess, np.tile(shots[0], (1999, 1)), rtol=1e-6)


def test_the_mean_of_all_the_other_shots_is_a_number_in_a_long_title():
    shots = np.random.default_rng(0).standard_normal((1500, 2)).astype(np.float32)
    assert np.isfinite(weighted_neighbours(shots, 1.0)).all()


def test_a_neighbour_head_starts_from_a_number_however_far_the_nearest_visible_shot_is():
    head = NeighbourHead(ModelConfig(width=8, heads=2, head="neighbour", centred=True), 4)
    head.reset()
    head.eval()
    shots = torch.randn(1, 2000, 4, generator=torch.Generator().manual_seed(0))
    hidden = torch.ones(1, 2000, dtype=torch.bool)
    hidden[0, 0] = False
    guess = head.estimate(shots, hidden, torch.ones_like(hidden)).shots()

    torch.testing.assert_close(guess[0, 1:], shots[0, :1].expand(1999, 4), atol=1e-4, rtol=1e-4)
