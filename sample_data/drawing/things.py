"""Furniture and fittings: each stands on the floor at x, or hangs on the wall at x and y."""

from __future__ import annotations

from functools import partial

from sample_data.drawing.brush import Colour, dark, light, mix, rgb
from sample_data.drawing.stage import FLOOR, Stage

GLASS = rgb("#bfe3ee")
SPINES = ("#8c3038", "#2f5d62", "#c7973d", "#3a3f6c", "#5f7f5a", "#b56a3c", "#d8cdb4", "#6a4f8c")


def window(s: Stage, x: float, y: float = 24, w: float = 54, h: float = 66) -> None:
    """With the hour behind it; on a ship it is round-cornered and shows stars."""
    b, hour, r = s.b, s.hour, (9.0 if s.genre == "space" else 1.0)
    frame = (
        rgb("#5b667a") if s.genre == "space" else light(s.wood, 0.25) if s.genre != "romance" else (0.97, 0.96, 0.93)
    )
    b.rect(x - w / 2 - 4, y - 4, w + 8, h + 8, frame, dark(frame, 0.2), r=r + 2)
    stars = s.rng.uniform(0.08, 0.92, (14, 2)).tolist()

    def shine() -> None:
        b.rect(x - w / 2, y, w, h, hour.top, hour.bottom, r=r)
        if s.genre == "space":
            for u, v in stars:
                b.oval(x + (u - 0.5) * w, y + v * h, 0.8, 0.8, (1, 1, 1))
            return
        if s.hour_name == "night":
            for u, v in stars[:7]:
                b.oval(x + (u - 0.5) * w, y + v * h * 0.7, 0.6, 0.6, (1, 1, 0.9), a=0.8)
        b.blob(
            [
                (x - w / 2, y + h),
                (x - w / 4, y + h * 0.72),
                (x, y + h * 0.8),
                (x + w / 3, y + h * 0.66),
                (x + w / 2, y + h),
            ],
            dark(hour.bottom, 0.45),
            a=0.7,
        )
        b.rect(x - 1, y, 2, h, dark(frame, 0.15))
        b.rect(x - w / 2, y + h * 0.45, w, 2, dark(frame, 0.15))
        if s.hour_name in ("morning", "day", "dusk"):
            b.glow(x, y + h / 2, w * 1.3, hour.bottom, 0.35)
            b.beam([(x - w / 2, y + h), (x + w / 2, y + h), (x + w * 1.2, 178), (x - w * 0.1, 178)], hour.bottom, 0.3)

    s.later(shine)
    b.rect(x - w / 2 - 6, y + h + 3, w + 12, 4, light(frame, 0.2), r=1)


def curtains(s: Stage, x: float, colour: Colour, y: float = 18, w: float = 66, h: float = 88) -> None:
    for side in (-1, 1):
        at = x + side * w / 2
        for k in range(4):
            s.b.rect(at - 8 + 4 * k, y, 4.4, h, light(colour, 0.15) if k % 2 else colour, dark(colour, 0.25), r=2)
    s.b.rect(x - w / 2 - 12, y - 3, w + 24, 3, dark(s.wood, 0.2), r=1.5)


def lamp(s: Stage, x: float, y: float = 44, colour: Colour = (1.0, 0.85, 0.55), *, shade: Colour | None = None) -> None:
    """Hanging, lit when it is dim."""
    b, cover = s.b, shade or rgb("#33403a")
    b.line([(x, -40), (x, y)], 1, (0.1, 0.1, 0.1))
    b.poly([(x - 4, y), (x + 4, y), (x + 13, y + 11), (x - 13, y + 11)], light(cover, 0.15), cover)
    power = 0.75 if s.dim else 0.3
    s.later(partial(b.oval, x, y + 11, 7, 3, light(colour, 0.5)))
    s.later(partial(b.glow, x, y + 14, 70, colour, power))
    s.later(partial(b.beam, [(x - 12, y + 12), (x + 12, y + 12), (x + 70, 178), (x - 70, 178)], colour, 0.28 * power))


def floor_lamp(s: Stage, x: float) -> None:
    b = s.b
    b.rect(x - 1, 84, 2, 62, (0.2, 0.18, 0.18))
    b.oval(x, 147, 9, 2.4, (0.2, 0.18, 0.18))
    b.poly([(x - 8, 66), (x + 8, 66), (x + 13, 86), (x - 13, 86)], rgb("#f3d9a0"), rgb("#e0b060"))
    if s.dim:
        s.later(partial(b.glow, x, 78, 75, (1.0, 0.8, 0.45), 0.75))


