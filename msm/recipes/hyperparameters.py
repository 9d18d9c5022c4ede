"""The hyperparameters of a recipe as a form or a table needs them, read from the recipe's own dataclasses.

Key, type, default and help text are those of the field; choices and limits are those of the checks in `__post_init__`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, get_type_hints

from msm.config.fields import help_of
from msm.recipes.presets import preset
from msm.recipes.recipe import CHOICES, LIMITS, Recipe

GROUPS = {"": "Training", "mask": "Masking", "model": "Model", "objective": "Objective", "optim": "Optimiser"}


@dataclass(frozen=True)
class Hyperparameter:
    """One field of a recipe.

    group    a key of GROUPS
    kind     int, float, bool or str
    choices  every value that it may have; () where it is free
    limits   the least and the greatest number; None where it is not a number
    """

    key: str
    group: str
    kind: type
    default: Any
    help: str
    choices: tuple[str, ...]
    limits: tuple[float, float] | None


@cache
def hyperparameters() -> tuple[Hyperparameter, ...]:
    """Every field except the recipe's name, in the order of the recipe."""
    Recipe()  # its checks record choices and limits
    return tuple(_fields_of(Recipe, ""))


def _fields_of(config: type, prefix: str) -> list[Hyperparameter]:
    hints = get_type_hints(config)
    found: list[Hyperparameter] = []
    for field in fields(config):
        kind, key = hints[field.name], f"{prefix}{field.name}"
        if is_dataclass(kind) and isinstance(kind, type):
            found += _fields_of(kind, f"{key}.")
        elif key != "name":
            limits = LIMITS.get(key) if kind in (int, float) else None
            group, choices = prefix.rstrip("."), CHOICES.get(key, ())
            found.append(Hyperparameter(key, group, kind, field.default, help_of(field), choices, limits))
    return found


def value_of(recipe: Recipe, key: str) -> Any:
    """The value of a recipe under a dotted key."""
    value: Any = recipe
    for name in key.split("."):
        value = getattr(value, name)
    return value


def changes(recipe: Recipe, base: Recipe) -> dict[str, Any]:
    """Dotted key → value of every hyperparameter that differs from another recipe."""
    keys = [h.key for h in hyperparameters()]
    return {key: value_of(recipe, key) for key in keys if value_of(recipe, key) != value_of(base, key)}


def settings(changed: Mapping[str, Any]) -> list[str]:
    """`key=value` as `Recipe.with_settings` and `msm train --set` read it."""
    return [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in changed.items()]


def train_words(catalog: str, run: str, name: str, changed: Mapping[str, Any]) -> list[str]:
    """The arguments of `msm` that train a preset with these changes."""
    words = ["train", catalog, run] + (["--recipe", name] if name != "mediafm" else [])
    return words + [word for setting in settings(changed) for word in ("--set", setting)]


def changed_preset(name: str, changed: Mapping[str, Any]) -> Recipe:
    """A preset with these changes; InputError, with the recipe's own message, where the result is invalid."""
    return preset(name).with_values(changed)
