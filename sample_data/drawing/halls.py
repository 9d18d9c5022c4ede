"""Rooms where people work, trade and meet, each from its two sides."""

from __future__ import annotations

import math
from functools import partial

from sample_data.drawing import things as t
from sample_data.drawing.brush import dark, light, rgb
from sample_data.drawing.stage import Stage


def office(s: Stage) -> None:
    s.room()
    b = s.b
    if s.side:
        t.door(s, 60)
        t.shelves(s, 232, 90, 40, 134, "boxes")
        t.clock(s, 140, 40)
        return
    t.window(s, 78, 20, 66, 62)
    for k in range(9):
        s.later(partial(b.rect, 45, 22 + k * 7, 66, 2.2, rgb("#e8dcc0"), a=0.85))
    b.rect(170, 28, 90, 56, rgb("#a87c4c"), rgb("#8f6438"), r=1)
    for _ in range(9):
        x, y = s.about(215, 36), s.about(54, 20)
        b.rect(x - 6, y - 5, 12, 10, s.pick("#f5f0e0", "#f0d9a0", "#d6e4ea", "#f0b8a8"), r=0.5)
        b.oval(x, y - 4, 1.2, 1.2, rgb("#d8343f"))
    b.line([(186, 42), (214, 60), (246, 44)], 0.7, rgb("#d8343f"))
    t.desk(s, 150)
    t.lamp(s, 215, 4)


def bar(s: Stage) -> None:
    s.room()
    b = s.b
    if s.side:
        t.door(s, 244)
        t.table(s, 110, 70)
        for x in (70, 150):
            t.stool(s, x, rgb("#8c3038"))
        t.picture(s, 100, 36, 50, 32)
        t.lamp(s, 110, 30)
        return
    t.shelves(s, 160, 190, 24, 98, "bottles")
    s.later(partial(b.glow, 160, 60, 120, (1.0, 0.7, 0.35), 0.35))
    t.counter(s, 160, 280, s.pick("#7a3b2a", "#5a2f3f", "#3f4a38"), 112)
    for x in (70, 130, 190, 250):
        t.stool(s, x, rgb("#8c3038"))
    for x in (96, 160, 224):
        t.lamp(s, x, 6, (1.0, 0.8, 0.45))
    for x in (110, 204):
        b.rect(x, 98, 6, 10, (0.9, 0.95, 0.98), rgb("#e0a84a"), r=1)


def saloon(s: Stage) -> None:
    bar(s)
    b = s.b
    if s.side:
        for side in (-1, 1):
            x = 244 + side * 18
            b.rect(x - 17, 72, 34, 50, light(s.wood, 0.2), s.wood, r=6)
            for k in range(4):
                b.line([(x - 12, 82 + k * 10), (x + 12, 82 + k * 10)], 1.2, dark(s.wood, 0.35))
    else:
        b.blob([(120, 14), (124, -4), (160, -14), (196, -4), (200, 14)], rgb("#c9a03c"))
        t.barrel(s, 24)


def cafe(s: Stage) -> None:
    s.room(floor=rgb("#c8b49a"))
    b = s.b
    if s.side:
        t.window(s, 96, 26, 110, 74)
        t.table(s, 96, 60)
        t.plant(s, 236, 152, 1.3)
        t.door(s, 282)
        return
    b.rect(104, 18, 130, 52, rgb("#2f3a36"), rgb("#222b28"), r=2)
    for k in range(5):
        s.b.line([(116, 28 + k * 8), (116 + s.about(50, 14), 28 + k * 8)], 1.4, (0.92, 0.92, 0.88))
        s.b.line([(208, 28 + k * 8), (222, 28 + k * 8)], 1.4, rgb("#f0c66a"))
    t.counter(s, 170, 190, s.pick("#3f8f7a", "#d6705a", "#e3b04b", "#5a7fae"), 110)
    b.rect(108, 80, 40, 26, rgb("#c9ced2"), rgb("#868d94"), r=4)
    s.later(partial(b.blob, [(120, 80), (116, 68), (124, 60), (130, 68), (128, 80)], (1, 1, 1), a=0.4))
    b.rect(190, 84, 60, 22, (0.85, 0.93, 0.96), r=2, a=0.65)
    for k, code in enumerate(("#e8a0b0", "#8a5a3a", "#f0d48a")):
        b.oval(202 + k * 18, 102, 7, 4.5, rgb(code))
    for x in (120, 170, 220):
        t.lamp(s, x, 2, shade=rgb("#e0a83c"))
    t.table(s, 44, 56)
    t.plant(s, 296, 154, 1.2)


