"""Places under the sky that people built, each from its two sides."""

from __future__ import annotations

from functools import partial

import numpy as np

from sample_data.drawing import things as t
from sample_data.drawing.brush import Colour, dark, light, mix, rgb
from sample_data.drawing.landscape import (
    BRICKS,
    grass,
    house,
    pane,
    pine,
    round_tree,
    sailing_boat,
    skyline,
    street_lamp,
)
from sample_data.drawing.stage import Stage


def harbour(s: Stage) -> None:
    s.sky()
    b = s.b
    if s.side:
        for x, w, h in ((-34, 84, 70), (56, 74, 88), (136, 92, 62), (236, 100, 80)):
            house(s, x, w, 140 - h, 142, s.pick(*BRICKS))
        s.ground(140, rgb("#7d7468"))
        t.crate(s, 60, 30, 160)
        t.barrel(s, 98, 162)
        street_lamp(s, 230, 158)
        return
    s.ridge(92, 22, s.far(rgb("#4f6478"), 0.35))
    skyline(s, 96, s.far(rgb("#465468"), 0.15))
    s.water(94)
    b.poly([(262, 96), (268, 40), (280, 40), (286, 96)], (0.95, 0.94, 0.9), (0.75, 0.75, 0.76))
    for y in (52, 74):
        b.poly(
            [
                (266.6 - (y - 52) * 0.08, y),
                (281.4 + (y - 52) * 0.08, y),
                (282.6 + (y - 52) * 0.08, y + 11),
                (265.4 - (y - 52) * 0.08, y + 11),
            ],
            rgb("#c8343a"),
        )
    b.rect(268, 30, 12, 10, rgb("#3a3f4c"))
    b.poly([(265, 30), (274, 22), (283, 30)], rgb("#c8343a"))
    b.blob([(240, 98), (250, 92), (300, 92), (320, 100)], rgb("#4a4640"))
    s.later(partial(b.glow, 274, 35, 40, (1.0, 0.95, 0.7), 0.9))
    if s.dim:
        s.later(partial(b.beam, [(274, 33), (274, 37), (40, 66), (40, 20)], (1.0, 0.95, 0.7), 0.55))
    sailing_boat(s, 90, 116, 1.0, s.pick("#b33a3a", "#2f6f8f", "#d99a2c"))
    sailing_boat(s, 190, 106, 0.6, s.pick("#e8e4da", "#3f7a5a"))
    for x in (-14, 36):
        b.rect(x, 30, 4, 110, rgb("#3f3a3a"))
    b.line([(-14, 32), (80, 20)], 4, rgb("#d9822c"))
    b.line([(70, 22), (70, 84)], 0.9, (0.1, 0.1, 0.1))
    s.ground(144, rgb("#8a7a66"))
    for k in range(16):
        b.rect(-40 + k * 26, 144, 1, 70, (0.2, 0.16, 0.13), a=0.5)
    for x in (30, 130, 236):
        b.rect(x, 134, 10, 18, rgb("#4e443c"), r=3)
    street_lamp(s, 292, 160)


def boat(s: Stage) -> None:
    """On deck."""
    s.sky()
    b = s.b
    s.water(96, 150)
    if s.side:
        b.rect(70, 34, 180, 112, (0.93, 0.93, 0.9), (0.7, 0.72, 0.76), r=4)
        for x in (96, 150, 204):
            b.rect(x, 56, 36, 28, rgb("#4a6f8c"), rgb("#2a4258"), r=4)
            if s.dim:
                s.later(partial(b.rect, x, 56, 36, 28, rgb("#ffe3a0"), rgb("#ffb84d"), r=4))
        b.rect(136, -40, 44, 74, rgb("#c8343a"), rgb("#8f2228"))
        b.rect(136, -10, 44, 12, (0.95, 0.94, 0.9))
    else:
        s.ridge(98, 12, s.far(rgb("#4f6478"), 0.4))
        sailing_boat(s, 236, 104, 0.35, rgb("#e8e4da"))
    s.ground(146, rgb("#b58a5c"))
    for k in range(22):
        b.line([(-60 + k * 22, 146), (-160 + k * 30, 220)], 0.9, (0.3, 0.2, 0.13), a=0.5)
    if not s.side:
        for y in (106, 122, 138):
            b.line([(-40, y), (360, y)], 2.4, (0.94, 0.94, 0.92))
        for x in range(-30, 360, 42):
            b.rect(x, 104, 3.4, 44, (0.94, 0.94, 0.92))
        b.oval(84, 124, 17, 17, rgb("#e8572a"))
        b.oval(84, 124, 9, 9, mix(s.hour.bottom, rgb("#2c6f8e"), 0.5))


