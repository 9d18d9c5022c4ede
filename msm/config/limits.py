"""Checks of a single configuration value. Each records its choices or limits by dotted key, for forms and documentation."""

from __future__ import annotations

from msm.errors import InputError

MAX_WINDOW = 65_536  # shots

CHOICES: dict[str, tuple[str, ...]] = {}
LIMITS: dict[str, tuple[float, float]] = {}


def one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise InputError unless `value` is one of the allowed words."""
    CHOICES.setdefault(name, allowed)
    if value not in allowed:
        raise InputError(f"{name} is {value!r}, but must be {' or '.join(repr(a) for a in allowed)}")


def between(name: str, value: float, low: float, high: float) -> None:
    """Raise InputError unless low ≤ value ≤ high."""
    LIMITS.setdefault(name, (low, high))
    if not low <= value <= high:
        raise InputError(f"{name} is {value}, but must lie between {low} and {high}")