def shop(s: Stage) -> None:
    s.room()
    if s.side:
        t.window(s, 100, 24, 120, 80)
        t.door(s, 256)
        t.crate(s, 40, 30)
        return
    what = str(s.rng.choice(["jars", "books", "boxes", "bottles"]))
    t.shelves(s, 76, 110, 16, 100, what)
    t.shelves(s, 238, 120, 16, 100, "jars" if what != "jars" else "boxes")
    t.counter(s, 190, 210, s.pick("#8a5a36", "#4f6f6a", "#8c3f3f", "#c49a4c"), 110)
    b = s.b
    b.rect(236, 88, 30, 20, rgb("#b8863a"), rgb("#7d5620"), r=3)
    b.rect(241, 80, 20, 10, rgb("#d9c28a"), r=2)
    t.lamp(s, 160, 18)
    t.crate(s, 46, 34)


def hospital(s: Stage) -> None:
    s.room(wall=rgb("#bfd8d2"), floor=rgb("#c3ccd0"), bare=s.genre != "space")
    b = s.b
    if s.genre != "space":
        for y in range(70, 136, 11):
            for x in range(-40, 360, 11):
                b.rect(x + 0.5, y, 10, 10, rgb("#e3f0ec"), r=0.6)
    if s.side:
        t.door(s, 240, rgb("#9fb8b4"))
        for k in range(6):
            b.rect(40 + (k % 3) * 34, 52 + (k // 3) * 40, 32, 38, rgb("#aeb9bf"), rgb("#8b979e"), r=2)
            b.rect(52 + (k % 3) * 34, 68 + (k // 3) * 40, 9, 3, rgb("#5c666c"), r=1)
        return
    b.rect(86, 116, 150, 12, (0.96, 0.97, 0.98), rgb("#c9d6d8"), r=4)
    b.rect(84, 128, 154, 5, rgb("#8b979e"))
    for x in (96, 226):
        b.rect(x, 132, 4, 26, rgb("#8b979e"))
    b.blob([(90, 118), (94, 106), (160, 100), (214, 108), (234, 118)], (0.93, 0.96, 0.97), rgb("#b8ccd0"))
    t.monitors(s, 270, 1, 2, 52)
    b.line([(160, -40), (160, 16)], 3, rgb("#8b979e"))
    b.oval(160, 22, 40, 8, rgb("#d9e2e4"), rgb("#a9b6ba"))
    s.later(partial(b.glow, 160, 26, 60, (0.9, 1.0, 1.0), 0.7))
    s.later(partial(b.beam, [(126, 28), (194, 28), (240, 150), (80, 150)], (0.9, 1.0, 1.0), 0.4))
    t.shelves(s, 40, 44, 40, 110, "bottles")


def theatre(s: Stage) -> None:
    s.room(wall=rgb("#5a2430"), floor=rgb("#8a5a34"), bare=True)
    b = s.b
    if s.side:
        for row in range(4):
            y = 84 + row * 24
            for k in range(9):
                x = -6.0 + k * 44 - row * 8
                b.rect(x, y, 34 + row * 3, 30, light(rgb("#8c2f3c"), 0.1), dark(rgb("#8c2f3c"), 0.3), r=7)
        b.rect(-40, 34, 400, 16, rgb("#c9a24c"), rgb("#8a6a28"))
        s.later(partial(b.glow, 160, 4, 110, (1.0, 0.85, 0.55), 0.6))
        return
    b.rect(-40, 128, 400, 70, rgb("#a8703f"), rgb("#6f4524"))
    for k in range(22):
        x = 40 + k * 11.2
        b.rect(x, -10, 8, 138, rgb("#3a3560"), rgb("#231f3f"))
    for side in (-1, 1):
        for k in range(5):
            x = 160 + side * (108 + k * 13)
            b.rect(
                x - 8,
                -40,
                16,
                176 - abs(k) * 2,
                light(rgb("#b02a3a"), 0.12 if k % 2 else 0.0),
                dark(rgb("#b02a3a"), 0.35),
                r=4,
            )
    for k in range(9):
        b.blob(
            [(-44 + k * 46, -20), (-40 + k * 46, 20), (-20 + k * 46, 28), (0 + k * 46, 20), (4 + k * 46, -20)],
            rgb("#c43346"),
            rgb("#7d1c2a"),
        )
    b.rect(-40, -40, 400, 34, rgb("#c9a24c"), rgb("#8a6a28"))
    t.piano(s, 232)
    s.later(partial(b.beam, [(60, -40), (84, -40), (230, 168), (110, 168)], (1.0, 0.95, 0.75), 0.55))
    s.later(partial(b.oval, 166, 160, 66, 10, (1.0, 0.95, 0.75), a=0.28))


def warehouse(s: Stage) -> None:
    wall = s.room(wall=rgb("#76706a") if s.genre != "space" else None, floor=rgb("#6d6964"), bare=s.genre != "space")
    b = s.b
    for x in (-10, 100, 210, 320):
        b.rect(x - 5, -40, 10, 176, dark(wall, 0.4), dark(wall, 0.55))
    b.line([(-40, 14), (360, 14)], 6, dark(wall, 0.5))
    for k in range(9):
        b.line([(-40 + k * 50, 14), (-15 + k * 50, -16), (10 + k * 50, 14)], 2, dark(wall, 0.5))
    if s.side:
        b.rect(90, 40, 140, 96, light(wall, 0.1), dark(wall, 0.1))
        for k in range(12):
            b.line([(90, 46 + k * 8), (230, 46 + k * 8)], 1, dark(wall, 0.35))
        t.crate(s, 50, 44)
        return
    for x, top in ((40, 3), (92, 2), (240, 3), (288, 2)):
        for k in range(top):
            t.crate(s, x + (k % 2) * 5, 38, 150 - k * 38)
    t.lamp(s, 165, 26)
    t.window(s, 165, 40, 70, 30)
    b.line([(206, -40), (206, 62)], 1.4, (0.1, 0.1, 0.1))
    b.line([(206, 62), (212, 70), (206, 76), (200, 72)], 2.6, rgb("#d9a02c"), smooth=True)


def bank(s: Stage) -> None:
    marble = rgb("#d9d0bf") if s.genre != "western" else rgb("#a98658")
    s.room(wall=marble, floor=rgb("#b8ab98"), bare=True)
    b = s.b
    for x in (20, 110, 210, 300):
        t.column(s, x, rgb("#e8e0cf") if s.genre != "western" else rgb("#8a5f34"))
    if s.side:
        t.door(s, 160, rgb("#7a5230"))
        t.clock(s, 160, 28)
        t.plant(s, 66, 152, 1.2)
        t.plant(s, 256, 152, 1.2)
        return
    t.counter(s, 160, 250, rgb("#7a5230"), 108)
    for k in range(3):
        x = 76 + k * 68
        b.rect(x - 24, 58, 48, 48, (0.85, 0.93, 0.95), a=0.35)
        for i in range(7):
            b.line([(x - 22 + i * 7.4, 58), (x - 22 + i * 7.4, 104)], 1.3, rgb("#c9a24c"))
        b.rect(x - 26, 54, 52, 5, rgb("#c9a24c"), rgb("#8a6a28"))
    b.oval(160, 24, 17, 17, rgb("#c9a24c"), rgb("#8a6a28"))
    b.oval(160, 24, 12, 12, rgb("#e8d08a"))
    for x in (76, 160, 244):
        t.lamp(s, x, -4)


def vault(s: Stage) -> None:
    steel = rgb("#8794a3")
    s.room(wall=steel, floor=rgb("#5f6873"), bare=True)
    b = s.b
    for k in range(10):
        for row in range(6):
            x, y = -34 + k * 40, -8 + row * 24
            b.rect(x, y, 38, 22, light(steel, 0.15), dark(steel, 0.15), r=1.5)
            b.oval(x + 30, y + 11, 2.4, 2.4, rgb("#c9a24c"))
    if s.side:
        for k in range(7):
            for row in range(4 - k % 2):
                x, y = 60 + k * 30, 146 - row * 9
                b.poly([(x - 13, y), (x - 10, y - 8), (x + 10, y - 8), (x + 13, y)], rgb("#ffe08a"), rgb("#c48f1e"))
        s.later(partial(b.glow, 160, 130, 110, (1.0, 0.8, 0.3), 0.4))
        return
    x, y = 165, 78
    b.oval(x, y, 76, 76, rgb("#454f5b"))
    b.oval(x, y, 68, 68, rgb("#c3ced8"), rgb("#77838f"))
    b.oval(x, y, 54, 54, rgb("#95a2ae"), rgb("#c3ced8"))
    for k in range(16):
        angle = k * 0.3927
        b.oval(x + 61 * math.cos(angle), y + 61 * math.sin(angle), 3, 3, rgb("#5c6873"))
    for k in range(3):
        angle = k * 1.0472 + 0.3
        b.line(
            [
                (x - 34 * math.cos(angle), y - 34 * math.sin(angle)),
                (x + 34 * math.cos(angle), y + 34 * math.sin(angle)),
            ],
            5,
            rgb("#4e5964"),
        )
    b.oval(x, y, 12, 12, rgb("#e7c35a"), rgb("#a07a22"))
    for ray in (110, 128, 146):
        s.later(partial(b.line, [(-40, ray), (360, ray - 30)], 1.0, rgb("#ff4d4d"), a=0.75))
    s.later(partial(b.glow, 165, 20, 130, (0.6, 0.85, 1.0), 0.3))


def school(s: Stage) -> None:
    s.room()
    b = s.b
    if s.side:
        t.window(s, 90, 26, 56, 66)
        t.window(s, 220, 26, 56, 66)
        t.desk(s, 155)
        return
    b.rect(64, 24, 190, 78, rgb("#7a5230"), r=2)
    b.rect(69, 29, 180, 68, rgb("#2f4a3f"), rgb("#253a32"))
    for k in range(4):
        b.line([(82, 42 + k * 13), (82 + s.about(80, 40), 42 + k * 13)], 1.5, (0.93, 0.93, 0.9), a=0.85)
    t.desk(s, 60)
    for x in (150, 220, 290):
        t.table(s, x, 50, 128)
    t.clock(s, 284, 40)
