"""The knobs of a recipe as a form needs them, read from the recipe itself: nothing about them is written down twice.

Key, kind and default are the dataclass's, what a knob may be is what its own checks say, and the line of help is the
comment beside the field.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, get_type_hints

from msm.recipes.presets import preset
from msm.recipes.recipe import CHOICES, LIMITS, Recipe

GROUPS = {"": "Training", "mask": "Hiding", "model": "Model", "objective": "Objective", "optim": "Optimiser"}
_COMMENT = re.compile(r"^    (\w+): .*?  # (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Knob:
    """One choice of a recipe.

    group    a key of GROUPS
    kind     int, float, bool or str
    choices  every value that it may have; () where it is free
    limits   the least and the greatest number; None where it is no number
    """

    key: str
    group: str
    kind: type
    default: Any
    help: str
    choices: tuple[str, ...]
    limits: tuple[float, float] | None


@cache
def knobs() -> tuple[Knob, ...]:
    """Every knob but the recipe's name, in the order in which a recipe has them."""
    Recipe()  # its checks say what each may be
    return tuple(_knobs_of(Recipe, ""))


def _knobs_of(config: type, prefix: str) -> list[Knob]:
    hints, comments = get_type_hints(config), _comments(config)
    found: list[Knob] = []
    for field in fields(config):
        kind, key = hints[field.name], f"{prefix}{field.name}"
        if is_dataclass(kind) and isinstance(kind, type):
            found += _knobs_of(kind, f"{key}.")
        elif key != "name":
            limits = LIMITS.get(key) if kind in (int, float) else None
            comment = comments.get(field.name, "")
            found.append(Knob(key, prefix.rstrip("."), kind, field.default, comment, CHOICES.get(key, ()), limits))
    return found


def _comments(config: type) -> dict[str, str]:
    try:
        return {name: text.strip() for name, text in _COMMENT.findall(inspect.getsource(config))}
    except OSError:  # installed without its source
        return {}


def value_of(recipe: Recipe, key: str) -> Any:
    """What a recipe has under a dotted key."""
    place: Any = recipe
    for name in key.split("."):
        place = getattr(place, name)
    return place


def changes(recipe: Recipe, base: Recipe) -> dict[str, Any]:
    """Dotted key → value of what differs from another recipe."""
    return {k.key: value_of(recipe, k.key) for k in knobs() if value_of(recipe, k.key) != value_of(base, k.key)}


def settings(changed: Mapping[str, Any]) -> list[str]:
    """`key=value` as `Recipe.with_settings` and `msm train --set` read it."""
    return [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in changed.items()]


def train_words(catalog: str, run: str, name: str, changed: Mapping[str, Any]) -> list[str]:
    """The words after `msm` that train a preset with these changes."""
    words = ["train", catalog, run] + (["--recipe", name] if name != "mediafm" else [])
    return words + [word for setting in settings(changed) for word in ("--set", setting)]


def changed_preset(name: str, changed: Mapping[str, Any]) -> Recipe:
    """A preset with these changes; InputError, in the recipe's own sentence, where the result is impossible."""
    return preset(name).with_values(changed)
