"""What a file of labels says, before and after its place in a catalog is known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """One value of a label, as a file states it: at shots, between two times, or of a whole title."""

    title: str  # id or name of a title, as the file has it
    label: str  # the column, tier or control that it belongs to
    value: str
    where: str  # "line 12", for messages
    shots: tuple[int, int] | None = None  # first, and one past the last
    seconds: tuple[float, float] | None = None


@dataclass(frozen=True)
class Example:
    """The values of a label on consecutive shots of one title."""

    title: int  # its index in the catalog
    first: int
    stop: int  # one past the last shot
    values: tuple[str, ...]  # in the order of the file, without repetitions


@dataclass(frozen=True)
class LabelSet:
    """One label on the titles of a catalog."""

    name: str
    of: str  # shot, span or title: what most examples are
    examples: tuple[Example, ...]