def market(s: Stage) -> None:
    s.sky()
    for x, w, h in ((-40, 90, 96), (44, 76, 110), (122, 92, 90), (216, 70, 116), (288, 80, 96)):
        house(s, x, w, 140 - h, 140, s.pick(*BRICKS), door=False)
    s.ground(138, rgb("#9a8f80"))
    _cobbles(s, 142)
    b = s.b
    stalls = (
        ((20, "#d8434a"), (128, "#2f8f8f"), (236, "#e0a02c")) if not s.side else ((-20, "#7a4a9e"), (262, "#3f7fae"))
    )
    for x, code in stalls:
        cloth = rgb(code)
        for dx in (0, 74):
            b.rect(x + dx, 76, 3, 78, rgb("#6b4a30"))
        b.rect(x - 2, 118, 82, 34, light(rgb("#8c6238"), 0.1), dark(rgb("#8c6238"), 0.25), r=1)
        for k in range(9):
            b.oval(x + 6 + k * 8.6, 116, 4.6, 4.6, s.pick("#d8434a", "#e89a2c", "#8fb33c", "#f2d24a", "#9a5ab0"))
        for k in range(7):
            b.poly(
                [
                    (x - 6 + k * 13, 64),
                    (x + 7 + k * 13, 64),
                    (x + 7 + k * 13, 82),
                    (x + 0.5 + k * 13, 87),
                    (x - 6 + k * 13, 82),
                ],
                cloth if k % 2 else (0.96, 0.95, 0.9),
            )
        b.poly([(x - 6, 66), (x + 85, 66), (x + 78, 54), (x + 1, 54)], light(cloth, 0.15), cloth)
        if s.dim:
            s.later(partial(b.glow, x + 40, 92, 54, (1.0, 0.8, 0.4), 0.6))


def _cobbles(s: Stage, y: float) -> None:
    for row in range(7):
        at = y + row * (4 + row * 1.1)
        for k in range(30):
            s.b.oval(-60 + k * 16 + 8 * (row % 2), at, 6.6, 1.4 + row * 0.35, (1, 1, 1), a=0.10)


GLASSY = rgb("#a9cdd8")


def street(s: Stage) -> None:
    if s.genre == "western":
        return _western_street(s)
    if s.genre == "sitcom":
        return _front_of_the_house(s)
    s.sky()
    skyline(s, 110, s.far(rgb("#55607a"), 0.1))
    b = s.b
    fronts = (
        ((-44, 88, 118), (48, 70, 98), (206, 68, 104), (278, 90, 122))
        if not s.side
        else ((-50, 130, 124), (84, 96, 108), (184, 76, 124), (264, 110, 100))
    )
    for x, w, h in fronts:
        house(s, x, w, 142 - h, 142, s.pick(*BRICKS), roof=str(s.rng.choice(["gable", "flat"])))
    for x, code in ((54, "#2f8f8f"), (212, "#d8434a")):
        for k in range(6):
            b.poly(
                [(x + k * 10, 106), (x + 10 + k * 10, 106), (x + 10 + k * 10, 116), (x + k * 10, 118)],
                rgb(code) if k % 2 else (0.95, 0.94, 0.9),
            )
    s.ground(140, rgb("#6f6c72"), rgb("#47464e"))
    b.rect(-40, 140, 400, 7, rgb("#a8a29a"))
    for k in range(6):
        b.poly(
            [(-20 + k * 72, 170), (14 + k * 72, 170), (10 + k * 74, 174), (-28 + k * 74, 174)], (0.9, 0.88, 0.8), a=0.7
        )
    street_lamp(s, 130 if not s.side else 60)
    if not s.side:
        street_lamp(s, 300)
        _car(s, 170, 148, s.pick("#c8343a", "#2f6f8f", "#d9a02c", "#3f7a5a"))


