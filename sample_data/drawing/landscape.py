"""What stands in many places under the sky: fronts of houses, lamps, trees, boats."""

from __future__ import annotations

from functools import partial

from sample_data.drawing.brush import Colour, dark, light, mix, rgb
from sample_data.drawing.stage import Stage

BRICKS = ("#9c5a44", "#7d6a5c", "#b08a6a", "#6f7580", "#a87860", "#8a4f4a")


def house(
    s: Stage, x: float, w: float, top: float, base: float, colour: Colour, *, roof: str = "gable", door: bool = True
) -> None:
    """A front with windows, lit when it is dim."""
    b = s.b
    b.rect(x, top, w, base - top, light(colour, 0.1), dark(colour, 0.15))
    if roof == "gable":
        b.poly([(x - 4, top), (x + w / 2, top - w * 0.38), (x + w + 4, top)], dark(colour, 0.45), dark(colour, 0.3))
    elif roof == "false":  # the square front of a western street
        b.rect(x - 3, top - 16, w + 6, 18, light(colour, 0.2), colour)
        b.rect(x - 5, top - 18, w + 10, 4, dark(colour, 0.35))
        b.rect(x + w * 0.16, top - 11, w * 0.68, 8, light(colour, 0.55), r=1)
        b.rect(x - 4, base - 34, w + 8, 4, dark(colour, 0.4))
        for dx in (0.02, 0.5, 0.98):
            b.rect(x + w * dx - 1.4, base - 32, 2.8, 32, dark(colour, 0.3))
    else:
        b.rect(x - 3, top - 4, w + 6, 6, dark(colour, 0.35))
    columns, rows = max(1, int(w // 22)), max(1, int((base - top - 34) // 28))
    for row in range(rows):
        for column in range(columns):
            pane(s, x + (column + 0.5) * w / columns - 5.5, top + 10 + row * 28, colour)
    if door:
        b.rect(x + w * 0.4, base - 28, 15, 28, dark(colour, 0.5), dark(colour, 0.6), r=1)


def pane(s: Stage, x: float, y: float, wall: Colour, w: float = 11, h: float = 16) -> None:
    b, lit = s.b, s.dim and s.rng.random() < 0.6
    b.rect(x - 1.2, y - 1.2, w + 2.4, h + 2.4, light(wall, 0.4))
    b.rect(x, y, w, h, rgb("#6f8fa8"), rgb("#3a4f66"))
    if lit:
        s.later(partial(b.rect, x, y, w, h, rgb("#ffe3a0"), rgb("#ffb84d")))
        s.later(partial(b.glow, x + w / 2, y + h / 2, 24, rgb("#ffb84d"), 0.4))
    b.rect(x + w / 2 - 0.5, y, 1, h, light(wall, 0.4))


def street_lamp(s: Stage, x: float, base: float = 156, tall: float = 96) -> None:
    b = s.b
    b.rect(x - 1.6, base - tall, 3.2, tall, (0.13, 0.14, 0.17))
    b.rect(x - 4, base - 6, 8, 6, (0.13, 0.14, 0.17), r=1)
    b.poly(
        [(x - 6, base - tall - 12), (x + 6, base - tall - 12), (x + 4, base - tall), (x - 4, base - tall)],
        rgb("#e8dcb0"),
    )
    b.poly([(x - 8, base - tall - 12), (x, base - tall - 18), (x + 8, base - tall - 12)], (0.13, 0.14, 0.17))
    if s.dim:
        s.later(partial(b.glow, x, base - tall - 6, 60, (1.0, 0.82, 0.45), 0.85))
        s.later(
            partial(
                b.beam,
                [(x - 4, base - tall), (x + 4, base - tall), (x + 46, base + 14), (x - 46, base + 14)],
                (1.0, 0.82, 0.45),
                0.35,
            )
        )


def skyline(s: Stage, base: float, colour: Colour) -> None:
    x = -44.0
    while x < 364:
        w, h = float(s.rng.uniform(16, 38)), float(s.rng.uniform(18, 66))
        s.b.rect(x, base - h, w, h, light(colour, 0.1), colour)
        for k in range(int(w // 7)):
            for row in range(int(h // 9)):
                if s.dim and s.rng.random() < 0.35:
                    at = (x + 2.5 + k * 7, base - h + 4 + row * 9)
                    s.later(partial(s.b.rect, *at, 2.4, 3.4, rgb("#ffd98a"), a=0.85))
        x += w + float(s.rng.uniform(-2, 8))


def round_tree(s: Stage, x: float, y: float, size: float, colour: Colour) -> None:
    b = s.b
    b.shadow(x, y, 22 * size, 4 * size)
    b.poly(
        [(x - 4 * size, y), (x - 2 * size, y - 42 * size), (x + 2 * size, y - 42 * size), (x + 5 * size, y)],
        rgb("#6b4a30"),
        rgb("#4a3220"),
    )
    for dx, dy, r in ((-14, -46, 17), (13, -48, 18), (0, -60, 22), (-4, -40, 16), (8, -36, 13)):
        b.oval(x + dx * size, y + dy * size, r * size, r * size * 0.9, light(colour, 0.22), dark(colour, 0.22))


def pine(s: Stage, x: float, y: float, size: float, colour: Colour) -> None:
    b = s.b
    b.rect(x - 2.4 * size, y - 16 * size, 4.8 * size, 16 * size, rgb("#5a3f2a"))
    for k in range(4):
        top, w = y - (84 - k * 18) * size, (11 + k * 6) * size
        b.poly([(x, top), (x + w, top + 30 * size), (x - w, top + 30 * size)], light(colour, 0.14), dark(colour, 0.16))


def cactus(s: Stage, x: float, y: float, size: float) -> None:
    b, green = s.b, rgb("#5f8a4a")
    b.shadow(x, y, 14 * size, 3)
    b.line([(x, y), (x, y - 56 * size)], 11 * size, green)
    b.line([(x, y - 22 * size), (x - 17 * size, y - 24 * size), (x - 17 * size, y - 42 * size)], 7.4 * size, green)
    b.line(
        [(x, y - 30 * size), (x + 16 * size, y - 32 * size), (x + 16 * size, y - 50 * size)],
        7.4 * size,
        dark(green, 0.1),
    )
    b.line([(x + 2 * size, y - 4 * size), (x + 2 * size, y - 56 * size)], 1.2, light(green, 0.35))


def grass(s: Stage, y: float, colour: Colour, count: int = 60, tall: float = 12) -> None:
    for _ in range(count):
        x, size = s.about(160, 195), float(s.rng.uniform(0.5, 1.0)) * tall
        base = y + float(s.rng.uniform(0, 30))
        lean = float(s.rng.uniform(-4, 4))
        s.b.line(
            [(x, base), (x + lean * 0.3, base - size * 0.6), (x + lean, base - size)],
            1.3,
            mix(light(colour, 0.3), dark(colour, 0.2), float(s.rng.random())),
            smooth=True,
        )


def flowers(s: Stage, y: float, codes: tuple[str, ...], count: int = 26) -> None:
    for _ in range(count):
        x, at = s.about(160, 190), y + float(s.rng.uniform(0, 34))
        s.b.oval(x, at, 1.9, 1.7, s.pick(*codes))
        s.b.oval(x, at, 0.7, 0.7, rgb("#ffe9a0"))


def sailing_boat(s: Stage, x: float, y: float, size: float, colour: Colour) -> None:
    b = s.b
    with b.at(x, y, size):
        b.poly([(-2, -74), (2, -74), (2, -6), (-2, -6)], rgb("#5a4030"))
        b.poly([(3, -70), (34, -14), (3, -14)], (0.95, 0.93, 0.88), (0.8, 0.79, 0.8))
        b.poly([(-3, -60), (-24, -14), (-3, -14)], (0.9, 0.88, 0.83), (0.74, 0.74, 0.76))
        b.blob([(-46, -12), (-34, 8), (34, 8), (50, -14), (30, -8), (-30, -8)], light(colour, 0.2), dark(colour, 0.3))
        b.line([(-38, -5), (40, -5)], 1.8, (0.95, 0.94, 0.9))
