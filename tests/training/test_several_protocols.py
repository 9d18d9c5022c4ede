"""A recipe that is validated on several protocols keeps the step that is best on their mean."""

import numpy as np
import pytest

from msm.recipes.presets import preset
from msm.training import trainer as training
from msm.training.trainer import start_run, train

SMALL = [
    "steps=2",
    "validate_every=1",
    "batch_windows=2",
    "model.width=16",
    "model.depth=1",
    "model.heads=2",
    "window=24",
]


def test_validation_reports_each_protocol_and_selects_by_their_mean(talks, cpu, tmp_path):
    recipe = preset("neighbour").with_settings(SMALL)
    run = train(start_run(talks, tmp_path / "run", recipe, device=cpu), talks, device=cpu)
    lines = [line["validation"] for line in run.metrics()]
    for measured in lines:
        assert list(measured["by_protocol"]) == ["20%", "60%", "80%", "spans"]
        assert measured["selection"] == pytest.approx(np.mean(list(measured["by_protocol"].values())))
        assert measured["by_protocol"]["20%"] == pytest.approx(measured["centred_cosine"], abs=1e-5)
    assert run.info["best"]["selection"] == max(measured["selection"] for measured in lines)


def test_the_mean_over_protocols_and_not_the_score_at_a_fifth_decides_which_weights_stay(
    talks, cpu, tmp_path, monkeypatch
):
    scores = iter([(0.5, 0.4), (0.9, 0.3), (0.4, 0.6)])  # at a fifth, and the mean

    def measure(*args, **how):
        fifth, mean = next(scores)
        return {"centred_cosine": fifth, "selection": mean, "by_protocol": {}, "geometry": {"alarm": None}}

    monkeypatch.setattr(training, "validate", measure)
    recipe = preset("neighbour").with_settings([*SMALL, "steps=3"])
    run = train(start_run(talks, tmp_path / "run", recipe, device=cpu), talks, device=cpu)
    assert run.info["best"] == {"step": 3, "centred_cosine": 0.4, "selection": 0.6}


def test_other_recipes_are_validated_at_a_fifth_alone(talks, quick, cpu, tmp_path):
    recipe = quick.with_settings(["steps=1", "validate_every=1"])
    run = train(start_run(talks, tmp_path / "run", recipe, device=cpu), talks, device=cpu)
    assert "by_protocol" not in run.metrics()[0]["validation"] and "selection" not in run.info["best"]