def shelves(s: Stage, x: float, w: float = 70, top: float = 28, bottom: float = 134, what: str = "books") -> None:
    b, wood, rows = s.b, s.wood, max(1, round((bottom - top) / 26))
    step = (bottom - top) / rows
    b.rect(x - w / 2 - 3, top - 3, w + 6, bottom - top + 6, dark(wood, 0.5))
    for row in range(rows):
        base = top + (row + 1) * step
        b.rect(x - w / 2, base - step, w, step - 3, dark(wood, 0.62))
        at = x - w / 2 + 2
        while at < x + w / 2 - 6:
            at += _shelved(s, what, at, base - 3, step - 6)
        b.rect(x - w / 2 - 3, base - 3, w + 6, 3, light(wood, 0.1))


def _shelved(s: Stage, what: str, x: float, base: float, room: float) -> float:
    """One thing on a shelf; returns how wide it is."""
    b, colour, size = s.b, rgb(str(s.rng.choice(SPINES))), float(s.rng.uniform(0.6, 0.95)) * room
    if what == "books":
        w = float(s.rng.uniform(3, 6))
        b.rect(x, base - size, w, size, light(colour, 0.1), dark(colour, 0.2), r=0.5)
        b.rect(x, base - size * 0.8, w, 1, light(colour, 0.5), a=0.7)
        return w + 0.4
    if what == "bottles":
        b.rect(x + 1, base - size * 0.66, 5, size * 0.66, light(colour, 0.2), dark(colour, 0.2), r=1.4)
        b.rect(x + 2.4, base - size, 2.2, size * 0.5, light(colour, 0.1), r=0.8)
        b.rect(x + 1.8, base - size * 0.5, 0.9, size * 0.4, (1, 1, 1), a=0.55)
        return 8.0
    if what == "jars":
        b.rect(x + 1, base - size * 0.7, 8, size * 0.7, light(colour, 0.25), colour, r=2)
        b.rect(x + 1.6, base - size * 0.7 - 2, 6.8, 2.4, rgb("#e6ddc8"), r=1)
        return 11.0
    w = float(s.rng.uniform(10, 17))  # boxes
    b.rect(x, base - size * 0.8, w, size * 0.8, rgb("#b98f5c"), rgb("#946c40"), r=1)
    b.rect(x + w * 0.4, base - size * 0.8, 2, size * 0.8, rgb("#d9c08c"), a=0.7)
    return w + 2


def table(s: Stage, x: float, w: float = 80, y: float = 122, colour: Colour | None = None) -> None:
    wood = colour or s.wood
    s.b.shadow(x, 154, w * 0.6, 5)
    for side in (-1, 1):
        s.b.rect(x + side * w * 0.42 - 2, y, 4, 154 - y, dark(wood, 0.35))
    s.b.rect(x - w / 2, y - 4, w, 6, light(wood, 0.2), dark(wood, 0.1), r=1.5)


