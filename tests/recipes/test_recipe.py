import json
from pathlib import Path

import pytest

from msm.errors import InputError
from msm.recipes.presets import PRESETS, preset
from msm.recipes.recipe import Recipe


def test_a_recipe_survives_json_unchanged():
    recipe = Recipe().with_settings(["mask.ratio=.4", "model.use_global=false", "optim.lr=3e-4", "steps=7"])
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_settings_change_only_what_they_name():
    changed = Recipe().with_settings(["mask.ratio=.4"])
    assert changed.mask.ratio == 0.4
    assert changed.to_dict() | {"mask": None} == Recipe().to_dict() | {"mask": None}


@pytest.mark.parametrize(
    "setting, word",
    [
        ("mask.ratio=0", "mask.ratio"),
        ("mask.ratio=lots", "a number"),
        ("mask.ratio", "key=value"),
        ("mask=0.2", "'mask' is not a recipe key"),
        ("model.colour=red", "'model.colour' is not a recipe key"),
        ("model.width=250", "multiple of model.heads"),
        ("model.width=true", "a whole number"),
        ("model.use_global=1", "true or false"),
        ("steps=2.5", "a whole number"),
        ("fusion=blend", "'joint' or 'per_modality'"),
        ("optim.lr=NaN", "optim.lr"),
        ("seed=-1", "seed"),
    ],
)
def test_a_bad_setting_is_refused_by_name(setting, word):
    with pytest.raises(InputError, match=word):
        Recipe().with_settings([setting])


def test_every_key_that_scripts_rely_on_exists():
    promised = [
        "steps",
        "seed",
        "fusion",
        "mask.ratio",
        "mask.policy",
        "mask.schedule",
        "model.width",
        "model.depth",
        "model.head",
        "model.use_global",
        "objective.loss",
        "optim.name",
        "optim.lr",
    ]
    assert set(promised) <= set(Recipe.keys())


def test_the_reference_recipe_is_the_published_one():
    recipe = preset("mediafm")
    assert (recipe.mask.ratio, recipe.mask.policy, recipe.fusion) == (0.2, "independent", "joint")
    assert (recipe.objective.loss, recipe.model.head, recipe.optim.name) == ("cosine", "linear", "muon")
    assert recipe.model.max_shots == 512 and recipe.model.use_global


def test_every_key_and_every_named_recipe_stands_in_the_guide():
    guide = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert [key for key in [*Recipe.keys(), *PRESETS] if f"`{key}`" not in guide] == []
