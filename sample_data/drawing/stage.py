"""What every set is drawn with: the light of the hour, sky and ground, walls and floor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import skia

from sample_data.drawing.brush import HEIGHT, WIDTH, Brush, Colour, dark, light, mix, rgb, times

FLOOR = 136.0  # where walls end and floors begin
FEET = 158.0  # where people stand in a wide shot
MARGIN = 40.0  # of a set around the frame, for the camera to move in


@dataclass(frozen=True)
class Hour:
    """The light of a time of day: sky from top to bottom, and what multiplies all that has no light of its own."""

    top: Colour
    bottom: Colour
    outside: Colour
    inside: Colour


HOURS = {
    "morning": Hour(rgb("#7fb4d8"), rgb("#fde3c0"), (1.0, 0.95, 0.88), (1.0, 0.97, 0.92)),
    "day": Hour(rgb("#3f8fd0"), rgb("#cdeaf6"), (1.0, 1.0, 1.0), (1.0, 1.0, 1.0)),
    "dusk": Hour(rgb("#3d3a75"), rgb("#f58a56"), (0.92, 0.68, 0.62), (0.90, 0.76, 0.70)),
    "night": Hour(rgb("#0b1234"), rgb("#34518a"), (0.36, 0.44, 0.70), (0.68, 0.64, 0.76)),
}
SPACE = Hour(rgb("#05060f"), rgb("#141a38"), (0.74, 0.78, 0.92), (0.78, 0.80, 0.92))

# of each genre: colours of inner walls, and of the wood that things are made of
WALLS = {
    "crime": (("#6f7a6a", "#7a6250", "#596b78", "#80725a"), "#5b3b26"),
    "ghost story": (("#5d4a63", "#3f5a55", "#6b3f3f", "#54586f"), "#3b2418"),
    "heist": (("#d9dde2", "#3b4a60", "#b8a992", "#567a85"), "#7a5438"),
    "nature documentary": (("#c9b58c",), "#6f4b2c"),
    "romance": (("#f6d7c8", "#cfe3d8", "#f5e3b5", "#dccfe8"), "#b07a4c"),
    "sitcom": (("#f7c65b", "#79c7c0", "#f08a6b", "#a9cf6a", "#c59ad6"), "#c27f45"),
    "space": (("#aab6c8", "#8fa4b8", "#c2c6d0", "#7f8ea8"), "#77839a"),
    "western": (("#a8743f", "#8d5a30", "#b98a55", "#94683f"), "#6b4020"),
}


@dataclass
class Stage:
    """A set while it is drawn. `side` 0 is the place as one knows it, 1 the reverse angle."""

    b: Brush
    rng: np.random.Generator  # the title's own variant of this place
    genre: str
    hour_name: str
    side: int
    lights: list[Callable[[], None]] = field(default_factory=list)  # drawn when the dark has fallen

    @property
    def hour(self) -> Hour:
        return SPACE if self.genre == "space" else HOURS[self.hour_name]

    @property
    def dim(self) -> bool:
        """Are lamps lit?"""
        return self.genre == "space" or self.hour_name in ("dusk", "night")

    @property
    def wood(self) -> Colour:
        return rgb(WALLS[self.genre][1])

    def far(self, colour: Colour, share: float) -> Colour:
        """A colour seen through air."""
        day = HOURS["day"].bottom if self.genre != "western" else rgb("#f0dcb4")
        return mix(colour, day, share)

    def later(self, draw: Callable[[], None]) -> None:
        self.lights.append(draw)

    def pick(self, *codes: str) -> Colour:
        return rgb(str(self.rng.choice(codes)))

    def about(self, value: float, spread: float) -> float:
        return float(value + self.rng.uniform(-spread, spread))

    # -- out of doors

    def sky(self, *, clouds: int = 5, sun: bool = True) -> None:
        """The sky has its own light; all that is drawn after it lies in the light of the hour."""
        b, hour = self.b, self.hour
        top, bottom = hour.top, hour.bottom
        if self.side:
            top, bottom = dark(top, 0.12), mix(bottom, top, 0.35)
        b.rect(-MARGIN, -MARGIN, WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN, top, bottom)
        x, y = self.about(225, 50), self.about(38, 14)
        if self.hour_name == "night" or self.genre == "space":
            self._stars()
        if sun and not self.side and self.genre != "space":
            self._disc(x, y)
        if self.genre != "space":
            for _ in range(clouds):
                self.cloud(self.about(160, 190), self.about(34, 28), self.about(30, 14))
        self._lay(hour.outside)

    def _lay(self, tone: Colour) -> None:
        """From here to `finish`, everything is multiplied by a colour."""
        red, green, blue = times(tone, (0.84, 0.90, 1.0) if self.side else (1.0, 0.98, 0.94))
        matrix = [red, 0, 0, 0, 0, 0, green, 0, 0, 0, 0, 0, blue, 0, 0, 0, 0, 0, 1, 0]
        self.b.canvas.saveLayer(None, skia.Paint(ColorFilter=skia.ColorFilters.Matrix(matrix)))

    def _disc(self, x: float, y: float) -> None:
        b = self.b
        if self.hour_name == "night":
            b.glow(x, y, 46, (0.75, 0.85, 1.0), 0.5)
            b.oval(x, y, 11, 11, (0.97, 0.97, 0.9))
            b.oval(x - 3, y - 2, 2.4, 2.2, (0.86, 0.87, 0.84))
            b.oval(x + 4, y + 3, 1.8, 1.6, (0.86, 0.87, 0.84))
        elif self.hour_name == "dusk":
            b.glow(x, 104, 100, (1.0, 0.55, 0.25), 0.75)
            b.glow(x, 104, 26, (1.0, 0.9, 0.6), 0.9)
        else:
            b.glow(x, y, 70, (1.0, 0.95, 0.7), 0.55)
            b.glow(x, y, 15, (1.0, 1.0, 0.9), 0.95)

    def _stars(self) -> None:
        spots = self.rng.uniform((-MARGIN, -MARGIN, 0.3), (WIDTH + MARGIN, 110, 1.0), (90, 3))

        for x, y, size in spots.tolist():
            self.b.oval(x, y, 0.75 * size, 0.75 * size, (1, 1, 0.95), a=0.35 + 0.6 * size)

    def cloud(self, x: float, y: float, w: float) -> None:
        top = mix(times((1.0, 1.0, 1.0), self.hour.outside), self.hour.bottom, 0.45)
        for dx, dy, r in ((-0.7, 2, 0.42), (-0.25, -3, 0.6), (0.3, 0, 0.52), (0.8, 3, 0.36)):
            self.b.oval(x + dx * w, y + dy, r * w, r * w * 0.38, top, a=0.5)

    def ridge(self, y: float, height: float, colour: Colour, *, sharp: bool = False, steps: int = 12) -> None:
        """Hills, or with `sharp` mountains, from one edge to the other."""
        xs = np.linspace(-MARGIN - 20, WIDTH + MARGIN + 20, steps)
        tops = y - height * self.rng.uniform(0.15, 1.0, steps)
        points = [(float(x), float(t)) for x, t in zip(xs, tops, strict=True)]
        edge = [(WIDTH + MARGIN + 40, 260.0), (-MARGIN - 40, 260.0)]
        (self.b.poly if sharp else self.b.blob)([*points, *edge], light(colour, 0.12), dark(colour, 0.12))

    def ground(self, y: float, colour: Colour, to: Colour | None = None) -> None:
        self.b.rect(-MARGIN, y, WIDTH + 2 * MARGIN, HEIGHT + MARGIN - y, colour, to or dark(colour, 0.35))

    def water(self, y: float, bottom: float = HEIGHT + MARGIN, colour: Colour | None = None) -> None:
        """A mirror of the sky with bright strokes."""
        near = colour or rgb("#2c6f8e")
        far = mix(near, _undo(self.hour.bottom, self.hour.outside), 0.6)
        self.b.rect(-MARGIN, y, WIDTH + 2 * MARGIN, bottom - y, far, near)
        for _ in range(34):
            depth = float(self.rng.random()) ** 1.6
            at_y = y + 2 + depth * (min(bottom, HEIGHT) - y - 3)
            x, w = self.about(160, 190), 4 + 22 * depth
            self.b.rect(x, at_y, w, 0.7 + 1.1 * depth, light(far, 0.55), r=0.6, a=0.5)

    # -- indoors

    def room(self, wall: Colour | None = None, floor: Colour | None = None, *, bare: bool = False) -> Colour:
        """Walls in the manner of the genre, and a floor; returns the wall's colour."""
        codes = WALLS[self.genre][0]
        wall = wall or rgb(str(self.rng.choice(codes)))
        if self.side:
            wall = dark(mix(wall, rgb("#4a5f8a"), 0.25), 0.12)
        b = self.b
        self._lay(self.hour.inside)
        b.rect(-MARGIN, -MARGIN, WIDTH + 2 * MARGIN, FLOOR + MARGIN, dark(wall, 0.18), light(wall, 0.12))
        if not bare:
            _MANNERS.get(self.genre, _striped)(self, wall)
        self.floor(floor or mix(self.wood, wall, 0.15))
        b.rect(
            -MARGIN,
            FLOOR - 4,
            WIDTH + 2 * MARGIN,
            4.5,
            dark(wall, 0.42) if self.genre != "romance" else light(wall, 0.6),
        )
        return wall

    def floor(self, colour: Colour) -> None:
        b = self.b
        b.rect(-MARGIN, FLOOR, WIDTH + 2 * MARGIN, HEIGHT + MARGIN - FLOOR, dark(colour, 0.12), light(colour, 0.1))
        for x in range(-260, 600, 34):
            b.line(
                [(160 + (x - 160) * 0.62, FLOOR), (160 + (x - 160) * 1.5, HEIGHT + MARGIN)],
                0.7,
                dark(colour, 0.4),
                a=0.55,
            )
        for y in (144.0, 157.0, 175.0):
            b.line([(-MARGIN, y), (WIDTH + MARGIN, y)], 0.5, dark(colour, 0.4), a=0.35)

    def finish(self) -> None:
        """Let the hour's light fall on everything, then light the lamps."""
        self.b.canvas.restore()
        for draw in self.lights:
            draw()


