"""What `model.times` tells: lengths of shots and gaps in time, in training, in every way of asking, and in no unit of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from msm.data.catalog import Catalog, TitleData, modalities_of
from msm.data.told import Told, equal_times
from msm.errors import InputError
from msm.evaluation.evaluate_titles import evaluate_titles
from msm.inference.predict import contextual_embeddings, predict_hidden
from msm.inference.run import Run
from msm.interpret.hidden_shot import HiddenShot
from msm.interpret.surprise import predict_in_turns
from msm.interpret.what_if import context_curve
from msm.models.heads.neighbour.pair_features import HiddenIndex
from msm.models.heads.neighbour.time_features import TIME_FEATURES, time_features
from msm.pytorch import CatalogWindows, MaskedShotCollator, MaskedShotModel
from msm.recipes.presets import preset
from msm.training.sampler import WindowSampler
from msm.training.starting import make_sampler
from msm.training.trainer import start_run, train

SMALL = ["steps=60", "validate_every=30", "window=24", "model.max_shots=48", "model.width=16", "model.heads=2"]
WIDTH = 12


def timed_titles(num_titles: int, rng: np.random.Generator, *, known: bool = True) -> list[TitleData]:
    """Shots of two kinds in random order: short ones of one look, long ones of another. Only the length says which comes."""
    looks = rng.normal(size=(2, WIDTH)) * 2
    titles = []
    for i in range(num_titles):
        kind = rng.integers(2, size=40)
        shots = looks[kind] + rng.normal(size=(40, WIDTH)) * 0.3
        ends = np.cumsum(np.where(kind == 1, 6.0, 1.5) + rng.uniform(0, 0.5, 40))
        table = pd.DataFrame({"start_s": np.append(0, ends[:-1]), "end_s": ends}) if known else None
        split = ("train", "train", "train", "validation", "test")[i % 5]
        titles.append(TitleData(title_id=f"t{i:02d}", split=split, embeddings=shots.astype(np.float32), shots=table))
    return titles


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    path = tmp_path_factory.mktemp("timed") / "catalog"
    titles = timed_titles(30, np.random.default_rng(0))
    return Catalog.write(path, titles, modalities=modalities_of({"video": 8, "audio": 4}), dtype="float32")


@pytest.fixture(scope="module")
def run(timed: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(timed, tmp_path_factory.mktemp("runs") / "told", "model.times=true")


def trained(catalog: Catalog, path, *settings: str) -> Run:
    cpu = torch.device("cpu")
    train(
        start_run(catalog, path, preset("neighbour").with_settings([*SMALL, *settings]), device=cpu),
        catalog,
        device=cpu,
    )
    return Run.open(path)


def test_a_model_that_is_told_the_lengths_knows_what_only_they_tell(timed, run, tmp_path):
    told, untold = (
        evaluate_titles(r.predict, timed, r.space, "test", lambda done, total: None)
        for r in (run, trained(timed, tmp_path / "untold"))
    )
    assert told["centred_cosine"] > untold["centred_cosine"] + 0.3


def test_a_catalog_without_times_is_one_of_equally_long_shots(tmp_path, run):
    titles = timed_titles(5, np.random.default_rng(1), known=False)
    without = Catalog.write(tmp_path / "without", titles, modalities=modalities_of({"video": 8, "audio": 4}))
    table = pd.DataFrame(equal_times(40) * 3.0, columns=["start_s", "end_s"])
    titles = [replace(title, shots=table) for title in titles]
    equal = Catalog.write(tmp_path / "equal", titles, modalities=modalities_of({"video": 8, "audio": 4}))

    assert without["t04"].times is None
    one, other = (run.fill_in(c["t04"], [3, 4, 20]).predicted for c in (without, equal))
    np.testing.assert_allclose(one, other, atol=1e-6)
    assert make_sampler(run.recipe, without, run.space).batch(0).times is not None


def test_every_way_of_asking_tells_the_same_times(timed, run):
    """One that forgot them would predict what a catalog without times gets."""
    title, shots, told = timed["t04"], run.space.fuse(timed["t04"].embeddings), Told.of(timed["t04"])
    hidden = np.isin(np.arange(40), [5, 6, 17])
    expected = predict_hidden(run.model, shots, hidden, told)
    assert np.abs(expected - predict_hidden(run.model, shots, hidden)).max() > 0.01

    kept: dict = {}
    for _ in range(2):
        np.testing.assert_allclose(predict_hidden(run.model, shots, hidden, told, kept), expected, atol=1e-5)
    np.testing.assert_allclose(run.fill_in(title, [5, 6, 17]).predicted, expected, atol=1e-5)
    one = HiddenShot.of(run, title, [5, 6, 17], 6).restore(hidden[None]).detach().numpy()
    np.testing.assert_allclose(one[0], expected[1], atol=1e-5)
    alone = np.arange(40) == 6
    turn = np.where(alone, 0, 1)
    for plain in (True, False):
        in_turn = predict_in_turns(run.model, shots, turn, told, plain=plain)[6]
        np.testing.assert_allclose(in_turn, predict_hidden(run.model, shots, alone, told)[0], atol=1e-5)
    curve = context_curve(run, title, [5, 6, 17])
    scores = run.fill_in(title, [5, 6, 17]).table["centred_cosine"]
    assert curve["centred_cosine"].iloc[-1] == pytest.approx(scores.mean(), abs=1e-4)
    assert np.abs(run.contextual(title) - contextual_embeddings(run.model, shots)[0]).max() > 0.01


def test_a_window_run_backwards_runs_backwards_in_time(timed, run):
    sampler = WindowSampler(timed, run.space, max_shots=24, batch_windows=8, seed=0, time_reversal=1.0, with_times=True)
    batch = sampler.batch(0)
    assert batch.times is not None
    start, end = batch.times.unbind(dim=-1)
    assert (end[batch.valid] > start[batch.valid]).all()
    torch.testing.assert_close(start[:, 1:][batch.valid[:, 1:]], end[:, :-1][batch.valid[:, 1:]])
    lengths = np.diff(np.append(0, timed["t00"].shots["end_s"]))
    assert any(
        np.allclose((end - start)[i, :24].numpy()[::-1], lengths[j : j + 24], atol=1e-3)
        for i in range(8)
        for j in range(17)
    )


@pytest.mark.parametrize("unit, shift", [(1.0, 3600.0), (25.0, 0.0), (0.2, -7.0)])
def test_features_of_times_know_no_unit_no_beginning_and_no_padding(unit, shift):
    rng = torch.Generator().manual_seed(0)
    ends = (1 + 5 * torch.rand(2, 9, generator=rng, dtype=torch.float64)).cumsum(dim=1)
    times = torch.stack([torch.nn.functional.pad(ends[:, :-1], (1, 0)), ends], dim=-1)
    valid = torch.tensor([[True] * 9, [True] * 6 + [False] * 3])
    hidden = torch.zeros(2, 9, dtype=torch.bool)
    hidden[:, [2, 3]] = True
    at = HiddenIndex.of(hidden, valid)
    plain, other = (time_features(t, at) for t in (times, unit * times + shift))
    assert len(plain) == TIME_FEATURES
    for one, two in zip(plain, other, strict=True):
        torch.testing.assert_close(one * valid[:, None], two * valid[:, None], atol=1e-9, rtol=0)
    short = HiddenIndex.of(hidden[1:, :6], valid[1:, :6])
    for one, two in zip(plain, time_features(times[1:, :6], short), strict=True):
        torch.testing.assert_close(one[1:, :, :6], two, atol=1e-9, rtol=0)


def test_only_the_neighbour_head_is_told():
    with pytest.raises(InputError, match=r"model\.times is a choice of model\.head=neighbour"):
        preset("mediafm").with_settings(["model.times=true"])


def test_a_loop_of_ones_own_is_given_the_times_too(timed):
    data = CatalogWindows(timed, max_shots=24)
    rng = torch.Generator().manual_seed(0)
    batch = MaskedShotCollator("neighbour", generator=rng)([data[0], data[1]])
    model = MaskedShotModel(WIDTH, preset("neighbour").with_settings([*SMALL, "model.times=true"]), generator=rng)
    assert batch["times"].shape == (*batch["shots"].shape[:2], 2)
    assert torch.isfinite(model(**batch)["loss"])
    with pytest.raises(InputError, match=r"times are \(2, 3, 2\)"):
        model(**{**batch, "times": batch["times"][:, :3]})
    with pytest.raises(InputError, match=r"the times of window 1 are"):
        MaskedShotCollator("neighbour", generator=rng)([data[0], {**data[1], "times": data[1]["times"][:3]}])
