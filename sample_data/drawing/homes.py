"""Rooms of houses, each from its two sides."""

from __future__ import annotations

from functools import partial

from sample_data.drawing import things as t
from sample_data.drawing.brush import dark, light, mix, rgb
from sample_data.drawing.stage import Stage

LINEN = ("#d65a5a", "#5a8fd6", "#e0b050", "#7ab87a", "#a57ac8", "#e08ab0")


def kitchen(s: Stage) -> None:
    wall = s.room(floor=rgb("#b9a58c"))
    b = s.b
    for y in (84, 94, 104):
        for x in range(-40, 360, 14):
            b.rect(
                x + 0.6,
                y,
                12.8,
                9,
                light(wall, 0.6) if (x // 14 + y) % 3 else mix(light(wall, 0.4), rgb("#4a90a4"), 0.35),
                r=0.8,
            )
    if s.side:
        t.fridge(s, 70)
        t.door(s, 250)
        t.clock(s, 150, 44)
        t.table(s, 165, 92)
        return
    t.window(s, 160, 22, 60, 50)
    colour = s.pick("#4f8f8b", "#c4643f", "#e0a83c", "#5f7fae", "#7a9a55")
    t.counter(s, 150, 330, colour, 112)
    t.stove(s, 245)
    t.shelves(s, 60, 60, 26, 78, "jars")
    t.lamp(s, 160, 8)
    b.oval(96, 105, 15, 5, rgb("#d9cfc0"))
    for dx, code in ((-6, "#d8434a"), (2, "#e89a2c"), (8, "#8fb33c")):
        b.oval(96 + dx, 101, 5, 5, rgb(code))
    t.plant(s, 196, 108, 0.6)


def flat(s: Stage) -> None:
    s.room()
    if s.side:
        t.shelves(s, 70, 80, 34, 134, "books")
        t.door(s, 245)
        t.picture(s, 160, 44, 36, 28)
        t.floor_lamp(s, 150)
        return
    t.window(s, 92, 26, 62, 66)
    t.curtains(s, 92, s.pick(*LINEN), w=74)
    t.picture(s, 205, 36, 34, 26)
    t.picture(s, 246, 44, 24, 20)
    t.rug(s, 180, 180, s.pick(*LINEN))
    t.sofa(s, 205, s.pick(*LINEN))
    t.floor_lamp(s, 276)
    t.plant(s, 32, 152, 1.2)


def house(s: Stage) -> None:
    s.room()
    t.rug(s, 165, 210, rgb("#7a2f35"))
    if s.side:
        t.window(s, 80, 18, 50, 80)
        t.curtains(s, 80, rgb("#7a2f35"), 12, 66, 104)
        t.shelves(s, 232, 96, 14, 134, "books")
        return
    t.fireplace(s, 160)
    t.picture(s, 160, 14, 46, 46)
    t.shelves(s, 50, 70, 14, 134, "books")
    t.window(s, 268, 18, 46, 82)
    t.curtains(s, 268, rgb("#7a2f35"), 12, 62, 106)
    _candle(s, 134, 66)
    _candle(s, 188, 66)


def _candle(s: Stage, x: float, y: float) -> None:
    b = s.b
    b.rect(x - 1.5, y - 12, 3, 12, (0.95, 0.92, 0.82))
    s.later(partial(b.oval, x, y - 15, 1.5, 3.4, (1.0, 0.9, 0.5)))
    s.later(partial(b.glow, x, y - 15, 34, (1.0, 0.75, 0.35), 0.7))


def bedroom(s: Stage) -> None:
    s.room()
    if s.side:
        t.door(s, 70)
        b = s.b
        b.rect(190, 50, 74, 100, light(s.wood, 0.1), dark(s.wood, 0.2), r=2)
        b.line([(227, 52), (227, 148)], 1, dark(s.wood, 0.5))
        b.oval(222, 102, 1.6, 1.6, rgb("#e7c35a"))
        b.oval(232, 102, 1.6, 1.6, rgb("#e7c35a"))
        t.picture(s, 134, 44)
        return
    t.window(s, 230, 24, 56, 62)
    t.curtains(s, 230, s.pick(*LINEN), w=68)
    t.picture(s, 110, 36, 40, 28)
    t.bed(s, 118, s.pick(*LINEN))
    t.table(s, 205, 30, 126)
    t.floor_lamp(s, 292)


def corridor(s: Stage) -> None:
    wall = s.room(bare=s.genre != "space")
    b, far = s.b, dark(wall, 0.32)
    b.poly([(-40, -40), (116, 42), (116, 122), (-40, 220)], light(wall, 0.05), dark(wall, 0.15))
    b.poly([(360, -40), (204, 42), (204, 122), (360, 220)], dark(wall, 0.05), dark(wall, 0.25))
    b.poly([(-40, 220), (116, 122), (204, 122), (360, 220)], dark(s.wood, 0.05), light(s.wood, 0.2))
    b.poly([(60, 220), (140, 122), (180, 122), (260, 220)], s.pick("#7a2f35", "#2f4a6b", "#3f5f4a"))
    b.poly([(-40, -40), (116, 42), (204, 42), (360, -40)], light(wall, 0.3), dark(wall, 0.2))
    b.rect(116, 42, 88, 80, far, dark(far, 0.1))
    if s.side:
        b.rect(140, 62, 40, 60, (0.05, 0.05, 0.09))
        s.later(partial(b.glow, 160, 66, 30, (0.9, 0.3, 0.25), 0.4))
    else:
        t.window(s, 160, 52, 34, 46)
    for k, (x, w) in enumerate(((10, 40), (66, 26), (96, 14))):
        for flip in (0, 1):
            at = x if not flip else 320 - x - w
            top, bottom = 40 + (x * 0.28), 186 - x * 0.56
            b.rect(
                at,
                top,
                w,
                bottom - top,
                dark(s.wood, 0.1 + 0.1 * k),
                dark(s.wood, 0.3),
                r=8 if s.genre == "space" else 1,
            )
            b.rect(
                at + 3, top + 4, w - 6, bottom - top - 6, light(s.wood, 0.1), s.wood, r=6 if s.genre == "space" else 1
            )
    for y, r in ((-4, 60), (20, 36), (34, 20)):
        s.later(partial(b.glow, 160, y + 6, r, (1.0, 0.88, 0.6) if s.genre != "space" else (0.6, 0.95, 1.0), 0.7))


def stairs(s: Stage) -> None:
    wall = s.room()
    b = s.b
    x0, step = (40, 1) if not s.side else (280, -1)
    for k in range(9):
        x, y = x0 + step * k * 26, 152 - k * 15
        left = min(x, x + step * 260)
        b.rect(left, y, 260, 200 - y, light(s.wood, 0.12 - 0.02 * k), dark(s.wood, 0.25))
        b.rect(left, y, 260, 3, light(s.wood, 0.4))
        b.rect(x + step * 12 - 1, y - 44, 2, 44, dark(s.wood, 0.35))
    b.line([(x0 + step * 4, 106), (x0 + step * 230, -26)], 5, dark(s.wood, 0.2))
    t.lamp(s, 96 if not s.side else 224, 20)
    t.picture(s, 70 if not s.side else 250, 46, 28, 34)
    b.rect(-40, 170, 400, 60, dark(wall, 0.4), a=0.5)


def attic(s: Stage) -> None:
    s.room(wall=rgb("#8a6a4c"))
    b = s.b
    for side in (-1, 1):
        b.poly(
            [(160, -46), (160 + side * 60, -46), (160 + side * 230, 136), (160 + side * 156, 136)],
            dark(s.wood, 0.2),
            dark(s.wood, 0.42),
        )
        for k in range(4):
            x = 160 + side * (26 + k * 40)
            b.line([(x, -40 + k * 8), (x + side * 34, 136)], 3, dark(s.wood, 0.5), a=0.6)
    b.line([(40, 22), (280, 22)], 7, dark(s.wood, 0.35))
    if s.side:
        t.crate(s, 90, 40)
        t.crate(s, 126, 28)
        t.barrel(s, 220)
        t.lamp(s, 160, 30)
        return
    b.oval(160, 64, 32, 32, light(s.wood, 0.1))
    s.later(partial(b.oval, 160, 64, 27, 27, s.hour.top, s.hour.bottom))
    s.later(partial(b.rect, 158.6, 37, 2.8, 54, dark(s.wood, 0.4)))
    s.later(partial(b.rect, 133, 62.6, 54, 2.8, dark(s.wood, 0.4)))
    s.later(partial(b.beam, [(136, 78), (184, 78), (240, 180), (110, 180)], s.hour.bottom, 0.5))
    t.crate(s, 62, 36)
    t.crate(s, 258, 44)
    b.rect(206, 126, 44, 28, rgb("#7a4a30"), rgb("#4e2c1c"), r=4)
    b.rect(206, 136, 44, 3, rgb("#e7c35a"))
    b.rect(96, 92, 30, 60, (0.93, 0.92, 0.9), (0.7, 0.7, 0.74), r=8)


def cellar(s: Stage) -> None:
    stone = rgb("#6d6a70")
    s.room(wall=stone, floor=rgb("#57524e"), bare=True)
    b = s.b
    for row, y in enumerate(range(-40, 136, 16)):
        for k in range(15):
            x = -54 + k * 30 + 15 * (row % 2)
            b.rect(
                x,
                y,
                28.6,
                14.6,
                light(stone, float(s.rng.uniform(0, 0.18))),
                dark(stone, float(s.rng.uniform(0.05, 0.25))),
                r=2,
            )
    b.blob([(-60, -60), (-40, 60), (20, 10), (160, -16), (300, 10), (360, 60), (380, -60)], dark(stone, 0.45))
    t.lamp(s, 160, 42, (1.0, 0.75, 0.4))
    if s.side:
        t.shelves(s, 240, 90, 46, 134, "bottles")
        t.barrel(s, 90, 160, 1.1)
        return
    t.barrel(s, 62, 158, 1.2)
    t.barrel(s, 104, 160)
    t.crate(s, 264, 40)
    t.shelves(s, 190, 62, 60, 134, "jars")
