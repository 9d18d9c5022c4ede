"""Where shots are alike, a preset is trained relative to their mean, unless the user says otherwise."""

import json

import numpy as np
import pytest

from msm import cli
from msm.data.catalog import Catalog, TitleData, modalities_of
from msm.recipes.presets import preset
from msm.training.anisotropy import ALIKE, centre_if_alike, random_pairs

QUICK = ["--set", "steps=1", "--set", "model.width=8", "--set", "model.depth=1", "--set", "model.heads=1"]


def msm(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main([str(w) for w in words])
    return int(ended.value.code or 0)


def catalog_with(shared: float, path) -> Catalog:
    """Titles whose shots have `shared` of their squared length in common."""
    rng = np.random.default_rng(0)
    common = np.sqrt(shared) * np.eye(32)[0]
    titles = []
    for i, split in enumerate(("train", "train", "train", "validation")):
        own = rng.normal(size=(30, 32)) * np.sqrt((1 - shared) / 32)
        titles.append(TitleData(title_id=f"t{i}", embeddings=(common + own).astype(np.float32), split=split))
    return Catalog.write(path, titles, modalities=modalities_of({"video": 32}), dtype="float32")


@pytest.mark.parametrize("shared", [0.3, 0.6, 0.8])
def test_the_cosine_of_random_pairs_is_what_they_have_in_common(tmp_path, shared):
    assert random_pairs(catalog_with(shared, tmp_path / "c"), "joint") == pytest.approx(shared, abs=0.04)


@pytest.mark.parametrize("name", ["mediafm", "bert", "spanbert"])
def test_a_preset_is_centred_where_shots_are_alike_and_only_there(tmp_path, name):
    for shared in (ALIKE - 0.1, ALIKE + 0.1):
        catalog = catalog_with(shared, tmp_path / f"c{shared:.1f}")
        recipe, message = centre_if_alike(preset(name), catalog, [])
        assert recipe.model.centred == (message is not None) == (shared > ALIKE)


@pytest.mark.parametrize("name", ["mae", "hero", "data2vec", "bassl"])
def test_recipes_without_a_cosine_loss_of_shots_stay_as_they_are(tmp_path, name):
    catalog = catalog_with(0.9, tmp_path / "c")
    assert centre_if_alike(preset(name), catalog, []) == (preset(name), None)


def test_the_published_recipe_is_trained_where_it_is_asked_for_and_the_danger_is_named(tmp_path, capsys):
    catalog_with(0.9, tmp_path / "c")
    for more, centred, said in (
        ([], True, "--set model.centred=false"),
        (["--set", "model.centred=false"], False, "may collapse"),
    ):
        assert msm("train", tmp_path / "c", tmp_path / "run", *QUICK, *more, "--replace") == 0
        assert said in capsys.readouterr().err
        assert json.loads((tmp_path / "run" / "recipe.json").read_text())["model"]["centred"] is centred
    assert msm("train", tmp_path / "c", tmp_path / "again", "--recipe", tmp_path / "run") == 0
    assert json.loads((tmp_path / "again" / "recipe.json").read_text())["model"]["centred"] is False
