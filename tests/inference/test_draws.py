"""Several sets of hidden shots of a title are predicted together as they are one after the other."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from msm import Run
from msm.data.told import NOTHING, Told
from msm.evaluation.evaluate_titles import hide_one_modality
from msm.evaluation.scoring import score_titles
from msm.inference.draws import of_draws, takes_draws
from msm.recipes.presets import preset
from msm.training.trainer import start_run, train

SMALL = ["steps=6", "validate_every=6", "batch_windows=4", "model.width=16", "model.heads=2"]
KINDS = {
    "linear": ("mediafm", []),
    "parts": ("mediafm", ["mask.policy=modality"]),
    "neighbour": ("neighbour", []),
    "decoder": ("mae", []),
    "short windows": ("mediafm", ["model.max_shots=11"]),
    "neighbour in short windows": ("neighbour", ["model.max_shots=11", "window=0"]),
}


@pytest.fixture(scope="module", params=KINDS)
def run(request, talks, tmp_path_factory) -> Run:
    name, settings = KINDS[request.param]
    recipe, cpu = preset(name).with_settings([*SMALL, *settings]), torch.device("cpu")
    path = tmp_path_factory.mktemp("draws") / "run"
    return Run.open(train(start_run(talks, path, recipe, device=cpu), talks, device=cpu).path)


def draws_of(num_shots: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Few, many, one, all but one, and the first third."""
    one, all_but_one = np.zeros(num_shots, dtype=bool), np.ones(num_shots, dtype=bool)
    one[num_shots // 2], all_but_one[-1] = True, False
    return [
        rng.random(num_shots) < 0.2,
        rng.random(num_shots) < 0.7,
        one,
        all_but_one,
        np.arange(num_shots) < num_shots // 3,
    ]


def test_together_they_are_what_they_are_one_after_the_other(run, talks):
    rng = np.random.default_rng(0)
    for title in talks.split("test")[:3]:
        shots, told = run.space.fuse(title.embeddings), Told.of(title)
        draws = draws_of(title.num_shots, rng)
        for some in (draws, draws[:1], draws[2:4]):
            together = run.predict(shots, some, told)
            alone = [run.predict(shots, hidden, told) for hidden in some]
            assert [len(p) for p in together] == [hidden.sum() for hidden in some]
            for one, other in zip(together, alone, strict=True):
                np.testing.assert_allclose(one, other, atol=1e-5)


def test_with_one_modality_hidden_too_where_some_shots_lack_it(run, talks):
    if not run.sees_rest:
        return
    title, rng = talks.split("test")[0], np.random.default_rng(1)
    shots, told = run.space.fuse(title.embeddings), Told.of(title)
    shots[::3, run.space.modalities[1].columns] = 0.0
    draws = [*draws_of(title.num_shots, rng), np.arange(title.num_shots) == 3]  # the last hides nothing of it
    for place in range(2):
        predict = hide_one_modality(run.predict, run.space, place)
        for one, other in zip(
            of_draws(predict, shots, draws, told), [predict(shots, h, told) for h in draws], strict=True
        ):
            np.testing.assert_allclose(one, other, atol=1e-5)


def test_of_a_long_title_no_more_than_one_prediction_is_held_at_a_time(monkeypatch):
    asked = []

    @takes_draws
    def predict(shots, hidden, told):
        asked.append(hidden)
        return shots[hidden]

    shots, draws = np.ones((50, 4), np.float32), [np.arange(50) < n for n in (3, 5)]
    assert [len(p) for p in of_draws(predict, shots[:0], [], NOTHING)] == []
    monkeypatch.setattr("msm.inference.draws.TOGETHER", 49)
    found = of_draws(predict, shots, draws, NOTHING)
    assert asked == [] and len(next(found)) == 3
    assert len(asked) == 1 and asked[0] is draws[0]


def test_scores_are_those_of_a_predictor_that_is_asked_for_one_set_at_a_time(run, talks):
    one_at_a_time = lambda shots, hidden, told: run.predict(shots, hidden, told)  # noqa: E731
    together, alone = (score_titles(p, talks.split("test"), run.space) for p in (run.predict, one_at_a_time))
    assert together[["seed", "title_id", "shot", "predictor"]].equals(alone[["seed", "title_id", "shot", "predictor"]])
    np.testing.assert_allclose(together["centred_cosine"], alone["centred_cosine"], atol=1e-5)
