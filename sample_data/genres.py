"""What the films are made of: a table of names, places and lines for each genre (`genres/*.toml`)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "genres"


@dataclass(frozen=True)
class Place:
    """`name` is the title's own; `kind` (harbour, kitchen …) is what it looks and sounds like."""

    name: str
    kind: str


@dataclass(frozen=True)
class Premise:
    """What a title is called, the object that its story turns on, and the place where it ends."""

    name: str
    prop: str
    place: Place

    @property
    def title_id(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower().replace("'", "")).strip("-")


@dataclass(frozen=True)
class Genre:
    name: str
    years: tuple[int, int]
    tags: tuple[str, ...]
    roles: tuple[str, ...]  # the hero's first, then the opponent's
    names: tuple[str, ...]
    narrator: str  # a voice that is never seen; empty in most genres
    exterior: Place | None  # seen before the camera goes in, at every scene
    patterns: dict[str, float]  # how often a scene is shot in which way
    climax: tuple[str, ...]
    coverage: str  # of dialogue: S single, T two-shot, I insert, and again from the start
    premises: tuple[Premise, ...]
    places: tuple[Place, ...]
    details: tuple[str, ...]  # small things that inserts show
    topics: tuple[str, ...]
    synopsis: tuple[str, str]
    exchanges: tuple[tuple[str, str], ...]
    monologue: tuple[str, ...]


@cache
def genres() -> dict[str, Genre]:
    """All genres by name, in alphabetical order."""
    common = _pairs(_read(FOLDER / "common.toml")["exchanges"])
    paths = sorted(p for p in FOLDER.glob("*.toml") if p.stem != "common")
    return {p.stem.replace("_", " "): _genre(p.stem.replace("_", " "), _read(p), common) for p in paths}


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _pairs(rows: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in rows)


def _genre(name: str, table: dict[str, Any], common: tuple[tuple[str, str], ...]) -> Genre:
    low, high = table["years"]
    first, second = table["synopsis"]
    return Genre(
        name=name,
        years=(low, high),
        tags=tuple(table["tags"]),
        roles=tuple(table["roles"]),
        names=tuple(table["names"]),
        narrator=table.get("narrator", ""),
        exterior=Place(*table["exterior"]) if "exterior" in table else None,
        patterns=table["patterns"],
        climax=tuple(table["climax"]),
        coverage=table["coverage"],
        premises=tuple(Premise(title, prop, Place(place, kind)) for title, prop, place, kind in table["titles"]),
        places=tuple(Place(*row) for row in table["places"]),
        details=tuple(table["details"]),
        topics=tuple(table["topics"]),
        synopsis=(first, second),
        exchanges=_pairs(table["exchanges"]) + common,
        monologue=tuple(table["monologue"]),
    )
