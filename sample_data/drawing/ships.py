"""Rooms of a ship between the stars, and of machines, each from its two sides."""

from __future__ import annotations

from functools import partial

from sample_data.drawing import things as t
from sample_data.drawing.brush import dark, light, rgb
from sample_data.drawing.stage import Stage


def engine(s: Stage) -> None:
    s.room(wall=rgb("#59606c") if s.genre != "space" else None, floor=rgb("#4c5058"))
    b = s.b
    t.pipes(s, 6, 3)
    t.pipes(s, 262, 4)
    if s.side:
        t.monitors(s, 150, 3, 2, 40)
        t.counter(s, 150, 120, rgb("#4a5566"), 112)
        return
    glow = s.pick("#4fe0d0", "#ff8a3c", "#b06cff")
    b.rect(112, 10, 96, 136, rgb("#3c4553"), rgb("#262c37"), r=10)
    for k in range(5):
        y = 24 + k * 23
        b.rect(104, y - 3, 112, 6, rgb("#7d8794"), rgb("#4c545f"), r=2)
    s.later(partial(b.rect, 138, 18, 44, 120, dark(glow, 0.3), glow, r=8))
    for k in range(5):
        s.later(partial(b.rect, 136, 22 + k * 23, 48, 4, rgb("#4c545f")))
    s.later(partial(b.rect, 150, 18, 20, 120, light(glow, 0.65), light(glow, 0.4), r=8, a=0.8))
    s.later(partial(b.glow, 160, 80, 120, glow, 0.6))
    for x in (82, 236):
        b.oval(x, 66, 14, 14, rgb("#d9d4c4"))
        b.oval(x, 66, 14, 14, (0.1, 0.1, 0.1), a=0.2)
        b.line([(x, 66), (x + 6, 58)], 1.6, rgb("#d8343f"))


def bridge(s: Stage) -> None:
    s.room()
    b = s.b
    if s.side:
        t.door(s, 160)
        t.monitors(s, 66, 2, 2, 44)
        t.monitors(s, 264, 2, 2, 44)
        return
    b.rect(20, 8, 280, 92, rgb("#3f4858"), r=26)
    planet, x0 = s.pick("#e08a4c", "#5aa0d8", "#c46a9a", "#7ac08a"), s.about(220, 40)
    spots = s.rng.uniform(0, 1, (70, 3)).tolist()

    def view() -> None:
        b.rect(26, 14, 268, 80, rgb("#050714"), rgb("#17204a"), r=22)
        for u, v, size in spots:
            b.oval(32 + 256 * u, 18 + 72 * v, 0.4 + 0.7 * size, 0.4 + 0.7 * size, (1, 1, 1), a=0.4 + 0.6 * size)
        b.glow(x0, 62, 56, planet, 0.5)
        b.oval(x0, 62, 27, 27, light(planet, 0.35), dark(planet, 0.45))
        for dy, w in ((-9, 23), (2, 26.5), (11, 22)):
            b.rect(x0 - w, 62 + dy, 2 * w, 3.4, light(planet, 0.5), r=1.7, a=0.35)
        for x in (90, 160, 230):
            b.line([(x, 14), (160 + (x - 160) * 1.12, 94)], 4, rgb("#3f4858"))

    s.later(view)
    b.poly([(30, 112), (290, 112), (316, 150), (4, 150)], rgb("#59657a"), rgb("#333c4c"))
    for k in range(16):
        colour, x = s.pick("#5ce1e6", "#ff6b57", "#ffd257", "#6ce08a"), 44 + k * 15.6
        s.later(partial(b.rect, x, 120 + (int(x) % 3) * 8, 8, 4, colour, r=1))
    s.later(partial(b.glow, 160, 122, 100, rgb("#5ce1e6"), 0.3))


def airlock(s: Stage) -> None:
    s.room()
    b = s.b
    for k in range(16):
        b.poly([(-40 + k * 26, 118), (-27 + k * 26, 118), (-40 + k * 26, 134), (-53 + k * 26, 134)], rgb("#f0b429"))
    if s.side:
        for x in (90, 160, 230):
            b.rect(x - 22, 38, 44, 96, rgb("#333c4c"), r=4)
            b.blob(
                [(x - 15, 130), (x - 18, 84), (x - 8, 74), (x + 8, 74), (x + 18, 84), (x + 15, 130)],
                rgb("#f2f2ee"),
                rgb("#b9bec8"),
            )
            b.oval(x, 62, 13, 13, rgb("#f2f2ee"), rgb("#b9bec8"))
            b.oval(x, 62, 9, 8, rgb("#e08a24"), rgb("#6b3a14"))
        return
    b.oval(160, 76, 66, 66, rgb("#4a566b"))
    b.oval(160, 76, 58, 58, rgb("#c3ccd8"), rgb("#7d899b"))
    b.oval(160, 70, 30, 26, rgb("#3f4858"))
    spots = s.rng.uniform(-1, 1, (26, 2)).tolist()

    def view() -> None:
        b.oval(160, 70, 26, 22, rgb("#050714"), rgb("#1c2a5a"))
        for u, v in spots:
            if u * u + v * v < 0.9:
                b.oval(160 + 25 * u, 70 + 21 * v, 0.7, 0.7, (1, 1, 1))

    s.later(view)
    b.line([(130, 112), (190, 112)], 5, rgb("#d8343f"))
    for x in (70, 250):
        s.later(partial(b.oval, x, 34, 5, 5, rgb("#ff5a3c")))
        s.later(partial(b.glow, x, 34, 60, rgb("#ff5a3c"), 0.6))


def greenhouse(s: Stage) -> None:
    """The garden of a ship."""
    s.room()
    t.window(s, 160, 14, 200 if not s.side else 90, 52)
    b = s.b
    for row, y in ((0, 96), (1, 132)):
        b.rect(-40, y + 8, 400, 8, rgb("#8e9aac"), rgb("#5c6678"))
        for k in range(11):
            t.plant(s, -10 + k * 34 + 12 * row, y + 12, 0.62 + 0.16 * row)
    for x in (60, 160, 260):
        s.later(partial(b.rect, x - 30, 70, 60, 2.6, (1.0, 0.6, 0.9)))
        s.later(partial(b.glow, x, 84, 60, (0.95, 0.35, 0.8), 0.45))
