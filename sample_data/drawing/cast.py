"""What the people of a film look like, none like another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data.drawing.brush import Colour, rgb

SKINS = ("#f6d3b8", "#e8b28c", "#c98a5e", "#9a6240", "#6d4229", "#f0c4a0")


HAIRS = ("#2a1d18", "#5a3420", "#8c5a2c", "#c9973f", "#b3452a", "#8f8f94", "#e8e2d6", "#17171f")


STYLES = ("short", "side", "bob", "long", "bun", "afro", "bald", "ponytail")


WARDROBES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "crime": (
        ("coat", "suit", "coat", "dress", "uniform", "vest"),
        ("fedora", "fedora", "cap", "", "peaked", ""),
        ("#c7973d", "#3a3f5c", "#8c3038", "#4e7a78", "#6b5a8c", "#b8b0a0"),
    ),
    "ghost story": (
        ("dress", "coat", "suit", "shawl", "vest", "dress"),
        ("", "bonnet", "", "scarf", "cap", ""),
        ("#7a2f45", "#2c2c34", "#5f7f5a", "#6a4f8c", "#a8763a", "#c8bfae"),
    ),
    "heist": (
        ("suit", "uniform", "jumper", "jacket", "suit", "jumper"),
        ("", "peaked", "beanie", "", "fedora", ""),
        ("#d8343f", "#26436e", "#20a39a", "#e0a526", "#7f3f98", "#e7e4dc"),
    ),
    "romance": (
        ("apron", "suit", "vest", "dress", "dress", "jumper"),
        ("", "", "cap", "straw", "", ""),
        ("#e8697a", "#3d6d9e", "#74a45c", "#f0b443", "#9d74b8", "#f3e6d4"),
    ),
    "sitcom": (
        ("jumper", "vest", "apron", "jacket", "dress", "suit"),
        ("", "", "cap", "beanie", "", ""),
        ("#f2a516", "#7a4a9e", "#1fa187", "#e5484d", "#3f8fd2", "#ef7fb0"),
    ),
    "space": (
        ("spacesuit", "robe", "spacesuit", "spacesuit", "spacesuit", "jacket"),
        ("", "", "headset", "", "headset", "beanie"),
        ("#f08a24", "#dfe8f2", "#2bb3c0", "#6ec05c", "#d04f78", "#9a86e0"),
    ),
    "western": (
        ("vest", "coat", "dress", "poncho", "apron", "poncho"),
        ("cowboy", "cowboy", "bonnet", "cowboy", "", "cowboy"),
        ("#b5502c", "#25242c", "#5b86a0", "#c9a03c", "#7a5a3a", "#7c8f52"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Person:
    """What somebody looks like, in every shot of a title."""

    skin: Colour
    hair: Colour
    style: str
    clothes: str
    hat: str
    colour: Colour
    second: Colour
    build: float  # width of the body
    height: float
    glasses: bool
    beard: str  # "", full or moustache


@dataclass(frozen=True, kw_only=True)
class Pose:
    """How somebody is at one moment."""

    time_s: float = 0.0
    stride: float = 0.0  # 0 standing, 1 running
    mouth: float = 0.0  # 0 shut, 1 wide open
    talking: bool = False
    fear: float = 0.0  # 0 calm, 1 frantic
    phase: float = 0.0  # so that no two breathe and blink together


def cast_of(genre: str, count: int, rng: np.random.Generator) -> list[Person]:
    """The looks of a title's characters, none like another."""
    clothes, hats, colours = WARDROBES[genre]
    skins, hairs = rng.permutation(SKINS), rng.permutation(HAIRS)
    styles, shifts = rng.permutation(STYLES), rng.uniform(-0.12, 0.12, (count, 3))
    first = rng.permutation(len(colours))
    people = []
    for i in range(count):
        colour = rgb(colours[int(first[i % len(colours)])])
        red, green, blue = (min(1.0, max(0.0, c + s)) for c, s in zip(colour, shifts[i], strict=True))
        people.append(
            Person(
                skin=rgb(str(skins[i % len(SKINS)])),
                hair=rgb(str(hairs[i % len(HAIRS)])),
                style=str(styles[i % len(STYLES)]),
                clothes=clothes[i % len(clothes)],
                hat=hats[i % len(hats)],
                colour=(red, green, blue),
                second=rgb(colours[int(first[(i + 3) % len(colours)])]),
                build=float(rng.uniform(0.86, 1.22)),
                height=float(rng.uniform(0.92, 1.06)),
                glasses=bool(rng.random() < 0.22),
                beard=str(rng.choice(["", "full", "moustache"]))
                if _may_have_beard(clothes[i % len(clothes)], styles[i % len(STYLES)])
                else "",
            )
        )
    return people


def _may_have_beard(clothes: str, style: str) -> bool:
    return clothes not in ("dress", "shawl") and style in ("short", "side", "bald", "afro")
