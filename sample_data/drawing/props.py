"""Small things in close-up, about 90 units across, standing on a surface at the origin."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from sample_data.drawing.brush import Brush, Colour, dark, light, mix, rgb

GOLD, STEEL, PAPER = rgb("#e3b53f"), rgb("#9aa8b5"), rgb("#f3ead2")
COLOURS = ("#c8343a", "#2f7f8f", "#d9922c", "#5a7f3f", "#7a4a9e", "#3f5fae", "#b5602c", "#d8629a")


def draw_prop(b: Brush, name: str, seed: int) -> None:
    """The first kind whose words the name holds; a wrapped parcel where none does."""
    rng = np.random.default_rng(seed)
    colour = rgb(str(rng.choice(COLOURS)))
    b.shadow(0, 1, 62, 9, 0.5)
    words = f" {name.replace('-', ' ')} "
    kind = next((draw for keys, draw in _KINDS if any(f" {k}" in words for k in keys.split())), _parcel)
    kind(b, colour, rng)


def _paper(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    with b.at(0, -40, turn=float(rng.uniform(-9, 9))):
        b.rect(-46, -34, 92, 72, dark(PAPER, 0.12), r=2)
        b.rect(-48, -37, 92, 72, light(PAPER, 0.5), PAPER, r=2)
        for k in range(6):
            b.line([(-38, -24 + k * 9), (float(rng.uniform(-4, 34)), -24 + k * 9)], 1.7, rgb("#4a4f6b"), a=0.75)
        b.oval(28, 20, 9, 9, c, dark(c, 0.3))
        b.oval(28, 20, 5, 5, light(c, 0.3))


def _map(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    with b.at(0, -42):
        for k in range(4):
            b.poly(
                [
                    (-60 + k * 30, -34 + 5 * (k % 2)),
                    (-30 + k * 30, -34 + 5 * ((k + 1) % 2)),
                    (-30 + k * 30, 34 + 5 * ((k + 1) % 2)),
                    (-60 + k * 30, 34 + 5 * (k % 2)),
                ],
                dark(PAPER, 0.1 * (k % 2)),
            )
        b.blob([(-50, 10), (-30, -20), (0, -14), (10, 12), (-20, 26)], rgb("#a8c88a"))
        b.blob([(14, -20), (46, -24), (50, 8), (26, 14)], rgb("#8ab8c8"))
        points = [(-44, 22), (-22, 4), (4, 12), (24, -10), (44, -18)]
        b.line(points, 2.2, rgb("#d8343f"), smooth=True)
        b.line([(39, -23), (49, -13)], 3, rgb("#d8343f"))
        b.line([(49, -23), (39, -13)], 3, rgb("#d8343f"))


def _book(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    b.rect(-50, -26, 100, 24, PAPER, dark(PAPER, 0.2), r=2)
    for k in range(5):
        b.line([(-46, -22 + k * 4), (48, -22 + k * 4)], 0.6, dark(PAPER, 0.3))
    b.rect(-54, -5, 108, 6, dark(c, 0.3), r=2)
    b.poly([(-54, -26), (-38, -66), (62, -66), (54, -26)], light(c, 0.12), dark(c, 0.15))
    b.poly([(-30, -32), (-20, -58), (44, -58), (38, -32)], dark(c, 0.25))
    b.line([(-14, -45), (30, -45)], 2.6, GOLD)
    b.line([(-4, -51), (22, -51)], 1.6, GOLD)


def _jar(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    b.rect(-30, -78, 60, 78, light(c, 0.35), dark(c, 0.1), r=12)
    b.rect(-27, -56, 54, 54, c, dark(c, 0.25), r=10)
    b.rect(-32, -90, 64, 15, rgb("#d9c9a8"), rgb("#a8946a"), r=4)
    b.rect(-22, -46, 44, 26, light(PAPER, 0.4), r=3)
    b.line([(-14, -36), (14, -36)], 2, dark(c, 0.3))
    b.line([(-10, -29), (10, -29)], 1.4, dark(c, 0.3))
    b.rect(-24, -72, 5, 60, (1, 1, 1), r=2.5, a=0.5)


def _cup(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    b.oval(0, -2, 52, 9, (0.95, 0.94, 0.92), (0.75, 0.75, 0.77))
    b.line([(26, -46), (44, -44), (42, -22), (24, -18)], 6, dark(c, 0.1), smooth=True)
    b.blob([(-32, -56), (-30, -20), (-14, -3), (14, -3), (30, -20), (32, -56)], light(c, 0.25), dark(c, 0.15))
    b.oval(0, -54, 30, 7, dark(c, 0.4))
    b.oval(0, -53, 25, 5, rgb("#6b3f22"))
    for k in range(3):
        b.line(
            [(-12 + k * 12, -66), (-6 + k * 12, -78), (-14 + k * 12, -90), (-8 + k * 12, -104)],
            2.4,
            (1, 1, 1),
            a=0.35,
            smooth=True,
        )


def _glass(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    b.poly([(-24, -70), (24, -70), (19, -2), (-19, -2)], (0.9, 0.96, 0.98), (0.75, 0.85, 0.9), a=0.5)
    b.poly([(-22, -42), (22, -42), (18.6, -4), (-18.6, -4)], rgb("#e0983c"), rgb("#a8581c"))
    b.oval(0, -42, 22, 4, rgb("#f0b860"))
    b.rect(-17, -66, 4, 58, (1, 1, 1), r=2, a=0.6)
    b.glow(0, -30, 40, rgb("#e0983c"), 0.35)


def _key(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    with b.at(0, -36, turn=-14):
        b.oval(-36, 0, 23, 23, light(GOLD, 0.25), dark(GOLD, 0.25))
        b.oval(-36, 0, 11, 11, dark(GOLD, 0.72))
        b.rect(-16, -5, 72, 10, light(GOLD, 0.3), dark(GOLD, 0.2), r=3)
        for x, h in ((34, 16), (45, 22)):
            b.rect(x, 3, 8, h, GOLD, dark(GOLD, 0.3), r=1.5)
        b.line([(-12, -2), (52, -2)], 1.4, (1, 1, 0.9), a=0.7)


def _clock(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    for x in (-15, 15):
        b.oval(x * 1.5, -88, 13, 9, GOLD, dark(GOLD, 0.3))
    b.oval(0, -44, 45, 45, light(c, 0.15), dark(c, 0.25))
    b.oval(0, -44, 37, 37, (0.98, 0.97, 0.92), (0.86, 0.84, 0.78))
    for k in range(12):
        a = k * math.pi / 6
        b.line(
            [(31 * math.sin(a), -44 - 31 * math.cos(a)), (34 * math.sin(a), -44 - 34 * math.cos(a))],
            2.2,
            (0.15, 0.13, 0.15),
        )
    hour, minute = rng.uniform(0, 2 * math.pi, 2).tolist()
    b.line([(0, -44), (18 * math.sin(hour), -44 - 18 * math.cos(hour))], 4, (0.15, 0.13, 0.15))
    b.line([(0, -44), (28 * math.sin(minute), -44 - 28 * math.cos(minute))], 2.8, (0.15, 0.13, 0.15))
    b.oval(0, -44, 3.4, 3.4, rgb("#d8343f"))


def _candle(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    b.oval(0, -4, 36, 8, GOLD, dark(GOLD, 0.35))
    wax = mix((0.97, 0.94, 0.85), dark(c, 0.6), 0.35)
    b.rect(-11, -62, 22, 58, light(wax, 0.3), dark(wax, 0.15), r=3)
    b.blob([(-12, -60), (-14, -44), (-9, -40), (-7, -58)], light(wax, 0.3))
    b.line([(0, -62), (0, -70)], 1.6, (0.15, 0.1, 0.1))
    b.glow(0, -80, 78, (1.0, 0.7, 0.3), 0.8)
    b.blob([(-7, -68), (-6, -80), (1, -98), (7, -80), (7, -68)], rgb("#ff9a3c"))
    b.blob([(-4, -68), (-3, -76), (1, -86), (4, -76), (4, -68)], rgb("#fff0b0"))


def _bulb(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    b.rect(-2, -180, 4, 100, (0.12, 0.12, 0.13))
    b.rect(-10, -90, 20, 22, STEEL, dark(STEEL, 0.4), r=3)
    lamp = mix(rgb("#ffd257"), c, 0.35)
    b.glow(0, -44, 100, lamp, 0.9)
    b.blob(
        [(-9, -70), (-29, -48), (-22, -22), (0, -16), (22, -22), (29, -48), (9, -70)],
        (1.0, 0.97, 0.85),
        light(lamp, 0.4),
    )
    b.line([(-6, -62), (-4, -42), (0, -50), (4, -42), (6, -62)], 1.6, rgb("#e8722c"))


def _lighter(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    b.rect(-22, -58, 44, 58, light(GOLD, 0.3), dark(GOLD, 0.25), r=5)
    b.line([(-14, -54), (-14, -6)], 3, (1, 1, 0.92), a=0.6)
    b.rect(-12, -74, 24, 17, STEEL, dark(STEEL, 0.3), r=2)
    with b.at(24, -60, turn=32):
        b.rect(-2, -30, 40, 30, light(GOLD, 0.2), dark(GOLD, 0.3), r=5)
    b.glow(0, -92, 62, (1.0, 0.65, 0.25), 0.75)
    b.blob([(-7, -74), (-8, -86), (1, -108), (8, -86), (7, -74)], rgb("#ff9a3c"))
    b.blob([(-3, -74), (-3, -82), (1, -92), (4, -82), (3, -74)], rgb("#bfe3ff"))


def _umbrella(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    with b.at(0, -30, turn=-16):
        b.line([(0, 34), (0, -50)], 4, rgb("#6b4527"))
        b.line([(0, 34), (6, 42), (13, 34)], 4, rgb("#6b4527"), smooth=True)
        b.blob(
            [
                (-70, -22),
                (-60, -70),
                (0, -92),
                (60, -70),
                (70, -22),
                (48, -32),
                (24, -20),
                (0, -32),
                (-24, -20),
                (-48, -32),
            ],
            light(c, 0.2),
            dark(c, 0.15),
        )
        for x in (-24, 0, 24):
            b.line([(0, -76), (x, -26)], 1.4, dark(c, 0.4))


def _coin(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    b.oval(0, -36, 37, 37, dark(GOLD, 0.35))
    b.oval(-3, -39, 37, 37, light(GOLD, 0.35), dark(GOLD, 0.1))
    b.oval(-3, -39, 29, 29, GOLD, light(GOLD, 0.2))
    points = []
    for k in range(10):
        r, a = (20 if k % 2 == 0 else 9), k * math.pi / 5
        points.append((-3 + r * math.sin(a), -39 - r * math.cos(a)))
    b.poly(points, light(GOLD, 0.6), dark(GOLD, 0.05))
    b.glow(-16, -54, 24, (1, 1, 0.9), 0.6)


def _ring(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    b.oval(0, -30, 33, 31, light(GOLD, 0.3), dark(GOLD, 0.2))
    b.oval(0, -29, 23, 21, dark(c, 0.75))
    gem = light(c, 0.25)
    b.poly([(-17, -66), (-8, -78), (8, -78), (17, -66), (0, -50)], light(gem, 0.5), gem)
    b.poly([(-7, -66), (0, -50), (7, -66)], light(gem, 0.6))
    b.glow(0, -68, 44, gem, 0.6)


def _box(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    b.rect(-54, -52, 108, 52, light(c, 0.05), dark(c, 0.35), r=5)
    b.blob([(-54, -48), (-52, -72), (0, -80), (52, -72), (54, -48)], light(c, 0.2), c)
    for x in (-34, 26):
        b.rect(x, -72, 9, 72, rgb("#6b4527"), rgb("#4a2f1a"), r=1)
    b.rect(-54, -51, 108, 4, dark(c, 0.5))
    b.rect(-9, -58, 18, 16, GOLD, dark(GOLD, 0.3), r=2)
    b.oval(0, -50, 2.6, 3, (0.1, 0.1, 0.1))


def _plant(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    green = rgb("#5a9a4a")
    b.poly([(-20, -26), (20, -26), (15, 0), (-15, 0)], rgb("#c46b45"), rgb("#8f4429"))
    b.rect(-23, -32, 46, 9, rgb("#d97f55"), r=2)
    b.line([(0, -30), (-2, -56), (2, -84)], 3, dark(green, 0.2), smooth=True)
    for x, y, turn in ((-16, -52, -40), (18, -58, 42), (-14, -72, -30), (15, -78, 34)):
        with b.at(x * 0.3, y, turn=turn):
            b.blob([(0, 0), (-9, -12), (0, -30), (9, -12)], light(green, 0.25), dark(green, 0.1))
    for k in range(6):
        a = k * math.pi / 3
        b.oval(2 + 9 * math.cos(a), -92 + 9 * math.sin(a), 7.4, 7.4, light(c, 0.25), c)
    b.oval(2, -92, 6, 6, GOLD)


def _feather(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    with b.at(0, -34, turn=22):
        b.blob(
            [(-62, 4), (-40, -15), (10, -20), (56, -8), (62, 0), (50, 8), (0, 18), (-40, 12)],
            light(c, 0.55),
            mix(c, STEEL, 0.5),
        )
        for k in range(9):
            b.line([(-44 + k * 11, 1), (-36 + k * 11, -13 + abs(k - 4))], 0.8, dark(c, 0.3), a=0.6)
            b.line([(-44 + k * 11, 1), (-36 + k * 11, 12 - abs(k - 4))], 0.8, dark(c, 0.3), a=0.6)
        b.line([(-80, 4), (60, 0)], 1.8, (0.97, 0.95, 0.9))


def _stone(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    grey = mix(rgb("#8f8c88"), c, 0.15)
    b.blob(
        [(-52, 0), (-58, -24), (-30, -50), (16, -54), (50, -34), (58, -6), (30, 3)], light(grey, 0.3), dark(grey, 0.3)
    )
    b.blob([(-40, -28), (-20, -46), (14, -48), (6, -38), (-20, -34)], light(grey, 0.5), a=0.6)
    for _ in range(26):
        b.oval(float(rng.uniform(-40, 44)), float(rng.uniform(-34, -6)), 2.4, 1.6, rgb("#6f9a4a"), a=0.8)


def _shell(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    shell = mix(rgb("#d9b08a"), c, 0.25)
    b.oval(0, -34, 42, 35, light(shell, 0.3), dark(shell, 0.2))
    spiral = [
        (30 * math.exp(-0.16 * k) * math.cos(0.8 * k), -34 - 26 * math.exp(-0.16 * k) * math.sin(0.8 * k))
        for k in range(16)
    ]
    b.line(spiral, 4, dark(shell, 0.4), smooth=True)
    b.blob([(20, -8), (58, -12), (66, -2), (30, 2)], dark(shell, 0.15))


def _egg(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    for k in range(26):
        a = float(rng.uniform(-0.3, math.pi + 0.3))
        b.line(
            [(-60 * math.cos(a), -8 - 12 * math.sin(a)), (-48 * math.cos(a + 0.7), 2 - 14 * math.sin(a + 0.7))],
            2.4,
            rgb("#8a6a42") if k % 2 else rgb("#b8945c"),
        )
    for x, y, turn in ((-20, -20, -14), (18, -20, 12), (0, -30, 0)):
        with b.at(x, y, turn=turn):
            b.blob(
                [(-17, 8), (-18, -12), (0, -36), (18, -12), (17, 8), (0, 16)],
                light(rgb("#bcd8d0"), 0.3),
                rgb("#8ab0a8"),
            )
            for _ in range(9):
                b.oval(float(rng.uniform(-10, 10)), float(rng.uniform(-18, 8)), 1.6, 1.4, rgb("#6b5040"))
    for k in range(14):
        b.line([(-60 + k * 9, -6 - (k % 3)), (-46 + k * 8, 3)], 2.6, rgb("#9a7a4c") if k % 2 else rgb("#7a5a34"))


def _insect(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    b.line([(-70, 0), (-10, -26), (70, -44)], 4, rgb("#6f9a4a"), smooth=True)
    for turn in (-34, -8, 176, 206):
        with b.at(4, -54, turn=turn):
            b.blob([(0, 0), (26, -10), (58, -5), (56, 5), (26, 7)], (0.85, 0.95, 1.0), light(c, 0.5), a=0.65)
    b.line([(34, -66), (-46, -34)], 5, c)
    for k in range(6):
        b.oval(22 - k * 12, -61 + k * 4.8, 3.4, 3.2, dark(c, 0.4))
    b.oval(38, -68, 8, 7, light(c, 0.2), c)
    b.oval(43, -71, 3.6, 3.6, (0.1, 0.1, 0.12))


def _gauge(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    b.rect(-58, -92, 116, 92, rgb("#4a566b"), rgb("#2c3442"), r=10)
    b.oval(-16, -46, 34, 34, rgb("#c3ccd8"), rgb("#7d899b"))
    b.oval(-16, -46, 29, 29, (0.08, 0.1, 0.14))
    for k in range(9):
        a = -2.2 + k * 0.55
        b.line(
            [(-16 + 22 * math.sin(a), -46 - 22 * math.cos(a)), (-16 + 26 * math.sin(a), -46 - 26 * math.cos(a))],
            2,
            rgb("#6ce08a") if k < 6 else rgb("#ff5a3c"),
        )
    a = float(rng.uniform(-1.5, 2))
    b.line([(-16, -46), (-16 + 20 * math.sin(a), -46 - 20 * math.cos(a))], 2.6, rgb("#ffd257"))
    b.oval(38, -66, 11, 11, light(c, 0.3), c)
    b.glow(38, -66, 46, c, 0.8)
    for k in range(3):
        b.rect(28, -42 + k * 12, 22, 6, rgb("#5ce1e6") if k else rgb("#ffb84d"), r=2)


def _food(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    b.oval(0, -3, 62, 10, (0.96, 0.95, 0.93), (0.78, 0.78, 0.8))
    crust = rgb("#c98a44")
    b.rect(-40, -44, 80, 40, light(crust, 0.2), dark(crust, 0.15), r=7)
    b.rect(-40, -28, 80, 7, light(c, 0.3))
    b.blob(
        [
            (-44, -40),
            (-38, -58),
            (0, -64),
            (38, -58),
            (44, -40),
            (32, -32),
            (20, -42),
            (6, -30),
            (-10, -42),
            (-26, -32),
        ],
        light(c, 0.65),
        light(c, 0.35),
    )
    for x in (-22, 0, 22):
        b.oval(x, -62, 6, 6, rgb("#d8343f"))
        b.oval(x - 2, -64, 1.6, 1.6, (1, 1, 1))


def _kettle(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    copper = rgb("#c97a44")
    b.line([(-30, -64), (-16, -92), (16, -92), (30, -64)], 6, (0.18, 0.15, 0.15), smooth=True)
    b.blob([(30, -40), (58, -62), (66, -58), (44, -22)], copper, dark(copper, 0.2))
    b.blob([(-46, -4), (-48, -40), (-24, -68), (24, -68), (48, -40), (46, -4)], light(copper, 0.35), dark(copper, 0.25))
    b.oval(0, -68, 9, 5, (0.18, 0.15, 0.15))
    b.blob([(-34, -20), (-32, -46), (-20, -56), (-24, -30)], (1, 0.95, 0.85), a=0.5)
    for k in range(3):
        b.oval(72 + k * 9, -72 - k * 14, 9 + 4 * k, 7 + 3 * k, (1, 1, 1), a=0.35)


def _shoe(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    b.blob(
        [(-50, -4), (-52, -44), (-36, -50), (-14, -40), (10, -28), (50, -18), (56, -4)], light(c, 0.2), dark(c, 0.25)
    )
    b.rect(-52, -7, 108, 8, (0.14, 0.1, 0.1), r=4)
    for k in range(4):
        b.line([(-16 + k * 8, -36 + k * 4), (-6 + k * 8, -44 + k * 5)], 2.4, (0.97, 0.96, 0.92))


def _cards(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    for k in range(5):
        with b.at(0, -8, turn=-36 + k * 18):
            b.rect(-19, -78, 38, 58, (0.98, 0.97, 0.95), (0.86, 0.86, 0.86), r=4)
            red = k % 2 == 0
            ink = rgb("#d8343f") if red else (0.12, 0.12, 0.15)
            b.poly([(0, -62), (9, -50), (0, -38), (-9, -50)], ink)
            b.oval(-13, -72, 2.2, 2.2, ink)


def _window(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    b.rect(-58, -112, 116, 112, rgb("#6b4a34"), rgb("#4a3222"), r=3)
    for x in (-50, 4):
        for y in (-104, -52):
            b.rect(x, y, 46, 46, rgb("#5f86a8"), rgb("#bcd6e6"))
            for _ in range(5):
                at_x, at_y = x + float(rng.uniform(2, 40)), y + float(rng.uniform(4, 42))
                b.line([(at_x, at_y), (at_x + 5, at_y - 7)], 1.4, (1, 1, 1), a=0.7)
                b.line([(at_x + 5, at_y), (at_x, at_y - 7)], 1.4, (1, 1, 1), a=0.7)


def _rope(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    rope = rgb("#c9a468")
    for k in range(5):
        y, r = -8 - k * 10, 54 - k * 5
        b.oval(0, y, r, 13, light(rope, 0.1), dark(rope, 0.3))
        b.oval(0, y - 3, r - 13, 8, dark(rope, 0.6))
        for i in range(11):
            b.line([(-r + 6 + i * r * 0.18, y + 4), (-r + 12 + i * r * 0.18, y + 9)], 1.4, dark(rope, 0.35))
    b.line([(40, -46), (66, -30), (60, -2), (92, 4)], 8, rope, smooth=True)


def _figure(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    """Anything carved, cast or inflated that stands up."""
    b.rect(-26, -10, 52, 10, dark(c, 0.5), r=3)
    b.line([(4, -10), (2, -40)], 3, dark(c, 0.3))
    b.blob([(-34, -44), (-20, -64), (10, -62), (30, -48), (16, -34), (-18, -32)], light(c, 0.3), dark(c, 0.1))
    b.line([(20, -52), (34, -76), (20, -94)], 7, light(c, 0.2), smooth=True)
    b.oval(17, -96, 9, 7, light(c, 0.3), c)
    b.poly([(24, -98), (38, -92), (24, -91)], rgb("#2c2c34"))
    b.oval(19, -98, 1.6, 1.6, (0.1, 0.1, 0.1))


def _tool(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    with b.at(0, -32, turn=-24):
        b.rect(-66, -8, 70, 16, light(c, 0.1), dark(c, 0.3), r=7)
        for k in range(4):
            b.line([(-54 + k * 12, -6), (-54 + k * 12, 6)], 2, dark(c, 0.45))
        b.rect(2, -5, 40, 10, light(STEEL, 0.4), dark(STEEL, 0.2), r=2)
        b.blob(
            [(38, -16), (58, -20), (72, -8), (60, -3), (60, 3), (72, 8), (58, 20), (38, 16)],
            light(STEEL, 0.3),
            dark(STEEL, 0.3),
        )


def _glasses(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    for x in (-30, 30):
        b.oval(x, -30, 27, 25, dark(c, 0.55))
        b.oval(x, -30, 22.5, 20.5, (0.8, 0.92, 0.97), (0.6, 0.78, 0.88))
        b.line([(x - 10, -40), (x + 2, -28)], 3, (1, 1, 1), a=0.7)
    b.line([(-6, -36), (0, -41), (6, -36)], 5, dark(c, 0.55), smooth=True)
    b.line([(20, -46), (30, -32), (24, -20), (36, -12)], 1.2, (1, 1, 1))


def _instrument(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    wood = rgb("#a85a2c")
    b.blob(
        [(-58, -2), (-64, -34), (-34, -44), (-22, -32), (2, -46), (24, -36), (24, -6), (0, 2), (-22, -10), (-34, 0)],
        light(wood, 0.25),
        dark(wood, 0.25),
    )
    b.rect(18, -28, 68, 10, rgb("#3f2a1e"), r=2)
    for k in range(4):
        b.line([(-40, -28 + k * 3.4), (80, -27 + k * 2.2)], 0.7, (0.97, 0.95, 0.9))
    b.oval(-16, -22, 6, 7, (0.1, 0.07, 0.06))


def _parcel(b: Brush, c: Colour, rng: np.random.Generator) -> None:
    brown = rgb("#b98f5c")
    b.rect(-46, -64, 92, 64, light(brown, 0.2), dark(brown, 0.2), r=3)
    b.rect(-6, -64, 12, 64, c, dark(c, 0.2))
    b.rect(-46, -38, 92, 11, light(c, 0.1), dark(c, 0.1))
    for side in (-1, 1):
        b.blob([(0, -66), (side * 12, -86), (side * 32, -84), (side * 24, -68)], light(c, 0.15), dark(c, 0.15))


_KINDS: tuple[tuple[str, Callable[[Brush, Colour, np.random.Generator], None]], ...] = (
    ("lighter", _lighter),
    ("candle", _candle),
    ("bulb lantern light sock", _bulb),
    ("umbrella dripping", _umbrella),
    ("spectacles visor", _glasses),
    ("map plan chart", _map),
    ("ledger file bible book records", _book),
    ("watch clock stopwatch calendar", _clock),
    ("wheel spur star coin button", _coin),
    ("ring diamond marble thimble", _ring),
    ("key knob bell", _key),
    ("letter ticket table note telegram poster card receipt sheet timetable envelope photograph star-chart", _paper),
    ("jar tin marmalade yoghurt bottle", _jar),
    ("kettle toaster dish tin", _kettle),
    ("cup tea cups ashtray", _cup),
    ("glass record", _glass),
    ("trunk suitcase case box lunch bed cushion cradle rent", _box),
    ("seedling gardenia tulips vase hawthorn oak marrow lily", _plant),
    ("feather", _feather),
    ("stone skull post horseshoe", _stone),
    ("shell snail", _shell),
    ("egg nest", _egg),
    ("dragonfly", _insect),
    ("gauge monitors radio core warning landline phone fuse", _gauge),
    ("cake loaf lasagne spoon food", _food),
    ("shoe paw", _shoe),
    ("deck cards", _cards),
    ("window door portrait matchstick", _window),
    ("rope lead wire tape", _rope),
    ("flamingo horse trophy doorstop", _figure),
    ("cutters whistle fork pen tool", _tool),
    ("cello piano", _instrument),
)