def _undo(colour: Colour, tone: Colour) -> Colour:
    """What becomes `colour` when it is multiplied by `tone`."""
    red, green, blue = (min(1.0, c / max(t, 0.05)) for c, t in zip(colour, tone, strict=True))
    return red, green, blue


def _striped(s: Stage, wall: Colour) -> None:
    for x in range(-40, 380, 14):
        s.b.rect(x, -MARGIN, 5, FLOOR + MARGIN, light(wall, 0.14), a=0.35)
    s.b.rect(-MARGIN, 96, WIDTH + 2 * MARGIN, 40, dark(s.wood, 0.05), dark(s.wood, 0.3))
    s.b.rect(-MARGIN, 95, WIDTH + 2 * MARGIN, 3, light(s.wood, 0.12))
    for x in range(-40, 380, 26):
        s.b.rect(x + 3, 102, 20, 26, dark(s.wood, 0.28), r=1, a=0.55)


def _damask(s: Stage, wall: Colour) -> None:
    for row, y in enumerate(range(-30, 100, 15)):
        for x in range(-40, 380, 20):
            at = x + 10 * (row % 2)
            s.b.blob([(at, y - 5), (at + 4, y), (at, y + 5), (at - 4, y)], light(wall, 0.16), a=0.6)
            s.b.oval(at, y, 1, 1, dark(wall, 0.25))
    s.b.rect(-MARGIN, 92, WIDTH + 2 * MARGIN, 44, light(s.wood, 0.06), dark(s.wood, 0.25))
    s.b.rect(-MARGIN, 90, WIDTH + 2 * MARGIN, 3, light(s.wood, 0.16))
    for x in range(-40, 380, 32):
        s.b.rect(x + 4, 98, 24, 32, dark(s.wood, 0.3), r=1)
        s.b.rect(x + 6, 100, 20, 28, light(s.wood, 0.02), r=1)


