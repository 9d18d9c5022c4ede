"""Fields of a configuration dataclass that carry their own help text."""

from __future__ import annotations

from dataclasses import Field, field
from typing import TypeVar

T = TypeVar("T")


def described(default: T, help: str) -> T:
    """A dataclass field with a default and a help sentence, which forms and the documentation show."""
    return field(default=default, metadata={"help": help})


def help_of(entry: Field) -> str:
    """The help sentence of a field; empty where it has none."""
    return str(entry.metadata.get("help", ""))
