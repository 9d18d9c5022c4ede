"""The window cache changes no prediction, and is used where it may be."""

import numpy as np
import pytest
import torch

from msm.data.told import Told
from msm.inference.predict import predict_hidden
from msm.inference.run import Run
from msm.interpret.surprise import predict_in_turns, surprise
from msm.models.encoder import ShotEncoder
from msm.models.heads.neighbour import NeighbourHead
from msm.recipes.presets import preset
from msm.training.trainer import start_run, train

SMALL = [
    "model.width=16",
    "model.heads=2",
    "model.max_shots=48",
    "window=24",
    "model.dropout=0",
    "model.start=distance",
]


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def model() -> ShotEncoder:
    """A model with a neighbour head whose weights all have an effect, as in a trained one."""
    made = ShotEncoder(12, 5, preset("neighbour").with_settings(SMALL).model, [8, 4])
    made.init_weights(generator(5))
    head = made.neighbour
    for last in (*(m[-1] for m in (*head.pair_scores, *head.row_gates)), head.correction, head.query):
        torch.nn.init.normal_(last.weight, std=0.3, generator=generator(6))
    with torch.no_grad():
        head.component_weights.copy_(torch.rand(head.component_weights.shape, generator=generator(8)))
        made.shot_mean.copy_(0.1 * torch.randn(12, generator=generator(9)))
        head.sharpening.copy_(torch.tensor([0.2, 0.1]))
    return made.eval()


def film(num_shots: int = 40) -> np.ndarray:
    shots = np.random.default_rng(1).normal(size=(num_shots, 12)).astype(np.float32)
    shots[7, 8:] = 0  # a shot without its last modality
    return shots / np.linalg.norm(shots, axis=1, keepdims=True)


@torch.inference_mode()
def test_predictions_from_a_cached_window_are_those_of_the_model(model):
    shots = torch.from_numpy(film())
    hidden = torch.rand(6, 40, generator=generator(2)) < torch.tensor([0.1, 0.3, 0.6, 0.9, 0.0, 1.0])[:, None]
    hidden[4, 13] = True  # one shot alone; the last row hides everything
    metadata = torch.randn(6, 5, generator=generator(3))
    plain = model.restore(shots.expand(6, -1, -1), hidden, torch.ones_like(hidden), metadata)
    again = model.head.cache_window(model, shots).restore(hidden, metadata)
    torch.testing.assert_close(again, plain, atol=2e-5, rtol=1e-4)


@torch.inference_mode()
def test_cached_predictions_do_not_depend_on_hidden_shots(model):
    shots, hidden = torch.from_numpy(film()), torch.rand(1, 40, generator=generator(2)) < 0.3
    other = shots + 3 * hidden[0, :, None]
    predicted = [model.head.cache_window(model, s).restore(hidden) for s in (shots, other)]
    torch.testing.assert_close(*predicted, atol=1e-5, rtol=1e-4)


def test_each_window_of_a_long_title_has_its_own_cache(model):
    shots, kept = film(100), {}
    for seed in (1, 2):
        hidden = np.random.default_rng(seed).random(100) < 0.2
        again = predict_hidden(model, shots, hidden, caches=kept)
        np.testing.assert_allclose(again, predict_hidden(model, shots, hidden), atol=1e-5)
    assert sorted(kept) == [0, 33, 67]


def test_the_groups_of_a_surprise_share_one_cache(model, monkeypatch):
    shots, turns = film(), np.arange(40) % 7
    plain = predict_in_turns(model, shots, turns)
    computed = []
    monkeypatch.setattr(
        NeighbourHead, "cache_window", lambda *a, of=NeighbourHead.cache_window: computed.append(a) or of(*a)
    )
    np.testing.assert_allclose(predict_in_turns(model, shots, turns, plain=False), plain, atol=1e-5)
    assert len(computed) == 1


@pytest.fixture(scope="module")
def run(talks, tmp_path_factory) -> Run:
    recipe = preset("neighbour").with_settings(["steps=2", "batch_windows=2", "model.width=16", "model.heads=2"])
    cpu = torch.device("cpu")
    folder = start_run(talks, tmp_path_factory.mktemp("cached") / "run", recipe, device=cpu)
    return Run.open(train(folder, talks, device=cpu).path)


def test_caches_of_different_titles_are_not_confused(talks, run):
    for title in (*talks.split("test"), *talks.split("test")):
        filled = run.fill_in(title, [2, 3, 9])
        hidden = np.isin(np.arange(title.num_shots), filled.hidden)
        plain = run.predict(run.space.fuse(title.embeddings), hidden, Told.of(title))
        np.testing.assert_allclose(filled.predicted, plain, atol=1e-5)


def test_exact_surprise_and_evaluation_use_no_cache(talks, run, monkeypatch):
    title = talks.split("test")[0]
    computed = []
    monkeypatch.setattr(
        NeighbourHead, "cache_window", lambda *a, of=NeighbourHead.cache_window: computed.append(a) or of(*a)
    )
    surprise(run, title)
    run.predict(run.space.fuse(title.embeddings), np.arange(title.num_shots) == 3, Told.of(title))
    assert not computed
    surprise(run, title, exact=False)
    assert len(computed) == 1