def _car(s: Stage, x: float, y: float, colour: Colour) -> None:
    b = s.b
    with b.at(x, y, 0.8):
        b.shadow(0, 10, 50, 5)
        b.blob([(-26, -14), (-18, -32), (18, -32), (32, -14)], light(colour, 0.1), colour)
        b.blob([(-20, -14), (-15, -28), (-1, -28), (-1, -14)], GLASSY)
        b.blob([(3, -14), (3, -28), (16, -28), (25, -14)], GLASSY)
        b.blob([(-48, 4), (-48, -12), (-20, -17), (26, -17), (46, -11), (50, 4)], light(colour, 0.1), dark(colour, 0.3))
        for dx in (-28, 28):
            b.oval(dx, 5, 9.5, 9.5, (0.1, 0.1, 0.11))
            b.oval(dx, 5, 4.6, 4.6, (0.75, 0.76, 0.78))
    if s.dim:
        s.later(partial(b.glow, x + 38, y - 6, 34, (1.0, 0.93, 0.65), 0.8))


def _front_of_the_house(s: Stage) -> None:
    s.sky()
    b, colour = s.b, s.pick("#e88a6a", "#79b7c9", "#f0c05a", "#a3bf6f", "#c79ad0")
    s.ridge(120, 26, s.far(rgb("#5c8a5a"), 0.25))
    for x, c in ((-40, "#c9b59a"), (246, "#b59ac0")):
        house(s, x, 94, 70, 146, rgb(c))
    house(s, 72, 168, 36, 148, colour)
    b.rect(142, 104, 28, 44, rgb("#8c3038"), r=2)
    b.poly([(132, 104), (180, 104), (156, 88)], dark(colour, 0.3))
    for x in (86, 198):
        b.rect(x, 128, 28, 6, rgb("#6b4a30"))
        for k in range(5):
            b.oval(x + 3 + k * 5.6, 126, 3, 3, s.pick("#e8434f", "#f2d24a", "#ef7fb0"))
    s.ground(146, rgb("#7fae5a"), rgb("#5c8a44"))
    b.poly([(144, 146), (170, 146), (210, 200), (104, 200)], rgb("#cdbfa8"))
    for k in range(15):
        if not 5 < k < 9:
            b.rect(-36 + k * 26, 136, 5, 26, (0.97, 0.96, 0.94), r=1.5)
    for x0, w in ((-40, 160), (200, 160)):
        b.rect(x0, 142, w, 3.5, (0.97, 0.96, 0.94))
        b.rect(x0, 152, w, 3.5, (0.97, 0.96, 0.94))
    round_tree(s, 30, 160, 1.1, rgb("#4f8f4a"))


def _western_street(s: Stage) -> None:
    s.sky(clouds=3)
    s.ridge(112, 40, s.far(rgb("#b5683f"), 0.3), sharp=True, steps=9)
    fronts = (
        ((-46, 74), (34, 66), (106, 58), (216, 62), (284, 84))
        if not s.side
        else ((-40, 96), (62, 70), (138, 80), (224, 110))
    )
    for x, w in fronts:
        house(
            s,
            x,
            w,
            82 - float(s.rng.uniform(0, 24)),
            146,
            s.pick("#a8743f", "#8d5a30", "#b98a55", "#9c6b6b", "#7f8a78"),
            roof="false",
        )
    s.ground(145, rgb("#d9ac6e"), rgb("#b57f45"))
    for _ in range(9):
        s.b.oval(s.about(160, 180), s.about(164, 12), 26, 1.6, rgb("#e8c48a"), a=0.6)
    t.barrel(s, 94, 156, 0.7)
    s.b.line([(226, 140), (226, 156)], 2.4, rgb("#5a3a20"))
    s.b.line([(264, 140), (264, 156)], 2.4, rgb("#5a3a20"))
    s.b.line([(222, 142), (268, 142)], 2.8, rgb("#6b4527"))


