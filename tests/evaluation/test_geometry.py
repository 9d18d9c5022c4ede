"""The shape of embeddings: collapse is seen, and a sound cloud raises no alarm."""

import json

import numpy as np
import pytest

from msm.evaluation.geometry import alarm, deviation, geometry, pair_cosine, rankme, shape_of
from msm.training.trainer import start_run, train


@pytest.fixture
def cloud():
    return np.random.default_rng(0).normal(size=(200, 64)).astype(np.float32)


@pytest.mark.parametrize("dimensions", [1, 4, 16])
def test_rankme_counts_the_directions_of_a_cloud_that_is_even_in_them(dimensions):
    q, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(64, dimensions)))
    vectors = np.tile(np.eye(dimensions), (8, 1)) @ q.T
    assert rankme(vectors) == pytest.approx(dimensions, rel=0.02)


def test_rankme_is_that_of_the_singular_values(cloud):
    strength = np.linalg.svd(cloud, compute_uv=False)
    share = strength / strength.sum()
    assert rankme(cloud) == pytest.approx(np.exp(-(share * np.log(share)).sum()), rel=1e-3)
    assert rankme(cloud.T) == pytest.approx(rankme(cloud), rel=1e-3)


def test_the_mean_pair_cosine_is_the_mean_over_all_pairs(cloud):
    unit = cloud / np.linalg.norm(cloud, axis=1, keepdims=True)
    pairs = (unit @ unit.T)[np.triu_indices(len(unit), 1)]
    assert pair_cosine(cloud) == pytest.approx(pairs.mean(), abs=1e-5)
    assert pair_cosine(cloud + 100) > 0.99


def test_one_point_has_no_deviation_and_an_even_cloud_has_one(cloud):
    assert deviation(np.ones((5, 8))) == 0
    assert deviation(cloud) == pytest.approx(1, abs=0.05)


def test_a_sound_model_raises_no_alarm(cloud):
    assert geometry(cloud, cloud, cloud)["alarm"] is None


def test_each_kind_of_collapse_is_called_by_its_name(cloud):
    point = np.ones((200, 64)) + 1e-3 * cloud
    line = cloud[:, :1] * np.ones((1, 64)) + 1e-4 * cloud
    assert "predicts the same for every shot" in geometry(point, cloud, cloud)["alarm"]
    assert "any two shots are alike" in geometry(cloud, point, cloud)["alarm"]
    assert "dimensions" in geometry(cloud, line, cloud)["alarm"]


def test_shots_that_are_all_alike_excuse_predictions_that_are(cloud):
    alike = shape_of(np.ones((200, 64)) + 1e-3 * cloud)
    assert alarm(alike, alike, alike) is None


def test_a_vanished_cloud_is_a_collapse_and_not_a_division_by_zero(cloud):
    nothing = np.zeros((20, 64), dtype=np.float32)
    assert geometry(nothing, nothing, cloud)["alarm"]
    json.dumps(geometry(nothing, nothing, nothing), allow_nan=False)


def test_training_writes_the_geometry_with_each_validation_and_the_alarm_into_run_json(talks, quick, cpu, tmp_path):
    run = train(start_run(talks, tmp_path / "run", quick, device=cpu), talks, device=cpu)
    told = [line["validation"]["geometry"] for line in run.metrics() if "validation" in line]
    assert len(told) == 2 and all(set(g) == {"predictions", "contextual", "truth", "alarm"} for g in told)
    assert told[-1]["contextual"]["rankme"] > 2
    assert run.info.get("alarm") == told[-1]["alarm"]


def test_a_run_that_collapsed_says_so_in_msm_info(talks, quick, cpu, tmp_path):
    from msm.cli.describe import as_text, describe

    run = start_run(talks, tmp_path / "run", quick.with_settings(["steps=1", "optim.lr=1e-9"]), device=cpu)
    run = train(run, talks, device=cpu)
    run.update(alarm="collapse: the model predicts the same for every shot (cosine 0.999)")
    assert "ALARM: collapse: the model predicts the same" in as_text(describe(run.path))
