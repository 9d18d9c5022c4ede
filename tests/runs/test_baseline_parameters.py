"""The parameters of fitted baselines are kept with a run, and a run that is older than a baseline is given them."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

from msm import Run, baselines
from msm.data.catalog import Catalog, modalities_of
from msm.errors import InputError
from msm.evaluation.evaluate_run import evaluate_run
from msm.evaluation.scoring import score_titles
from msm.evaluation.space import fit_space
from msm.recipes.recipe import Recipe
from msm.runs.baseline_parameters import FILE
from msm.runs.folder import RunFolder
from msm.training.trainer import start_run, train
from tests.talks import alternating_titles


@pytest.fixture(scope="module")
def trained(talks, tmp_path_factory):
    recipe = Recipe().with_settings(["steps=2", "validate_every=2", "model.width=16", "model.depth=1", "model.heads=2"])
    path = tmp_path_factory.mktemp("runs") / "run"
    return train(start_run(talks, path, recipe, device=torch.device("cpu")), talks, device=torch.device("cpu")).path


@pytest.fixture
def older(trained, tmp_path):
    """The run as a version without fitted baselines but one would have left it."""
    path = shutil.copytree(trained, tmp_path / "older")
    (path / FILE).unlink()
    facts = json.loads((path / "run.json").read_text())
    facts.pop("baselines", None)
    (path / "run.json").write_text(json.dumps(facts))
    return path


def test_what_was_fitted_is_read_back_to_the_last_bit(trained, talks):
    fitted = fit_space(talks.split("train"), talks.split("validation"), talks.modalities, "joint").baselines
    read = Run.open(trained).space.baselines
    assert read.keys() == fitted.keys() and "kriging" in read
    for name, own in fitted.items():
        for key, value in own.items():
            np.testing.assert_array_equal(read[name][key], value)
            assert np.asarray(read[name][key]).dtype == np.asarray(value).dtype


def test_run_json_stays_small_enough_to_be_written_at_every_heartbeat(trained):
    assert (trained / "run.json").stat().st_size < 8_000


def test_a_run_of_a_version_without_a_baseline_is_read_and_scored_without_it(older, talks):
    run = Run.open(older)
    assert "kriging" not in run.fill_in(talks.split("test")[0], [2, 3]).table
    scores = score_titles(run.predict, talks.split("test"), run.space, seeds=(0,))
    assert set(scores["predictor"]) == {"model", *baselines.NAMES} - {"kriging", "known_modalities"}


def test_an_evaluation_on_its_catalog_gives_an_older_run_the_baselines_that_it_lacks(older, trained, talks):
    assert "kriging" in evaluate_run(Run.open(older), talks)["baselines"]
    again, whole = Run.open(older).space.baselines["kriging"], Run.open(trained).space.baselines["kriging"]
    for key, value in whole.items():
        np.testing.assert_array_equal(again[key], value)


def test_an_evaluation_on_another_catalog_estimates_nothing_from_it(older, tmp_path):
    titles = alternating_titles(20, np.random.default_rng(8))
    other = Catalog.write(
        tmp_path / "other", titles, modalities=modalities_of({"video": 8, "audio": 4}), dtype="float32"
    )
    assert "kriging" not in evaluate_run(Run.open(older), other)["baselines"]
    assert not (older / FILE).exists()


def test_parameters_of_another_width_are_refused_with_the_baseline(trained, tmp_path):
    path = shutil.copytree(trained, tmp_path / "run")
    folder = RunFolder.open(path)
    parameters = folder.baselines
    parameters["kriging"]["components"] = parameters["kriging"]["components"][:5]
    folder.save_baselines(parameters)
    with pytest.raises(InputError, match="baseline kriging"):
        Run.open(path)


def test_without_arrays_there_is_no_file(trained, tmp_path):
    folder = RunFolder.open(shutil.copytree(trained, tmp_path / "run"))
    folder.save_baselines({"plain": {"length": 3.0}})
    assert not (folder.path / FILE).exists()
    assert RunFolder.open(folder.path).baselines == {"plain": {"length": 3.0}}
