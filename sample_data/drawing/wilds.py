"""Places under the sky that nobody built, each from its two sides."""

from __future__ import annotations

from functools import partial

import numpy as np

from sample_data.drawing import things as t
from sample_data.drawing.brush import Point, dark, light, mix, rgb
from sample_data.drawing.landscape import (
    cactus,
    flowers,
    grass,
    pine,
    round_tree,
)
from sample_data.drawing.stage import Stage


def garden(s: Stage) -> None:
    s.sky()
    s.ridge(112, 30, s.far(rgb("#5f8f5a"), 0.3))
    hedge = rgb("#3f7040")
    s.ridge(136, 34, hedge, steps=26)
    b = s.b
    s.ground(134, rgb("#86b25a"), rgb("#5a8a3c"))
    if s.side:
        b.rect(-40, 62, 400, 76, rgb("#a8755a"), rgb("#84583f"))
        for row in range(7):
            for k in range(18):
                b.rect(
                    -50 + k * 24 + 12 * (row % 2),
                    64 + row * 10.5,
                    22.6,
                    9,
                    light(rgb("#a8755a"), float(s.rng.uniform(0, 0.14))),
                    r=0.8,
                )
        b.blob([(140, 138), (140, 92), (165, 76), (190, 92), (190, 138)], rgb("#4f6b4a"), rgb("#344a34"))
        for x in (40, 250, 300):
            t.plant(s, x, 146, 1.3)
    else:
        b.rect(116, 64, 84, 74, (0.88, 0.95, 0.95), (0.72, 0.84, 0.84), a=0.8)
        for k in range(5):
            b.line([(116 + k * 21, 64), (116 + k * 21, 138)], 1.8, (0.97, 0.97, 0.95))
        b.poly([(110, 64), (158, 36), (206, 64)], (0.92, 0.97, 0.97), (0.8, 0.9, 0.9))
        b.line([(158, 36), (158, 64)], 1.8, (0.97, 0.97, 0.95))
        round_tree(s, 46, 146, 1.2, rgb("#4f9148"))
        round_tree(s, 276, 144, 1.1, rgb("#7aa845"))
    b.poly([(130, 136), (186, 136), (250, 220), (70, 220)], rgb("#d6c6a2"), rgb("#b8a47c"))
    grass(s, 146, rgb("#6fa04a"), 40, 9)
    flowers(s, 142, ("#e8434f", "#f2d24a", "#ef7fb0", "#8f6fd8", "#ffffff"), 44)


def pond(s: Stage) -> None:
    s.sky()
    frozen = s.genre == "ghost story"
    green = rgb("#5f7f5a") if not frozen else rgb("#8a9aa8")
    s.ridge(108, 34, s.far(green, 0.35))
    for k in range(7):
        round_tree(
            s, -20 + k * 58, 114, 0.62, mix(green, rgb("#3f6f4a"), float(s.rng.random()))
        ) if not frozen else pine(s, -20 + k * 58, 116, 0.6, rgb("#4a6070"))
    s.water(112, 220, rgb("#3a7a78") if not frozen else rgb("#a8c0d0"))
    b = s.b
    if s.side:
        b.poly([(-40, 150), (150, 142), (150, 150), (-40, 168)], rgb("#9a7850"), rgb("#6f5434"))
        for x in (10.0, 60, 110):
            b.rect(x, 140, 5, 40, rgb("#5a4028"))
    for _ in range(0 if frozen else 12):
        x, y = s.about(170, 150), s.about(146, 20)
        b.oval(x, y, 9, 2.6, rgb("#6fae5a"), rgb("#4a8a44"))
        if s.rng.random() < 0.4:
            b.oval(x, y - 2.4, 3, 2.4, rgb("#f5b8d0"))
    for k in range(34):
        x = float(s.rng.choice([s.about(0, 36), s.about(310, 40)]))
        tall, base = s.about(48, 18), s.about(168, 12)
        b.line(
            [(x, base), (x + 2, base - tall * 0.6), (x + s.about(3, 5), base - tall)],
            1.6,
            s.pick("#7a9a4a", "#93a858", "#5f7f3f") if not frozen else rgb("#c9bd98"),
            smooth=True,
        )
        if k % 3 == 0:
            b.rect(x + 1, base - tall - 4, 3.4, 13, rgb("#6b4226"), r=1.7)