def _panelled(s: Stage, wall: Colour) -> None:
    for x in range(-40, 380, 62):
        s.b.line([(x, -MARGIN), (x, FLOOR)], 0.8, dark(wall, 0.3), a=0.6)
    s.b.line([(-MARGIN, 60), (WIDTH + MARGIN, 60)], 0.8, dark(wall, 0.3), a=0.6)
    s.later(partial(s.b.rect, -MARGIN, 10, WIDTH + 2 * MARGIN, 1.6, (0.85, 0.95, 1.0), a=0.85))
    s.later(partial(s.b.glow, 160, 11, 120, (0.7, 0.85, 1.0), 0.18))


def _papered(s: Stage, wall: Colour) -> None:
    for row, y in enumerate(range(14, 136, 13)):
        for x in range(-40, 380, 22):
            s.b.oval(x + 11 * (row % 2), y, 1.7, 1.7, light(wall, 0.5), a=0.7)
    s.b.rect(-MARGIN, 8, WIDTH + 2 * MARGIN, 3, light(wall, 0.6))


def _painted(s: Stage, wall: Colour) -> None:
    other = mix(wall, (1.0, 1.0, 1.0), 0.32)
    for x in range(-40, 380, 40):
        s.b.rect(x, -MARGIN, 20, FLOOR + MARGIN, other, a=0.5)
    s.b.rect(-MARGIN, 118, WIDTH + 2 * MARGIN, 18, light(wall, 0.7))


