"""Build frozen dataclasses from JSON or from text such as `mask.ratio=0.4`; what does not fit raises InputError."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_type_hints

from msm.errors import InputError


def keys_of(values: Mapping[str, Any], prefix: str) -> list[str]:
    """The dotted keys of nested dictionaries, in order."""
    keys: list[str] = []
    for name, value in values.items():
        keys += keys_of(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]
    return keys


def parse(text: str, kind: type) -> Any:
    """Convert text to a value: numbers (`.4` too) and true/false as in JSON; anything else, and all text for `str`, unchanged."""
    if kind is str:
        return text
    lowered = text.lower()
    if lowered in ("true", "false"):
        return lowered == "true"
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # not JSON, or a number or nesting too long for the parser
        try:
            return float(text)
        except ValueError:
            return text


def build(kind: type, values: Mapping[str, Any], prefix: str) -> Any:
    """Build a dataclass and those inside it. Raises InputError for an unknown key or a value of the wrong type.

    prefix  dotted key of the dataclass itself, with a dot at the end, for messages
    """
    if not isinstance(values, Mapping):
        raise InputError(f"recipe: {prefix or 'the whole'} must be an object with keys, not {values!r}")
    hints = _hints(kind)
    known = {f.name for f in fields(kind)}
    for name in values:
        if name not in known:
            raise InputError(f"{prefix}{name} is not a recipe key")
    return kind(**{name: _convert(hints[name], value, prefix + name) for name, value in values.items()})


@cache
def _hints(kind: type) -> dict[str, Any]:
    """Field → type; kept, since the annotations are texts that Python compiles each time."""
    return get_type_hints(kind)


def _convert(kind: Any, value: Any, key: str) -> Any:
    if is_dataclass(kind) and isinstance(kind, type):
        return build(kind, value, key + ".")
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise InputError(f"{key} is larger than a number can be") from None
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InputError(f"{key} is {value!r}, but must be {_KINDS[kind]}")
    if kind is float and value != value:
        raise InputError(f"{key} is NaN, but must be a number")
    return value


_KINDS = {int: "a whole number", float: "a number", str: "a word", bool: "true or false"}
