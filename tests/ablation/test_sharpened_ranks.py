"""The ranks of an ablation are those of `msm evaluate`: of sharpened predictions, where the head sharpens."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from msm import Run
from msm.ablation.cell import _score
from msm.evaluation.evaluate_run import evaluate_run
from msm.recipes.presets import preset
from msm.training.trainer import start_run, train


def test_an_ablation_and_an_evaluation_of_one_run_report_the_same(talks, cpu, tmp_path):
    small = ["steps=2", "validate_every=2", "batch_windows=2", "model.width=16", "model.depth=1", "model.heads=2"]
    run = train(
        start_run(talks, tmp_path / "run", preset("neighbour").with_settings(small), device=cpu), talks, device=cpu
    )
    weights = run.load_weights()
    weights["neighbour.sharpening"] = torch.tensor([5.0, 0.0])  # nearly the line between the neighbours
    run.save_weights(weights)
    scored = _score(SimpleNamespace(splits=("test",), baselines=tmp_path / "baselines"), run, talks, "cpu")["test"]
    evaluated = evaluate_run(Run.open(run.path), talks)
    plain = Run.open(run.path)
    plain.model.neighbour.sharpening.zero_()
    unsharpened = evaluate_run(plain, talks)
    assert scored["median_rank"] == evaluated["median_rank"] and scored["centred_cosine"] == evaluated["centred_cosine"]
    assert evaluated["median_rank"] != unsharpened["median_rank"]
