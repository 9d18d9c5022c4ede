"""Recipes and modalities as the callers of this package name them."""

from __future__ import annotations

from collections.abc import Sequence

from msm.data.schema import Modality, modalities_of
from msm.errors import InputError
from msm.recipes.presets import preset
from msm.recipes.recipe import Recipe


def as_recipe(recipe: str | Recipe) -> Recipe:
    """A preset by its name, or the recipe that is given. InputError for an unknown name, and for what is neither."""
    if not isinstance(recipe, str | Recipe):
        raise InputError(f"recipe is a {type(recipe).__name__}, but must be the name of a preset or a Recipe")
    return preset(recipe) if isinstance(recipe, str) else recipe


def modalities_of_widths(dims: Sequence[int]) -> tuple[Modality, ...]:
    """Modalities with these numbers of columns, side by side, named by their place."""
    return modalities_of({f"modality_{i}": dim for i, dim in enumerate(dims)})
