"""The cost of a training is estimated without leaving files, and a recipe that does not fit the catalog is refused."""

from __future__ import annotations

import pytest
import torch

from msm import InputError
from msm.recipes.presets import preset
from msm.training import trainer
from msm.training.cost import cost_of

SMALL = ["steps=40", "validate_every=10", "batch_windows=2", "model.width=16", "model.depth=1", "model.heads=2"]


def test_a_training_is_timed_by_a_few_of_its_own_steps(tiny_catalog, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    cost = cost_of(tiny_catalog, preset("mediafm").with_settings(SMALL), torch.device("cpu"))
    assert cost.steps == 40 and cost.parameters > 1000 and cost.disk_mb > 0
    assert cost.seconds >= 40 * cost.step_s + 4 * cost.validate_s
    assert sorted(tmp_path.rglob("*")) == before
    assert cost.as_text().startswith("about ") and "40 steps" in cost.as_text()


def test_what_cannot_be_trained_on_these_shots_is_refused_before_it_is_timed(tiny_catalog):
    with pytest.raises(InputError, match="no modality 'smell'"):
        cost_of(
            tiny_catalog, preset("mediafm").with_settings([*SMALL, "objective.weights=smell=1"]), torch.device("cpu")
        )


def test_a_validation_is_timed_as_the_training_makes_it(talks, cpu, monkeypatch):
    drawn = []
    real = trainer.validate

    def noted(model, titles, space, seeds=(0,), also=(), *, several=False, beside=None):
        drawn.append((len(seeds), len(also), several))
        return real(model, titles, space, seeds, also, several=several, beside=beside)

    monkeypatch.setattr(trainer, "validate", noted)
    small = ["steps=4", "batch_windows=4", "model.width=16", "model.heads=2", "model.max_shots=48", "window=24"]
    cost_of(talks, preset("neighbour").with_settings(small), cpu)
    assert drawn == [(5, 12, True)]  # eight titles validate; twelve training titles have a say in how sharply it speaks