def station(s: Stage) -> None:
    s.sky()
    b = s.b
    s.ridge(110, 24, s.far(rgb("#5a7a6a"), 0.3))
    if s.side:
        house(s, 40, 240, 56, 140, s.pick(*BRICKS), roof="flat")
        b.rect(20, 40, 280, 10, rgb("#3f5a4a"), rgb("#2c4034"))
        for k in range(14):
            b.poly([(20 + k * 20, 50), (40 + k * 20, 50), (30 + k * 20, 58)], rgb("#3f5a4a"))
        t.clock(s, 160, 74)
    else:
        colour = s.pick("#7a2f35", "#2f5a4a", "#2f4a7a")
        b.rect(-30, 66, 250, 62, light(colour, 0.12), dark(colour, 0.25), r=6)
        b.rect(-30, 62, 250, 7, dark(colour, 0.4), r=3)
        for k in range(6):
            pane(s, -16 + k * 38, 78, rgb("#d9c28a"), 26, 22)
        b.rect(-30, 108, 250, 3, rgb("#e7c35a"))
        b.blob(
            [(220, 128), (220, 74), (246, 70), (300, 82), (316, 106), (312, 128)], (0.2, 0.21, 0.24), (0.1, 0.1, 0.12)
        )
        b.rect(270, 48, 14, 34, (0.14, 0.14, 0.16), r=2)
        for dx, dy, r in ((0, -8, 12), (-14, -22, 17), (-36, -34, 22)):
            b.oval(277 + dx, 44 + dy, r, r * 0.75, (0.96, 0.96, 0.97), a=0.6)
        for x in (-4, 60, 130, 196, 246, 290):
            b.oval(x, 131, 10, 10, (0.12, 0.12, 0.14))
            b.oval(x, 131, 4, 4, rgb("#c8343a"))
        s.later(partial(b.glow, 314, 104, 40, (1.0, 0.93, 0.65), 0.8))
    b.rect(-40, 139, 400, 4, (0.5, 0.5, 0.53))
    s.ground(143, rgb("#b0a590"), rgb("#8a7f6e"))
    b.rect(-40, 146, 400, 4, rgb("#f0c94a"))
    for x in (70, 250):
        street_lamp(s, x, 168, 110)


def roof(s: Stage) -> None:
    if s.genre == "space":
        return _spine(s)
    s.sky()
    skyline(s, 124, s.far(rgb("#46506a"), 0.25))
    skyline(s, 138, rgb("#39425a"))
    b = s.b
    if s.side:
        b.rect(90, 56, 100, 84, rgb("#8a6f60"), rgb("#6b5448"))
        t.door(s, 140)
    else:
        b.rect(40, 62, 46, 48, rgb("#8c6238"), rgb("#6b4527"), r=3)
        b.poly([(36, 62), (63, 44), (90, 62)], rgb("#5a3a24"))
        for x in (44, 62, 80):
            b.rect(x - 1.6, 110, 3.2, 32, rgb("#4a4440"))
        b.rect(250, 96, 26, 44, rgb("#9c5a44"), rgb("#7a4434"))
        b.rect(247, 92, 32, 6, rgb("#7a4434"))
    b.rect(-40, 126, 400, 18, rgb("#a0786a"), rgb("#7d5a4e"))
    b.rect(-40, 122, 400, 6, rgb("#c2a090"))
    s.ground(142, rgb("#77706e"), rgb("#55504f"))
    if not s.side:
        b.line([(100, 70), (226, 82)], 0.8, (0.15, 0.15, 0.17))
        for k in range(9):
            at = (110 + k * 13.5, 71.5 + k * 1.25 + 3 * np.sin(k))
            s.later(partial(b.oval, *at, 1.8, 1.8, rgb("#ffd98a")))
            if s.dim:
                s.later(partial(b.glow, *at, 14, rgb("#ffd98a"), 0.6))


def _spine(s: Stage) -> None:
    s.sky(sun=False)
    b, planet = s.b, s.pick("#5aa0d8", "#d88a5a", "#8ac07a")
    x = 60.0 if not s.side else 270.0
    b.glow(x, 210, 190, planet, 0.5)
    b.oval(x, 240, 150, 150, light(planet, 0.3), dark(planet, 0.5))
    b.poly([(-40, 120), (360, 96), (360, 128), (-40, 168)], rgb("#a8b4c6"), rgb("#5c6880"))
    for k in range(12):
        b.line([(-40 + k * 36, 120 - k * 2.1), (-20 + k * 36, 164 - k * 3.4)], 1.4, rgb("#4a566b"))
    for dx in (70, 190, 290):
        b.line([(dx, 112), (dx, 40)], 3.4, rgb("#c3ccd8"))
        b.blob([(dx - 28, 36), (dx - 14, 60), (dx + 18, 58), (dx + 26, 30)], rgb("#e2e7ee"), rgb("#8e9aac"))
        s.later(partial(b.oval, dx, 26, 2.6, 2.6, rgb("#ff5a3c")))
        s.later(partial(b.glow, dx, 26, 26, rgb("#ff5a3c"), 0.7))
    s.ground(150, rgb("#7d8aa0"), rgb("#4a566b"))