def river(s: Stage) -> None:
    s.sky()
    dry = s.genre == "western"
    bank = rgb("#7fae58") if not dry else rgb("#c99a5a")
    s.ridge(108, 40, s.far(rgb("#6f9a78") if not dry else rgb("#b5683f"), 0.4), sharp=dry)
    s.ridge(122, 28, s.far(mix(bank, rgb("#3f6f4a"), 0.4), 0.12))
    s.ground(118, bank, dark(bank, 0.25))
    b = s.b
    water = rgb("#2f7f98")
    course = [
        (150, 116),
        (176, 116),
        (210, 130),
        (190, 146),
        (260, 168),
        (330, 230),
        (10, 230),
        (60, 168),
        (120, 146),
        (166, 132),
    ]
    if s.side:
        course = [(320 - x, y) for x, y in course]
    b.blob(course, light(mix(water, s.hour.bottom, 0.4), 0.2), water)
    for _ in range(26):
        y = float(s.rng.uniform(134, 180))
        b.rect(s.about(160, 20 + (y - 130) * 1.6), y, s.about(13, 7), 1, (1, 1, 1), r=0.5, a=0.4)
    for _ in range(9):
        x, y = s.about(160, 110), s.about(158, 16)
        b.blob([(x - 9, y + 3), (x - 6, y - 5), (x + 4, y - 6), (x + 9, y + 3)], rgb("#a8a49c"), rgb("#6f6c68"))
    for x, size in ((24, 1.1), (66, 0.8), (268, 1.0), (306, 1.3)):
        round_tree(s, x, 134 + 8 * size, size, s.pick("#5a9a4f", "#7aa845", "#4a8560") if not dry else rgb("#8a9a4f"))
    grass(s, 150, bank, 40, 11)


def meadow(s: Stage) -> None:
    s.sky(clouds=8)
    green = rgb("#86b557")
    s.ridge(104, 30, s.far(rgb("#6f9a78"), 0.45))
    s.ridge(124, 30, s.far(green, 0.2), steps=8)
    s.ridge(146, 22, green, steps=7)
    if s.side:
        for k in range(8):
            round_tree(s, -30 + k * 52, 128, s.about(0.75, 0.2), s.pick("#4a8548", "#5f9a4a"))
    else:
        round_tree(s, s.about(250, 30), 136, 1.5, rgb("#5a944a"))
    s.ground(140, green, dark(green, 0.3))
    for k in range(9):
        s.b.line([(-30 + k * 46, 132), (-30 + k * 46, 148)], 2.4, rgb("#8a6a48"))
    s.b.line([(-40, 137), (360, 135)], 1.6, rgb("#8a6a48"))
    grass(s, 150, green, 90, 14)
    flowers(s, 144, ("#f2d24a", "#ffffff", "#e8434f", "#b08ae0"), 40)


def beach(s: Stage) -> None:
    s.sky()
    if not s.side:
        s.ridge(100, 12, s.far(rgb("#5f8a8a"), 0.4))
    s.water(98, 150, rgb("#2f9aa8"))
    b, sand = s.b, rgb("#ecd3a0")
    b.blob([(-60, 148), (60, 138), (180, 146), (300, 136), (380, 142), (380, 240), (-60, 240)], light(sand, 0.3), sand)
    b.line([(-60, 145), (60, 137), (180, 144), (300, 135), (380, 140)], 3, (1, 1, 1), smooth=True, a=0.8)
    if s.side:
        for k in range(5):
            x, paint = -16 + k * 76, s.pick("#d8434a", "#3f8fae", "#f0b443", "#5fa87a", "#e07fa8")
            b.rect(x, 84, 50, 62, paint, dark(paint, 0.2))
            for i in range(5):
                b.rect(x + i * 10, 84, 5, 62, (1, 1, 1), a=0.35)
            b.poly([(x - 4, 84), (x + 25, 60), (x + 54, 84)], dark(paint, 0.3))
            b.rect(x + 17, 106, 16, 40, (0.95, 0.93, 0.88))
        return
    for k in range(8):
        b.rect(210 + k * 22, 108, 3.4, 40 - k, rgb("#6b5040"))
    b.poly([(200, 100), (360, 92), (360, 104), (200, 109)], rgb("#a07c58"), rgb("#7a5a3c"))
    b.rect(270, 62, 50, 36, (0.95, 0.93, 0.88), rgb("#d0c8b8"))
    b.poly([(262, 64), (295, 40), (328, 64)], rgb("#3f8f8f"))
    with b.at(70, 156):
        b.poly([(-1, 4), (1, 4), (3, -58), (1, -58)], rgb("#8a6a48"))
        for k in range(6):
            b.poly(
                [(2, -62), (-34 + k * 12, -40), (-22 + k * 12, -40)], rgb("#e8434f") if k % 2 else (0.97, 0.96, 0.92)
            )


