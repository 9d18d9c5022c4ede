"""What a GPU is asked for, on a device that is pretended: no tensor of the CPU among its own, the CPU's losses, few waits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from msm import Run
from msm.errors import InputError
from msm.evaluation.report import report
from msm.evaluation.scoring import score_titles
from msm.inference.predict import contextual_embeddings, predict_hidden
from msm.models import packing
from msm.recipes.presets import PRESETS
from msm.training.trainer import Trainer, start_run, train
from tests.pretended_device import DEVICE, pretended_device
from tests.talks import SETTINGS

CPU = torch.device("cpu")
SMALL = [*SETTINGS, "steps=3", "validate_every=100", "batch_windows=4", "model.width=16", "model.depth=3"]
SMALL += ["model.dropout=0.0", "precision=float32"]  # dropout is drawn where it is used
STEP = "training/step.py"


def losses(trainer: Trainer) -> list[float]:
    return [trainer.run_step()["loss"] for _ in range(2)]


@pytest.mark.parametrize("name", PRESETS)
def test_every_recipe_trains_on_another_device_as_on_the_cpu(talks, tmp_path, name):
    recipe = PRESETS[name].with_settings(SMALL)
    expected = losses(Trainer(start_run(talks, tmp_path / "cpu", recipe, device=CPU), talks, CPU))

    with pretended_device() as device:
        trainer = Trainer(start_run(talks, tmp_path / "other", recipe, device=DEVICE), talks, DEVICE)
        found = losses(trainer)

    assert trainer.model.device == DEVICE
    assert found == pytest.approx(expected, rel=1e-5)
    assert sum(n for line, n in device.waits.items() if line.startswith(STEP)) == 2, device.waits


@pytest.mark.parametrize("name", PRESETS)
def test_hidden_shots_are_predicted_on_another_device_as_on_the_cpu(talks, tmp_path, name):
    trainer = Trainer(start_run(talks, tmp_path / "run", PRESETS[name].with_settings(SMALL), device=CPU), talks, CPU)
    shots = trainer.space.fuse(talks.split("test")[0].rows(0, 9))
    hidden = np.zeros((9, len(talks.modalities)), bool)
    hidden[2], hidden[5, 0] = True, True
    model = trainer.model.eval()
    expected = predict_hidden(model, shots, hidden)

    with pretended_device():
        found = predict_hidden(model.to(DEVICE), shots, hidden)

    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_run_is_trained_and_evaluated_on_another_device_as_on_the_cpu(talks, tmp_path):
    recipe = PRESETS["mediafm"].with_settings([*SMALL, "steps=4", "validate_every=2"])
    whole = train(start_run(talks, tmp_path / "cpu", recipe, device=CPU), talks, device=CPU)

    with pretended_device():
        run = train(start_run(talks, tmp_path / "other", recipe, device=DEVICE), talks, device=DEVICE)
        there = Run.open(run.path, device=str(DEVICE))
        scores = report(score_titles(there.predict, talks.split("test"), there.space), "test")
        shots = there.space.fuse(next(iter(talks.split("test"))).rows(0, 9))
        embedded = contextual_embeddings(there.model, shots)[0]

    here = Run.open(whole.path)
    assert [line["loss"] for line in run.metrics()] == pytest.approx(
        [line["loss"] for line in whole.metrics()], rel=1e-5
    )
    expected = report(score_titles(here.predict, talks.split("test"), here.space), "test")
    assert scores["centred_cosine"] == pytest.approx(expected["centred_cosine"], abs=1e-5)
    np.testing.assert_allclose(embedded, contextual_embeddings(here.model, shots)[0], atol=1e-4)


def test_what_two_devices_mix_is_noticed():
    with pretended_device():
        there = torch.ones(3).to(DEVICE)
        assert torch.equal((there + there).cpu(), torch.full((3,), 2.0))
        with pytest.raises(AssertionError, match="two devices"):
            there + torch.ones(3)


def test_a_wait_is_counted_by_its_line(talks, tmp_path):
    with pretended_device() as device:
        keep = torch.ones(2, 5, dtype=torch.bool).to(DEVICE)
        assert packing.Packing(keep).lengths == [5, 5]

    assert [line.split(":")[0] for line in device.waits] == ["models/packing.py"]


def test_a_loss_that_is_no_number_changes_no_weight_on_another_device(talks, tmp_path):
    with pretended_device():
        trainer = Trainer(
            start_run(talks, tmp_path / "run", PRESETS["bert"].with_settings(SMALL), device=DEVICE), talks, DEVICE
        )
        with torch.no_grad():
            trainer.model.shot_out.bias.fill_(torch.nan)
        before = trainer.model.shot_in.weight.cpu()
        with pytest.raises(InputError, match="no longer a number"):
            trainer.run_step()
        assert torch.equal(trainer.model.shot_in.weight.cpu(), before)
