"""What people wear, on a body that is 100 units tall with its feet at the origin."""

from __future__ import annotations

from sample_data.drawing.brush import Brush, dark, light, rgb
from sample_data.drawing.cast import Person


def _coat(b: Brush, who: Person) -> None:
    edge, shirt = dark(who.colour, 0.4), light(who.second, 0.55)
    b.poly([(-4, -81), (5, -81), (1.5, -64)], shirt)
    b.poly([(0.2, -79), (2.4, -79), (2, -66), (1, -64), (0.4, -66)], dark(who.second, 0.3))
    b.poly([(-7, -82), (-3, -82), (1.5, -62), (-4, -66)], edge)
    b.poly([(8, -82), (4.5, -82), (1.5, -62), (7, -66)], edge)
    b.line([(1.5, -62), (1, -24)], 0.7, edge)
    b.rect(-11 * who.build, -53, 22 * who.build, 3.6, edge, r=1)


def _suit(b: Brush, who: Person) -> None:
    edge = dark(who.colour, 0.35)
    b.poly([(-4, -81), (5.5, -81), (1.5, -60)], (0.95, 0.94, 0.9))
    b.poly([(0, -79), (3, -79), (2.5, -65), (1.5, -62), (0.5, -65)], light(who.second, 0.1))
    b.poly([(-7, -82), (-3.4, -82), (1.5, -58), (-4, -67)], edge)
    b.poly([(8.5, -82), (5, -82), (1.5, -58), (7, -67)], edge)
    for y in (-55, -50):
        b.oval(2, y, 0.7, 0.7, edge)
    b.rect(6, -70, 4, 1.4, light(who.second, 0.4))


def _dress(b: Brush, who: Person) -> None:
    b.blob([(-6, -83), (6.5, -83), (5, -74), (1, -71), (-4, -74)], who.skin)
    b.rect(-10.2 * who.build, -55, 20.4 * who.build, 3, dark(who.second, 0.1), r=1.4)
    for x in (-8, 0, 8):
        b.line([(x * 0.6, -50), (x * who.build, -19)], 0.6, dark(who.colour, 0.35), a=0.6)


def _apron(b: Brush, who: Person) -> None:
    cloth = light(who.second, 0.75)
    b.rect(-7, -72, 15, 38, cloth, dark(cloth, 0.12), r=2)
    b.line([(-6, -72), (-3, -82)], 1.4, cloth)
    b.line([(7, -72), (5, -82)], 1.4, cloth)
    b.rect(-3, -54, 8, 7, dark(cloth, 0.1), r=1)


def _uniform(b: Brush, who: Person) -> None:
    gold = rgb("#e7c35a")
    b.rect(-11 * who.build, -53, 22 * who.build, 3.4, (0.12, 0.1, 0.1), r=1)
    b.rect(-1, -53, 4.4, 3.4, gold, r=0.8)
    for side in (-1, 1):
        b.rect(side * 12 * who.build - 3.2, -81.5, 6.4, 2.4, gold, r=1)
    b.poly([(-5, -82), (6, -82), (1.2, -75)], light(who.colour, 0.6))
    for y in (-72, -66, -60):
        b.oval(1.2, y, 0.9, 0.9, gold)
    b.poly([(6, -71), (9, -71), (9, -67.5), (7.5, -66), (6, -67.5)], gold)


def _vest(b: Brush, who: Person) -> None:
    shirt = light(who.second, 0.62)
    b.poly([(-5, -82), (6.5, -82), (3.6, -48), (-0.6, -48)], shirt)
    for y in (-72, -64, -56):
        b.oval(1.4, y, 0.7, 0.7, dark(shirt, 0.4))
    b.poly([(-4.4, -82), (1.2, -77), (6.4, -82), (5, -76), (1.2, -73), (-3, -76)], rgb("#a8322c"))
    b.rect(-10.6 * who.build, -48, 21.2 * who.build, 3, dark(who.colour, 0.55), r=1)


def _poncho(b: Brush, who: Person) -> None:
    w = who.build
    for y, colour in ((-60, light(who.second, 0.3)), (-52, dark(who.second, 0.2)), (-45, light(who.colour, 0.5))):
        reach = (11.5 + (y + 62) * 0.42) * w
        b.line([(-reach, y), (0, y + 5), (reach, y)], 2.4, colour, smooth=True)
    b.blob([(-9, -84), (10, -84), (8, -76), (0, -74), (-7, -76)], light(who.second, 0.15))


def _spacesuit(b: Brush, who: Person) -> None:
    b.rect(-8.5, -84, 18, 5.4, light(who.colour, 0.7), r=2.6)
    b.rect(-8, -71, 16, 11, (0.16, 0.19, 0.27), r=2)
    for i, code in enumerate(("#5ce1e6", "#ff6b57", "#ffd257")):
        b.rect(-6 + i * 4.6, -69, 3.2, 2.6, rgb(code), r=0.8)
    b.rect(-6, -64.6, 12, 1.6, rgb("#5ce1e6"), r=0.8, a=0.8)
    b.rect(-11 * who.build, -50, 22 * who.build, 3, (0.85, 0.87, 0.9), r=1.2)
    b.line([(-11 * who.build, -78), (-12 * who.build, -58)], 2, light(who.colour, 0.6))
    b.line([(11 * who.build, -78), (12 * who.build, -58)], 2, light(who.colour, 0.6))


def _robe(b: Brush, who: Person) -> None:
    b.rect(-1, -80, 4.4, 74, light(who.second, 0.4), dark(who.second, 0.1), r=2)
    b.oval(1.2, -70, 3.2, 3.2, rgb("#5ce1e6"))
    b.oval(1.2, -70, 1.6, 1.6, (1, 1, 1))


def _shawl(b: Brush, who: Person) -> None:
    shawl = light(who.second, 0.1)
    b.blob(
        [(-8, -84), (-18 * who.build, -74), (-14, -60), (1, -54), (15, -60), (18 * who.build, -74), (9, -84)],
        shawl,
        dark(shawl, 0.3),
    )
    for x in (-10, -5, 0, 5, 10):
        b.line([(x, -60 + abs(x) * -0.3), (x, -54 + abs(x) * -0.3)], 1, dark(shawl, 0.35))


def _jacket(b: Brush, who: Person) -> None:
    b.poly([(-4, -82), (6, -82), (4, -44), (-2, -44)], light(who.second, 0.5))
    for x, reach in ((-4, -2), (6, 4)):
        b.line([(x, -82), (reach, -44)], 1.6, dark(who.colour, 0.45))
    b.blob([(-8, -84), (-4, -80), (1, -78), (7, -80), (10, -84), (10, -80), (1, -75), (-8, -80)], dark(who.colour, 0.3))


def _jumper(b: Brush, who: Person) -> None:
    stripe = light(who.second, 0.35)
    b.blob([(-8, -84), (9, -84), (8, -78), (0.5, -75), (-7, -78)], dark(who.colour, 0.2))
    for y in (-67, -60):
        b.rect(-12.6 * who.build, y, 25.2 * who.build, 3, stripe, a=0.9)
    b.rect(-10.6 * who.build, -45.5, 21.2 * who.build, 3.4, dark(who.colour, 0.3), r=1.4)


DETAILS = {
    "coat": _coat,
    "suit": _suit,
    "dress": _dress,
    "apron": _apron,
    "uniform": _uniform,
    "vest": _vest,
    "poncho": _poncho,
    "spacesuit": _spacesuit,
    "jumper": _jumper,
    "robe": _robe,
    "shawl": _shawl,
    "jacket": _jacket,
}