def forest(s: Stage) -> None:
    s.sky(sun=not s.side)
    green = s.pick("#3f7a4a", "#4f8548", "#35705a")
    if s.rng.random() < 0.3:
        green = rgb("#b5702c")
    b = s.b
    for share, base, size, count in ((0.6, 128, 1.1, 13), (0.35, 136, 1.35, 10), (0.12, 142, 1.6, 7)):
        for k in range(count):
            x = -36 + k * 400 / count + s.about(0, 9)
            (pine if (k + s.side) % 2 else round_tree)(s, x, base, size * s.about(1, 0.2), s.far(green, share))
        b.rect(-40, base - 14, 400, 30, s.far(rgb("#dfe8c0"), 0.2), a=0.12)
    s.ground(140, mix(green, rgb("#6b5a34"), 0.45), dark(green, 0.5))
    for x, w in ((30, 17), (286, 22)) if not s.side else ((110, 20), (210, 15)):
        b.poly(
            [
                (x - w, 176),
                (x - w * 0.5, 150),
                (x - w * 0.42, -40),
                (x + w * 0.42, -40),
                (x + w * 0.5, 150),
                (x + w, 176),
            ],
            rgb("#6b4a30"),
            rgb("#3f2b1c"),
        )
        for k in range(6):
            b.line([(x - w * 0.2, 10 + k * 26), (x - w * 0.1, 26 + k * 26)], 1.2, rgb("#2f2015"))
        b.oval(x, -14, w * 3.4, 34, light(green, 0.1), dark(green, 0.3))
    if s.hour_name in ("morning", "day", "dusk"):
        for k in range(4):
            s.later(
                partial(
                    b.beam,
                    [(90 + k * 50, -40), (112 + k * 50, -40), (62 + k * 54, 176), (24 + k * 54, 176)],
                    (1.0, 0.95, 0.7),
                    0.34,
                )
            )
    grass(s, 148, green, 50, 13)
    for _ in range(5):
        x = s.about(160, 120)
        b.rect(x - 1.2, 158, 2.4, 7, (0.95, 0.92, 0.86))
        b.blob([(x - 6, 159), (x, 150), (x + 6, 159)], rgb("#d8434a"))


def cliff(s: Stage) -> None:
    s.sky(clouds=7)
    s.water(108)
    b, chalk = s.b, rgb("#ece6d6")
    edge: list[Point] = [(-60, -30), (60, -10), (84, 40), (76, 90), (96, 150), (60, 240), (-60, 240)]
    if s.side:
        edge = [(320 - x * 1.9, y) for x, y in edge]
    b.poly(edge, light(chalk, 0.2), dark(chalk, 0.25))
    for k in range(9):
        y = 4.0 + k * 18
        x = 20.0 if not s.side else 290
        b.line([(x - 60, y), (x, y + 5), (x + 50 + s.about(0, 8), y + 2)], 1.6, dark(chalk, 0.3), a=0.7)
    for _ in range(14):
        x, y = s.about(24, 40) if not s.side else s.about(280, 40), s.about(70, 60)
        b.blob([(x - 3, y + 4), (x - 3, y - 3), (x + 2, y - 4), (x + 5, y + 2)], (0.98, 0.98, 0.98))
        b.oval(x + 3.4, y - 3, 1.6, 1.5, (0.15, 0.15, 0.17))
    s.b.blob([(-60, 160), (80, 146), (200, 152), (380, 142), (380, 240), (-60, 240)], rgb("#86b557"), rgb("#5a8a3c"))
    grass(s, 154, rgb("#86b557"), 60, 10)
    flowers(s, 152, ("#ef7fb0", "#ffffff"), 20)


