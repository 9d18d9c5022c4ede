"""The hyperparameters of the form and of the guide are the fields of the recipe, and the command trains what the form shows."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm import InputError
from msm.config.fields import help_of
from msm.recipes.hyperparameters import GROUPS, changed_preset, changes, hyperparameters, train_words, value_of
from msm.recipes.presets import CATALOGUE, preset
from msm.recipes.recipe import MaskConfig, ModelConfig, ObjectiveConfig, OptimConfig, Recipe

NUMBERS = [k for k in hyperparameters() if k.limits is not None]
CHOOSERS = [k for k in hyperparameters() if k.choices]


def test_every_key_of_a_recipe_but_its_name_is_a_hyperparameter_with_the_same_default():
    assert [k.key for k in hyperparameters()] == [key for key in Recipe.keys() if key != "name"]  # noqa: SIM118 — a method of ours
    assert all(k.default == value_of(Recipe(), k.key) and k.group in GROUPS for k in hyperparameters())


def test_every_number_has_limits_and_every_choice_its_words():
    assert {k.key for k in hyperparameters() if k.kind in (int, float)} == {k.key for k in NUMBERS}
    assert {"fusion", "mask.policy", "model.head", "objective.loss", "optim.name"} <= {k.key for k in CHOOSERS}


def test_every_field_of_a_recipe_has_a_help_sentence():
    kinds = (Recipe, MaskConfig, ModelConfig, ObjectiveConfig, OptimConfig)
    parts = ("mask", "model", "objective", "optim")
    helps = {f"{kind.__name__}.{f.name}": help_of(f) for kind in kinds for f in fields(kind) if f.name not in parts}
    assert [name for name, text in helps.items() if not re.fullmatch(r"[A-ZKτ].{10,}\.", text)] == []


def test_the_guide_has_the_help_text_of_every_hyperparameter():
    guide = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert [row for row in map(table_row, hyperparameters()) if row not in guide] == []


def table_row(h):
    default = json.dumps(h.default).strip('"')
    return f"| `{h.key}` | {default} | {h.help} |".replace("|  |", "| |")


@pytest.mark.parametrize("number", NUMBERS, ids=lambda k: k.key)
def test_beyond_its_limits_a_recipe_refuses(number):
    low, high = number.limits
    for beyond in (low - 1, high + 1):
        with pytest.raises(InputError, match=rf"{number.key} is "):
            Recipe().with_values({number.key: number.kind(beyond)})


@pytest.mark.parametrize("choice", CHOOSERS, ids=lambda k: k.key)
def test_a_word_that_is_no_choice_is_refused(choice):
    with pytest.raises(InputError, match="must be"):
        Recipe().with_values({choice.key: "something else"})


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(CATALOGUE)),
    st.fixed_dictionaries(
        {},
        optional={
            "steps": st.integers(2000, 10**6),
            "mask.ratio": st.floats(0.01, 0.95),
            "optim.lr": st.floats(0, 10, allow_subnormal=True),
            "model.use_global": st.booleans(),
            "fusion": st.sampled_from(["joint", "per_modality"]),
            "mask.ranges": st.sampled_from(["", "1-3, 9"]),
        },
    ),
)
def test_the_command_trains_the_recipe_that_the_form_shows(name, wanted):
    recipe = changed_preset(name, wanted)
    words = train_words("catalog", "run", name, changes(recipe, preset(name)))
    settings_given = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
    chosen = words[words.index("--recipe") + 1] if "--recipe" in words else "mediafm"
    assert preset(chosen).with_settings(settings_given) == recipe
