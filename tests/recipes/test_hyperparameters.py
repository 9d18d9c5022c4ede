"""Knobs as a form needs them are those of the recipe, and what a form says is what `msm train` trains."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm import InputError
from msm.recipes.hyperparameters import GROUPS, changed_preset, changes, knobs, train_words, value_of
from msm.recipes.presets import CATALOGUE, preset
from msm.recipes.recipe import Recipe

NUMBERS = [k for k in knobs() if k.limits is not None]
CHOOSERS = [k for k in knobs() if k.choices]


def test_every_key_of_a_recipe_but_its_name_is_a_knob_with_the_default_that_it_has():
    assert [k.key for k in knobs()] == [key for key in Recipe.keys() if key != "name"]  # noqa: SIM118 — a method of ours
    assert all(k.default == value_of(Recipe(), k.key) and k.group in GROUPS for k in knobs())


def test_every_number_has_limits_and_every_choice_its_words():
    assert {k.key for k in knobs() if k.kind in (int, float)} == {k.key for k in NUMBERS}
    assert {"fusion", "mask.policy", "model.head", "objective.loss", "optim.name"} <= {k.key for k in CHOOSERS}
    assert next(k for k in knobs() if k.key == "mask.ratio").help == "share of a window's shots"


@pytest.mark.parametrize("knob", NUMBERS, ids=lambda k: k.key)
def test_beyond_its_limits_a_recipe_refuses(knob):
    low, high = knob.limits
    for beyond in (low - 1, high + 1):
        with pytest.raises(InputError, match=rf"{knob.key} is "):
            Recipe().with_values({knob.key: knob.kind(beyond)})


@pytest.mark.parametrize("knob", CHOOSERS, ids=lambda k: k.key)
def test_a_word_that_is_no_choice_is_refused(knob):
    with pytest.raises(InputError, match="must be"):
        Recipe().with_values({knob.key: "something else"})


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
    said = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
    chosen = words[words.index("--recipe") + 1] if "--recipe" in words else "mediafm"
    assert preset(chosen).with_settings(said) == recipe