def planet(s: Stage) -> None:
    ground = s.pick("#c4633f", "#8aa0b8", "#a8784f", "#7a6fa8")
    s.sky(sun=False)
    b, moon = s.b, s.pick("#d8c08a", "#8ac0d8", "#d88ab0")
    x = 240.0 if not s.side else 70.0
    b.glow(x, 48, 74, moon, 0.45)
    b.oval(x, 48, 30, 30, light(moon, 0.45), dark(moon, 0.4))
    b.line([(x - 54, 58), (x, 52), (x + 54, 38)], 3, light(moon, 0.4), a=0.8, smooth=True)
    s.ridge(126, 52, mix(ground, (0.1, 0.1, 0.25), 0.5), sharp=True, steps=10)
    s.ridge(140, 26, mix(ground, (0.1, 0.1, 0.25), 0.25), sharp=True, steps=14)
    s.ground(138, light(ground, 0.12), dark(ground, 0.3))
    for _ in range(12):
        cx, cy, r = s.about(160, 190), s.about(164, 18), s.about(12, 7)
        b.oval(cx, cy, r, r * 0.26, dark(ground, 0.4))
        b.oval(cx, cy + 1, r * 0.86, r * 0.18, dark(ground, 0.2))
    if not s.side:
        b.blob([(30, 140), (34, 104), (70, 92), (106, 104), (110, 140)], (0.93, 0.94, 0.96), rgb("#9aa6b8"))
        b.rect(58, 118, 24, 22, rgb("#3f4858"), r=8)
        s.later(partial(b.rect, 40, 108, 60, 5, rgb("#ffd98a"), r=2.5))
        s.later(partial(b.glow, 70, 112, 50, rgb("#ffd98a"), 0.5))
        b.line([(106, 104), (126, 66)], 1.8, rgb("#c3ccd8"))


def canyon(s: Stage) -> None:
    s.sky(clouds=2)
    rock = rgb("#c4683c")
    s.ridge(110, 30, s.far(rock, 0.5), sharp=True)
    b = s.b
    left: list[Point] = [(-60, -50), (70, -30), (88, 20), (70, 60), (104, 100), (96, 150), (-60, 170)]
    right: list[Point] = [(380, -60), (250, -30), (236, 30), (262, 70), (226, 110), (236, 150), (380, 170)]
    if s.side:
        left, right = [(320 - x, y * 0.8 + 20) for x, y in right], [(320 - x, y * 1.1 - 10) for x, y in left]
    for wall in (left, right):
        b.poly(wall, light(rock, 0.18), dark(rock, 0.25))
    for k in range(9):
        y = -10.0 + k * 18
        for x0, x1 in ((-60, 70 + 12 * np.sin(k)), (380, 246 + 10 * np.cos(k))):
            b.line(
                [(x0, y), ((x0 + x1) / 2, y + 4), (x1, y + 1)],
                3,
                dark(rock, 0.25) if k % 2 else light(rock, 0.25),
                a=0.5,
                smooth=True,
            )
    s.ground(144, rgb("#dba26a"), rgb("#b5743f"))
    for _ in range(8):
        x, y = s.about(160, 170), s.about(158, 10)
        b.blob([(x - 12, y + 5), (x - 8, y - 7), (x + 4, y - 9), (x + 12, y + 5)], light(rock, 0.15), dark(rock, 0.3))
    cactus(s, 206 if not s.side else 96, 154, 0.7)


def desert(s: Stage) -> None:
    s.sky(clouds=2)
    rock = rgb("#c4704a")
    b = s.b
    for x, w, h in ((40, 60, 54), (150, 34, 40), (250, 90, 66)) if not s.side else ((90, 110, 40), (280, 50, 72)):
        colour = s.far(rock, 0.22)
        b.poly(
            [(x - w * 0.7, 126), (x - w * 0.46, 120 - h), (x + w * 0.44, 118 - h), (x + w * 0.66, 126)],
            light(colour, 0.18),
            dark(colour, 0.15),
        )
        for k in range(3):
            b.line([(x - w * 0.5, 116 - h * 0.25 * k), (x + w * 0.5, 115 - h * 0.25 * k)], 2, dark(colour, 0.2), a=0.5)
    sand = rgb("#e8bd7a")
    b.blob([(-60, 130), (40, 116), (140, 128), (240, 116), (380, 126), (380, 200), (-60, 200)], light(sand, 0.15), sand)
    s.ground(146, rgb("#dca95f"), rgb("#b87f42"))
    for x, y, size in ((30, 152, 1.0), (230, 146, 0.6), (296, 158, 1.2)):
        cactus(s, x if not s.side else 320 - x, y, size)
    for k in range(8):
        b.line(
            [(-40, 150 + k * 6), (110 + 10 * k, 147 + k * 6.5), (360, 152 + k * 6)],
            0.8,
            rgb("#f5d9a0"),
            a=0.6,
            smooth=True,
        )