def _hull(s: Stage, wall: Colour) -> None:
    for row, y in enumerate((-30, 22, 74)):
        for x in range(-76, 380, 58):
            at = x + 29 * (row % 2)
            s.b.rect(at, y, 56, 50, light(wall, 0.12), dark(wall, 0.14), r=5)
            for dx, dy in ((4, 4), (52, 4), (4, 46), (52, 46)):
                s.b.oval(at + dx, y + dy, 0.9, 0.9, dark(wall, 0.45))
    s.b.rect(-MARGIN, 124, WIDTH + 2 * MARGIN, 12, dark(wall, 0.5))
    strip = rgb("#5ce1e6") if not s.side else rgb("#ff9a5c")
    s.later(partial(s.b.rect, -MARGIN, 127, WIDTH + 2 * MARGIN, 2, strip))
    s.later(partial(s.b.rect, -MARGIN, 121, WIDTH + 2 * MARGIN, 14, strip, r=5, a=0.16))
    s.later(partial(s.b.rect, -MARGIN, 18, WIDTH + 2 * MARGIN, 2.4, light(strip, 0.6)))


def _planked(s: Stage, wall: Colour) -> None:
    for i, y in enumerate(range(-40, 136, 11)):
        s.b.rect(-MARGIN, y, WIDTH + 2 * MARGIN, 10.2, mix(wall, dark(wall, 0.25), (i * 37 % 10) / 10), a=0.8)
        for k in range(3):
            x = (i * 83 + k * 131) % 400 - 40
            s.b.line([(x, y), (x, y + 10)], 0.8, dark(wall, 0.5))
    for x in (-12, 150, 318):
        s.b.rect(x, -MARGIN, 9, FLOOR + MARGIN, dark(wall, 0.35), dark(wall, 0.5))


_MANNERS: dict[str, Callable[[Stage, Colour], None]] = {
    "crime": _striped,
    "ghost story": _damask,
    "heist": _panelled,
    "romance": _papered,
    "sitcom": _painted,
    "space": _hull,
    "western": _planked,
}
