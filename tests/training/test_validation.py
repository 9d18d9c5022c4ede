"""Validation during training: the baselines are the same at every step."""

from __future__ import annotations

import pytest

from msm.baselines import kriging
from msm.recipes.presets import preset
from msm.training.trainer import Trainer, start_run

SMALL = ["steps=2", "batch_windows=2", "model.width=16", "model.depth=1", "model.heads=2"]


@pytest.mark.parametrize("recipe", ["mediafm", "neighbour"])
def test_after_the_first_validation_no_baseline_predicts_again_and_the_report_is_the_same(
    talks, cpu, tmp_path, recipe, monkeypatch
):
    run = start_run(talks, tmp_path / "run", preset(recipe).with_settings(SMALL), device=cpu)
    trainer = Trainer(run, talks, cpu)
    first = trainer.measure()
    trainer.run_step()
    monkeypatch.setattr(kriging, "predict", lambda *given, **more: pytest.fail("a baseline predicted again"))
    trained = trainer.measure()
    monkeypatch.undo()
    trainer._baseline_scores.clear()
    assert trainer.measure() == trained
    assert trained["best_baseline"] == first["best_baseline"]
