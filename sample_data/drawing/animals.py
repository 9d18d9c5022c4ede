"""Animals, feet at the origin, looking right. `HEADS` says where the head is, for close shots."""

from __future__ import annotations

import math
from collections.abc import Callable

from sample_data.drawing.brush import Brush, Colour, dark, light, mix, rgb, wave
from sample_data.drawing.cast import Pose

# of each: the middle of the head, and how many units of height a close shot shows
HEADS = {
    "otter": (33.0, -40.0, 46.0),
    "fox": (33.0, -46.0, 52.0),
    "heron": (16.0, -92.0, 48.0),
    "hare": (20.0, -46.0, 66.0),
    "owl": (0.0, -54.0, 58.0),
    "hedgehog": (26.0, -17.0, 40.0),
}


def draw_animal(b: Brush, kind: str, hue: float, pose: Pose) -> None:
    """`hue` −1 to 1: how this one differs from its kind."""
    b.shadow(2, 0, 36, 4)
    hop = abs(wave(pose.time_s, 0.8, pose.phase)) * 7 * pose.stride
    breath = 0.6 * wave(pose.time_s, 2.6, pose.phase)
    with b.at(0, -hop):
        _DRAW[kind](b, hue, breath, pose)


def _coat(code: str, hue: float) -> Colour:
    return mix(rgb(code), rgb("#e8d2a8") if hue > 0 else rgb("#3a2a26"), 0.22 * abs(hue))


def _eye(b: Brush, x: float, y: float, r: float, pose: Pose, iris: Colour = (0.1, 0.07, 0.06)) -> None:
    if (pose.time_s + 5 * pose.phase) % 3.3 < 0.14:
        b.line([(x - r, y), (x + r, y)], 0.9, (0.1, 0.07, 0.06))
        return
    b.oval(x, y, r, r, iris)
    b.oval(x + r * 0.1, y, r * 0.55, r * 0.6, (0.05, 0.04, 0.04))
    b.oval(x + r * 0.35, y - r * 0.4, r * 0.28, r * 0.28, (1, 1, 1))


def _legs(b: Brush, xs: tuple[float, ...], top: float, width: float, colour: Colour, pose: Pose) -> None:
    for k, x in enumerate(xs):
        swing = 9 * pose.stride * wave(pose.time_s, 0.8, pose.phase + 0.25 * k)
        b.line([(x, top), (x + swing * 0.4, top / 2), (x + swing, -1.5)], width, dark(colour, 0.25 if k % 2 else 0.1))


def _otter(b: Brush, hue: float, breath: float, pose: Pose) -> None:
    fur = _coat("#7a5238", hue)
    tail = 3 * wave(pose.time_s, 1.6, pose.phase)
    b.blob(
        [(-26, -12), (-52, -8 + tail), (-74, -2 + tail), (-70, 2 + tail), (-46, 0), (-24, -2)],
        dark(fur, 0.2),
        dark(fur, 0.35),
    )
    _legs(b, (-20, -12, 16, 22), -10, 7, fur, pose)
    b.blob(
        [(-32, -4), (-34, -20), (-14, -30 - breath), (10, -28), (22, -40), (34, -34), (28, -16), (20, -4), (-6, -1)],
        light(fur, 0.1),
        dark(fur, 0.25),
    )
    b.blob([(8, -6), (14, -22), (26, -32), (32, -26), (26, -10), (16, -3)], light(fur, 0.55))
    b.oval(24, -51, 4, 4, dark(fur, 0.2))
    b.blob(
        [(18, -42), (22, -54), (36, -55), (48, -45), (49, -37), (38, -29), (24, -30)], light(fur, 0.12), dark(fur, 0.1)
    )
    b.blob([(34, -38), (44, -43), (51, -38), (47, -31), (37, -30)], light(fur, 0.6))
    b.oval(49.5, -41, 2.8, 2.2, (0.12, 0.08, 0.08))
    for dy in (-2, 0, 2):
        b.line([(43, -36 + dy * 0.4), (54, -35 + dy * 1.8)], 0.4, (0.95, 0.93, 0.9))
    _eye(b, 37.5, -46, 2.2, pose)


