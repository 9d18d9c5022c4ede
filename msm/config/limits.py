"""What a single choice may be. Asked once, it is remembered by dotted key, so that a form need not say it again."""

from __future__ import annotations

from msm.errors import InputError

MAX_WINDOW = 65_536  # shots

CHOICES: dict[str, tuple[str, ...]] = {}
LIMITS: dict[str, tuple[float, float]] = {}


def one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """InputError unless it is one of these words."""
    CHOICES.setdefault(name, allowed)
    if value not in allowed:
        raise InputError(f"{name} is {value!r}, but must be {' or '.join(repr(a) for a in allowed)}")


def between(name: str, value: float, low: float, high: float) -> None:
    """InputError unless it lies between the two, which it may be."""
    LIMITS.setdefault(name, (low, high))
    if not low <= value <= high:
        raise InputError(f"{name} is {value}, but must lie between {low} and {high}")