def church(s: Stage) -> None:
    s.sky()
    green = rgb("#6f8f5a") if s.genre != "western" else rgb("#c9a866")
    s.ridge(118, 26, s.far(green, 0.3))
    b = s.b
    stone = rgb("#a8a29a") if s.genre != "western" else rgb("#ece6d8")
    if not s.side:
        b.rect(130, 78, 120, 66, light(stone, 0.1), dark(stone, 0.2))
        b.poly([(124, 80), (190, 50), (256, 80)], rgb("#5a5560"), rgb("#3f3b48"))
        b.rect(96, 36, 40, 108, light(stone, 0.15), dark(stone, 0.15))
        b.poly([(92, 38), (116, -22), (140, 38)], rgb("#5a5560"), rgb("#3f3b48"))
        b.line([(116, -36), (116, -20)], 2, rgb("#e7c35a"))
        b.line([(110, -31), (122, -31)], 2, rgb("#e7c35a"))
        b.blob([(106, 144), (106, 116), (116, 106), (126, 116), (126, 144)], rgb("#5a3a24"))
        for x in (156, 186, 216):
            b.blob([(x - 7, 124), (x - 7, 100), (x, 88), (x + 7, 100), (x + 7, 124)], rgb("#4a5f8a"))
            if s.dim:
                s.later(
                    partial(
                        b.blob,
                        [(x - 7, 124), (x - 7, 100), (x, 88), (x + 7, 100), (x + 7, 124)],
                        rgb("#ffd27a"),
                        rgb("#e87f4a"),
                    )
                )
    else:
        for k in range(6):
            pine(s, -10 + k * 68, 138, 0.9, s.far(rgb("#3f5a48"), 0.15))
    s.ground(140, green, dark(green, 0.4))
    for x, y in (
        ((24, 150), (62, 156), (272, 152), (304, 160))
        if not s.side
        else ((50, 152), (110, 158), (170, 152), (230, 158), (290, 152))
    ):
        b.shadow(x, y, 13, 3)
        b.blob(
            [(x - 10, y), (x - 10, y - 26), (x, y - 36), (x + 10, y - 26), (x + 10, y)],
            light(stone, 0.1),
            dark(stone, 0.3),
        )
        b.line([(x, y - 25), (x, y - 11)], 1.6, dark(stone, 0.45))
        b.line([(x - 4, y - 20), (x + 4, y - 20)], 1.6, dark(stone, 0.45))
    grass(s, 150, green, 50, 9)


def ranch(s: Stage) -> None:
    s.sky(clouds=4)
    s.ridge(114, 34, s.far(rgb("#a87a5a"), 0.35), sharp=True)
    dry = rgb("#c9b062")
    s.ground(124, dry, dark(dry, 0.3))
    b = s.b
    if not s.side:
        barn = rgb("#a83a30")
        b.rect(150, 74, 120, 74, light(barn, 0.1), dark(barn, 0.2))
        b.poly([(142, 76), (166, 44), (210, 30), (254, 44), (278, 76)], dark(barn, 0.35), dark(barn, 0.2))
        b.rect(186, 100, 48, 48, dark(barn, 0.45))
        for a, c in (((186, 100), (234, 148)), ((234, 100), (186, 148))):
            b.line([a, c], 3, (0.94, 0.92, 0.86))
        b.rect(200, 58, 20, 20, (0.1, 0.08, 0.09), r=2)
        b.line([(60, 140), (66, 48)], 2, rgb("#6b5040"))
        b.line([(80, 140), (74, 48)], 2, rgb("#6b5040"))
        for k in range(8):
            angle = k * np.pi / 4
            b.poly(
                [
                    (70, 44),
                    (70 + 22 * np.cos(angle - 0.15), 44 + 22 * np.sin(angle - 0.15)),
                    (70 + 22 * np.cos(angle + 0.15), 44 + 22 * np.sin(angle + 0.15)),
                ],
                (0.9, 0.88, 0.82),
            )
    else:
        house(s, 30, 110, 84, 142, rgb("#b98a55"))
        for x in (200, 260, 310):
            b.blob(
                [(x - 22, 146), (x - 24, 124), (x, 114), (x + 24, 124), (x + 22, 146)], rgb("#e3bd5a"), rgb("#b58a34")
            )
    for k in range(11):
        b.rect(-36 + k * 38, 132, 5, 28, rgb("#8a6440"))
    for y in (138, 149):
        b.line([(-40, y), (360, y + 1)], 3, rgb("#9a7450"))
    grass(s, 156, dry, 50, 10)