def _fox(b: Brush, hue: float, breath: float, pose: Pose) -> None:
    fur = _coat("#d9682a", hue)
    sway = 5 * wave(pose.time_s, 1.9, pose.phase)
    b.blob(
        [(-26, -26), (-46, -34 + sway), (-70, -22 + sway), (-78, -8 + sway), (-58, -8), (-34, -14)],
        light(fur, 0.08),
        dark(fur, 0.2),
    )
    b.blob([(-66, -20 + sway), (-74, -14 + sway), (-80, -5 + sway), (-66, -8 + sway)], (0.97, 0.95, 0.9))
    _legs(b, (-22, -14, 14, 22), -20, 5.4, mix(fur, (0.12, 0.08, 0.07), 0.7), pose)
    b.blob(
        [(-32, -14), (-30, -33), (-8, -37 - breath), (16, -36), (28, -44), (32, -30), (24, -14), (4, -11)],
        light(fur, 0.1),
        dark(fur, 0.18),
    )
    b.blob([(14, -16), (20, -34), (30, -36), (30, -22), (22, -12)], (0.97, 0.95, 0.9))
    for x in (22, 34):
        b.poly([(x - 5, -54), (x + 1, -71), (x + 6, -54)], dark(fur, 0.12))
        b.poly([(x - 2.4, -55), (x + 1, -65), (x + 3.4, -55)], (0.15, 0.1, 0.1))
    b.blob(
        [(17, -48), (22, -59), (36, -58), (46, -47), (55, -40), (46, -36), (30, -33), (20, -38)], light(fur, 0.14), fur
    )
    b.blob([(26, -40), (40, -45), (55, -40), (45, -36), (30, -33)], (0.98, 0.96, 0.92))
    b.oval(54, -41.5, 2.6, 2.2, (0.1, 0.07, 0.07))
    _eye(b, 36, -49, 2.3, pose, rgb("#d9a02c"))


def _heron(b: Brush, hue: float, breath: float, pose: Pose) -> None:
    grey = _coat("#8fa3b5", hue)
    for x, k in ((-2, 0), (6, 1)):
        swing = 8 * pose.stride * wave(pose.time_s, 1.1, pose.phase + 0.5 * k)
        b.line([(x, -40), (x - 3 + swing * 0.5, -20), (x + swing, -1)], 2, rgb("#c9a24c"))
        b.line([(x + swing - 3, -1), (x + swing + 7, -1)], 1.8, rgb("#c9a24c"))
    b.blob(
        [(-40, -34), (-34, -48), (-8, -60 - breath), (16, -54), (20, -42), (0, -34), (-20, -34)],
        light(grey, 0.15),
        dark(grey, 0.2),
    )
    b.blob([(-42, -32), (-30, -46), (-4, -52), (4, -44), (-18, -36)], dark(grey, 0.3))
    b.line([(12, -50), (22, -62), (10, -74), (14, -90)], 7, light(grey, 0.5), smooth=True)
    b.line([(13, -54), (21, -63), (12, -72)], 1.2, (0.15, 0.16, 0.2), smooth=True)
    b.line([(10, -96), (-6, -99), (-16, -94)], 2, (0.15, 0.16, 0.2), smooth=True)
    b.oval(15, -93, 8, 6.2, (0.96, 0.96, 0.96), light(grey, 0.3))
    b.blob([(6, -97), (14, -101), (22, -96), (14, -95)], (0.15, 0.16, 0.2))
    b.poly([(21, -96), (50, -89), (21, -89)], rgb("#f0b23c"), rgb("#d98a2c"))
    _eye(b, 18, -94, 1.7, pose, rgb("#f2d24a"))