def counter(s: Stage, x: float, w: float, colour: Colour, y: float = 108) -> None:
    b = s.b
    b.shadow(x, 156, w * 0.55, 5)
    b.rect(x - w / 2, y, w, 156 - y, light(colour, 0.08), dark(colour, 0.3), r=1)
    for k in range(int(w // 28)):
        b.rect(x - w / 2 + 5 + k * 28, y + 10, 22, 156 - y - 16, dark(colour, 0.18), r=1.5)
    b.rect(x - w / 2 - 4, y - 4, w + 8, 6, light(s.wood, 0.35), s.wood, r=1.5)


def bed(s: Stage, x: float, colour: Colour) -> None:
    b, wood = s.b, s.wood
    b.shadow(x, 160, 70, 6)
    b.rect(x - 60, 88, 8, 68, light(wood, 0.1), dark(wood, 0.2), r=3)
    b.rect(x - 56, 122, 114, 30, dark(wood, 0.1), r=2)
    b.blob(
        [(x - 54, 128), (x - 50, 114), (x, 116), (x + 56, 114), (x + 62, 132), (x + 58, 150), (x - 50, 148)],
        light(colour, 0.15),
        dark(colour, 0.2),
    )
    b.blob(
        [(x - 54, 118), (x - 50, 104), (x - 26, 104), (x - 20, 116), (x - 30, 122)],
        (0.97, 0.96, 0.93),
        (0.82, 0.82, 0.86),
    )


def sofa(s: Stage, x: float, colour: Colour) -> None:
    b = s.b
    b.shadow(x, 158, 62, 6)
    b.rect(x - 50, 98, 100, 42, light(colour, 0.1), dark(colour, 0.12), r=10)
    b.rect(x - 46, 124, 92, 24, light(colour, 0.2), dark(colour, 0.1), r=6)
    for side in (-1, 1):
        b.rect(x + side * 52 - 10, 112, 20, 40, light(colour, 0.06), dark(colour, 0.25), r=8)
    b.rect(x - 36, 108, 18, 18, light(s.pick(*SPINES), 0.3), r=4)
    b.line([(x, 126), (x, 146)], 0.8, dark(colour, 0.4))


def stove(s: Stage, x: float) -> None:
    b = s.b
    b.rect(x - 22, 102, 44, 54, rgb("#e8e6e0"), rgb("#bdbbb8"), r=2)
    b.rect(x - 17, 118, 34, 24, (0.16, 0.16, 0.18), (0.3, 0.24, 0.2), r=2)
    for k in range(4):
        b.oval(x - 14 + k * 9.4, 110, 2, 2, (0.2, 0.2, 0.22))
    b.blob([(x - 14, 102), (x - 15, 90), (x, 87), (x + 7, 91), (x + 5, 102)], rgb("#c45b3b"), rgb("#8f3a26"))
    b.line([(x + 6, 92), (x + 16, 90)], 2.4, (0.2, 0.2, 0.2))
    s.later(partial(b.glow, x, 130, 26, (1.0, 0.55, 0.2), 0.6))


def fridge(s: Stage, x: float) -> None:
    colour = s.pick("#dfe9e6", "#e89b8c", "#9fc9c4", "#f2e3b0")
    s.b.rect(x - 20, 58, 40, 96, light(colour, 0.2), dark(colour, 0.12), r=5)
    s.b.line([(x - 20, 88), (x + 20, 88)], 1.2, dark(colour, 0.3))
    for y in (70, 98):
        s.b.rect(x + 12, y, 2.4, 12, (0.6, 0.62, 0.64), r=1)
    for k in range(3):
        s.b.rect(x - 12 + k * 7, 66 + k * 3, 5, 6, s.pick(*SPINES))


def door(s: Stage, x: float, colour: Colour | None = None, *, ajar: bool = False) -> None:
    b, wood = s.b, colour or light(s.wood, 0.08)
    if s.genre == "space":
        b.rect(x - 26, 38, 52, 98, rgb("#4a566b"), rgb("#333c4e"), r=12)
        b.rect(x - 21, 43, 42, 93, rgb("#c3ccd8"), rgb("#8e9aac"), r=9)
        b.line([(x, 43), (x, 136)], 1.4, rgb("#4a566b"))
        b.rect(x - 21, 84, 42, 4, rgb("#f08a24"))
        s.later(partial(b.oval, x + 31, 86, 2, 2, rgb("#6ce08a")))
        return
    b.rect(x - 23, 46, 46, 90, dark(wood, 0.35))
    b.rect(x - 19, 50, 38, 86, (0.06, 0.06, 0.1) if ajar else light(wood, 0.1), None if ajar else dark(wood, 0.15))
    if ajar:
        b.poly([(x - 19, 50), (x + 2, 56), (x + 2, 142), (x - 19, 136)], light(wood, 0.1), dark(wood, 0.2))
        return
    for y, h in ((56, 32), (94, 34)):
        for dx in (-15, 2):
            b.rect(x + dx, y, 13, h, dark(wood, 0.22), r=1)
    b.oval(x + 14, 95, 1.8, 1.8, rgb("#e7c35a"))


def picture(s: Stage, x: float, y: float = 40, w: float = 30, h: float = 24) -> None:
    b = s.b
    sky, land = s.pick("#9cc4d4", "#e3b98a", "#8f86b8", "#d8d3c2"), s.pick("#4f6b4a", "#7a4f3a", "#35506b", "#8c3038")
    b.rect(x - w / 2 - 2.5, y - 2.5, w + 5, h + 5, rgb("#b08a3c"), rgb("#7d5f26"))
    b.rect(x - w / 2, y, w, h, sky, light(sky, 0.3))
    b.blob(
        [
            (x - w / 2, y + h),
            (x - w / 4, y + h * 0.4),
            (x + w / 5, y + h * 0.7),
            (x + w / 2, y + h * 0.5),
            (x + w / 2, y + h),
        ],
        land,
    )


def plant(s: Stage, x: float, y: float = 150, size: float = 1.0) -> None:
    b, green = s.b, s.pick("#3f7d4a", "#5a8f3c", "#2f6b5a")
    for k in range(9):
        lean, tall = (k - 4) * 5.5 * size, (44 - abs(k - 4) * 5) * size
        b.blob(
            [
                (x, y - 12 * size),
                (x + lean * 0.4 - 3, y - tall * 0.7),
                (x + lean, y - tall),
                (x + lean * 0.6 + 3, y - tall * 0.6),
            ],
            light(green, 0.05 * (k % 3)),
            dark(green, 0.25),
        )
    b.poly(
        [(x - 9 * size, y - 14 * size), (x + 9 * size, y - 14 * size), (x + 7 * size, y), (x - 7 * size, y)],
        rgb("#c46b45"),
        rgb("#8f4429"),
    )


def fireplace(s: Stage, x: float) -> None:
    b = s.b
    b.rect(x - 38, 72, 76, 66, rgb("#8d8478"), rgb("#5c554e"), r=2)
    b.rect(x - 44, 66, 88, 8, rgb("#a89e90"), rgb("#7b7268"), r=1)
    b.blob([(x - 24, 138), (x - 24, 96), (x, 84), (x + 24, 96), (x + 24, 138)], (0.07, 0.05, 0.06))
    for dx, h, code in ((-8, 26, "#e8572a"), (6, 32, "#f08a24"), (0, 22, "#ffd257")):
        s.later(
            partial(
                b.blob,
                [
                    (x + dx - 8, 136),
                    (x + dx - 6, 136 - h * 0.5),
                    (x + dx, 136 - h),
                    (x + dx + 6, 136 - h * 0.4),
                    (x + dx + 8, 136),
                ],
                rgb(code),
            )
        )
    s.later(partial(b.glow, x, 122, 90, (1.0, 0.5, 0.2), 0.7))


def clock(s: Stage, x: float, y: float = 40) -> None:
    s.b.oval(x, y, 11, 11, s.wood)
    s.b.oval(x, y, 9, 9, (0.96, 0.94, 0.88))
    s.b.line([(x, y), (x, y - 6)], 1, (0.1, 0.1, 0.1))
    s.b.line([(x, y), (x + 4, y + 2)], 1.2, (0.1, 0.1, 0.1))


def desk(s: Stage, x: float) -> None:
    b = s.b
    b.shadow(x, 156, 56, 5)
    b.rect(x - 46, 112, 92, 42, light(s.wood, 0.05), dark(s.wood, 0.25), r=1)
    b.rect(x - 50, 107, 100, 6, light(s.wood, 0.3), s.wood, r=1)
    for y in (118, 132):
        b.rect(x + 14, y, 26, 11, dark(s.wood, 0.25), r=1)
        b.oval(x + 27, y + 5.5, 1.5, 1.5, rgb("#e7c35a"))
    for k in range(4):
        b.rect(x - 20 + k * 1.2, 104.6 - k * 1.6, 20, 2, (0.95, 0.93, 0.86), r=0.4)
    b.line([(x - 36, 107), (x - 34, 92), (x - 26, 86)], 1.6, rgb("#e7c35a"))
    b.poly([(x - 34, 84), (x - 20, 84), (x - 17, 91), (x - 37, 91)], rgb("#2f7a5a"), rgb("#1d523c"))
    s.later(partial(b.glow, x - 26, 94, 48, (1.0, 0.86, 0.55), 0.7 if s.dim else 0.35))


def crate(s: Stage, x: float, size: float = 30, y: float = 156) -> None:
    b, wood = s.b, rgb("#b0824c") if s.genre != "space" else rgb("#7d8ba3")
    b.shadow(x, y, size * 0.7, 4)
    b.rect(x - size / 2, y - size, size, size, light(wood, 0.15), dark(wood, 0.2), r=1.5)
    edge = dark(wood, 0.35)
    for a, c in (((-0.5, -1), (0.5, 0)), ((-0.5, 0), (0.5, -1))):
        b.line([(x + a[0] * size, y + a[1] * size), (x + c[0] * size, y + c[1] * size)], 2.2, edge, a=0.8)
    b.line(
        [
            (x - size / 2, y - size),
            (x + size / 2, y - size),
            (x + size / 2, y),
            (x - size / 2, y),
            (x - size / 2, y - size),
        ],
        2.6,
        edge,
    )


def barrel(s: Stage, x: float, y: float = 156, size: float = 1.0) -> None:
    b, wood = s.b, rgb("#8c5a30")
    b.shadow(x, y, 18 * size, 4)
    b.blob(
        [
            (x - 11 * size, y),
            (x - 16 * size, y - 19 * size),
            (x - 11 * size, y - 38 * size),
            (x + 11 * size, y - 38 * size),
            (x + 16 * size, y - 19 * size),
            (x + 11 * size, y),
        ],
        light(wood, 0.2),
        dark(wood, 0.3),
    )
    for dy in (9, 28):
        b.rect(x - 13.6 * size, y - dy * size - 2, 27.2 * size, 3 * size, (0.3, 0.3, 0.33))


def pipes(s: Stage, x: float, count: int = 4) -> None:
    for k in range(count):
        colour = s.pick("#a5603c", "#7d8794", "#5f7f6a", "#c08a3c")
        at = x + k * 13
        s.b.rect(at, -40, 8, 176, light(colour, 0.25), dark(colour, 0.3), r=3)
        s.b.rect(at + 1.4, -40, 1.6, 176, light(colour, 0.6), a=0.5)
        s.b.rect(at - 2, 40 + 17 * k, 12, 5, dark(colour, 0.4), r=1.5)


def monitors(s: Stage, x: float, columns: int = 3, rows: int = 2, y: float = 34) -> None:
    b = s.b
    for row in range(rows):
        for column in range(columns):
            at_x, at_y = x + (column - columns / 2) * 33, y + row * 25
            b.rect(at_x, at_y, 31, 23, (0.10, 0.11, 0.15), r=2)
            glow, kind = s.pick("#4fd0c0", "#6fa8ff", "#7fe08a", "#f0a24c"), int(s.rng.integers(3))
            heights = s.rng.uniform(3, 14, 6).tolist()

            def shine(
                x0: float = at_x, y0: float = at_y, c: Colour = glow, k: int = kind, bars: list[float] = heights
            ) -> None:
                b.rect(x0 + 2, y0 + 2, 27, 19, dark(c, 0.72), dark(c, 0.5), r=1)
                if k == 0:
                    for i, h in enumerate(bars):
                        b.rect(x0 + 4 + i * 4, y0 + 19 - h, 2.6, h, c)
                elif k == 1:
                    b.line([(x0 + 4 + i * 4.4, y0 + 4 + h) for i, h in enumerate(bars)], 1.1, c)
                else:
                    b.oval(x0 + 15.5, y0 + 11.5, 7, 7, c, a=0.35)
                    b.oval(x0 + 15.5, y0 + 11.5, 3, 3, c)

            s.later(shine)
    s.later(partial(b.glow, x, y + rows * 12, 75, (0.4, 0.75, 0.85), 0.3))


def stool(s: Stage, x: float, colour: Colour) -> None:
    s.b.rect(x - 1.4, 126, 2.8, 32, (0.25, 0.25, 0.28))
    s.b.oval(x, 158, 8, 2, (0.25, 0.25, 0.28))
    s.b.rect(x - 9, 120, 18, 6, light(colour, 0.15), dark(colour, 0.2), r=3)


def piano(s: Stage, x: float) -> None:
    b = s.b
    b.shadow(x, 158, 48, 5)
    b.rect(x - 40, 84, 80, 70, rgb("#3a241a"), rgb("#1f130e"), r=2)
    b.rect(x - 44, 112, 88, 9, rgb("#4a2f22"), r=1)
    b.rect(x - 38, 113, 76, 4, (0.97, 0.96, 0.92))
    for k in range(14):
        b.rect(x - 36 + k * 5.3, 113, 2, 2.5, (0.05, 0.05, 0.06))
    b.rect(x - 12, 92, 24, 16, (0.95, 0.93, 0.86))


def column(s: Stage, x: float, colour: Colour) -> None:
    b = s.b
    b.rect(x - 9, -40, 18, 180, light(colour, 0.25), dark(colour, 0.05))
    for k in (-5, 0, 5):
        b.rect(x + k - 0.8, -30, 1.6, 166, dark(colour, 0.25), a=0.5)
    b.rect(x - 13, FLOOR - 8, 26, 10, light(colour, 0.15), r=1)
    b.rect(x - 13, 2, 26, 8, light(colour, 0.15), r=1)


def rug(s: Stage, x: float, w: float, colour: Colour) -> None:
    s.b.oval(x, 164, w / 2, 11, dark(colour, 0.15))
    s.b.oval(x, 164, w / 2 - 6, 8.6, light(colour, 0.2))
    s.b.oval(x, 164, w / 2 - 14, 6, mix(colour, (1, 0.95, 0.85), 0.1))