def _hare(b: Brush, hue: float, breath: float, pose: Pose) -> None:
    fur = _coat("#b08a5c", hue)
    twitch = 3 * wave(pose.time_s, 1.3, pose.phase)
    _legs(b, (-14, 12, 18), -14, 6, fur, pose)
    b.oval(-30, -18, 6, 6, (0.97, 0.95, 0.92))
    b.blob(
        [(-30, -2), (-34, -22), (-20, -38 - breath), (2, -36), (18, -26), (20, -6), (0, -1)],
        light(fur, 0.14),
        dark(fur, 0.2),
    )
    b.oval(-16, -13, 14, 13, light(fur, 0.06), dark(fur, 0.24))
    b.oval(-10, -1.6, 13, 3.6, dark(fur, 0.12))
    for x, lean in ((14, -6), (21, 2)):
        b.blob(
            [
                (x - 4, -50),
                (x + lean - 5 + twitch * 0.4, -76),
                (x + lean + twitch, -86),
                (x + lean + 5 + twitch * 0.4, -74),
                (x + 4, -50),
            ],
            light(fur, 0.1),
            dark(fur, 0.12),
        )
        b.blob([(x - 1.5, -52), (x + lean - 1.5, -72), (x + lean + 2, -72), (x + 2, -52)], rgb("#e0a090"))
    b.blob([(6, -34), (8, -50), (22, -55), (34, -45), (36, -37), (26, -29), (12, -28)], light(fur, 0.18), fur)
    b.blob([(24, -36), (34, -41), (37, -36), (30, -30), (22, -31)], light(fur, 0.6))
    b.oval(36, -40, 2, 1.6, rgb("#c46a6a"))
    for dy in (-1, 1):
        b.line([(32, -36 + dy), (43, -35 + 3 * dy)], 0.4, (0.98, 0.97, 0.95))
    _eye(b, 24, -45, 2.8, pose, rgb("#8a4f1e"))


def _owl(b: Brush, hue: float, breath: float, pose: Pose) -> None:
    plume = _coat("#9a7448", hue)
    b.line([(-40, -3), (44, -5)], 8, rgb("#5a4030"))
    for x in (-8, 8):
        for k in (-2, 0, 2):
            b.line([(x + k, -9), (x + k * 1.4, -2)], 2, rgb("#d9a02c"))
    b.blob(
        [(-17, -8), (-25, -34), (-20, -66), (0, -72), (20, -66), (25, -34), (17, -8), (0, -3 - breath)],
        light(plume, 0.12),
        dark(plume, 0.25),
    )
    b.blob([(-11, -10), (-14, -38), (0, -46), (14, -38), (11, -10)], light(plume, 0.5))
    for row in range(4):
        for k in range(3):
            b.blob(
                [(-8 + k * 8 - 3, -38 + row * 8), (-8 + k * 8, -33 + row * 8), (-8 + k * 8 + 3, -38 + row * 8)],
                dark(plume, 0.2),
            )
    flap = 4 * pose.stride * wave(pose.time_s, 0.5, pose.phase)
    for side in (-1, 1):
        b.blob(
            [(side * 17, -50), (side * (26 + flap), -40), (side * (25 + flap), -14), (side * 15, -8), (side * 15, -32)],
            dark(plume, 0.25),
            dark(plume, 0.45),
        )
        b.poly([(side * 8, -68), (side * 20, -80), (side * 20, -62)], dark(plume, 0.2))
        b.oval(side * 9, -57, 10.6, 10.6, light(plume, 0.6), light(plume, 0.3))
        _eye(b, side * 8.4, -57, 6, pose, rgb("#f2b23c"))
    b.poly([(-3.4, -54), (3.4, -54), (0, -45)], rgb("#3f3428"))


def _hedgehog(b: Brush, hue: float, breath: float, pose: Pose) -> None:
    spine = _coat("#6b5440", hue)
    _legs(b, (-12, -4, 12, 18), -6, 5, rgb("#b08a68"), pose)
    b.blob([(10, -4), (12, -22), (24, -28), (36, -20), (44, -12), (38, -6), (22, -2)], rgb("#e3c49a"), rgb("#c49a6c"))
    b.blob(
        [(-32, -3), (-34, -24), (-16, -42 - breath), (8, -40), (22, -28), (18, -12), (14, -2)], spine, dark(spine, 0.3)
    )
    for ring in range(5):
        for k in range(12):
            angle = 0.25 + k * 0.25
            r = 34 - ring * 6
            x, y = -5 - math.cos(angle) * r, -6 - math.sin(angle) * r * 1.05
            b.line(
                [(x, y), (x - math.cos(angle) * 6, y - math.sin(angle) * 6)],
                1.5,
                light(spine, 0.5) if (k + ring) % 2 else dark(spine, 0.35),
            )
    b.oval(21, -26, 4, 4, rgb("#b08a68"))
    b.oval(44.5, -12.5, 3, 2.6, (0.1, 0.07, 0.07))
    _eye(b, 31, -18.5, 2.4, pose)


_DRAW: dict[str, Callable[[Brush, float, float, Pose], None]] = {
    "otter": _otter,
    "fox": _fox,
    "heron": _heron,
    "hare": _hare,
    "owl": _owl,
    "hedgehog": _hedgehog,
}
