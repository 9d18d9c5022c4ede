"""Rain, snow, dust and what else is in the air out of doors."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import skia

from sample_data.drawing.brush import HEIGHT, Brush, argb

# of each genre: what may be in the air, by day and by night
AIR = {
    "crime": (("mist", "rain", "rain"), ("rain", "rain", "mist")),
    "ghost story": (("mist", "snow"), ("mist", "snow", "snow")),
    "heist": (("", "", "rain"), ("", "rain")),
    "nature documentary": (("pollen", "pollen", "mist", "rain"), ("fireflies", "fireflies", "mist")),
    "romance": (("petals", "petals", "rain"), ("fireflies", "")),
    "sitcom": (("",), ("",)),
    "space": (("",), ("",)),
    "western": (("dust", "dust", ""), ("dust", "")),
}
COUNTS = {"rain": 110, "snow": 90, "dust": 46, "pollen": 34, "fireflies": 26, "petals": 30}


def weather_of(genre: str, hour: str, seed: int) -> str:
    """What is in the air in a scene; `` where nothing is."""
    choices = AIR[genre][hour in ("dusk", "night")]
    return choices[seed % len(choices)]


def draw_weather(b: Brush, kind: str, t: float, size: str) -> None:
    if not kind:
        return
    near = {"wide": 1.0, "medium": 1.3, "close": 1.7, "insert": 1.5}[size]
    if kind == "mist":
        for k in range(3):
            x = (t * (5 + 3 * k) + 170 * k) % 520 - 100
            b.shadow(x, 128 + 16 * k, 210, 34, 0.3, (0.88, 0.91, 0.93))
        b.shadow(160, 200, 300, 110, 0.34, (0.86, 0.89, 0.92))
    elif kind == "rain":
        _rain(b, t, near)
    else:
        _specks(b, kind, t, near)


@cache
def _seeds(kind: str) -> np.ndarray:
    return np.random.default_rng(len(kind)).random((COUNTS[kind], 4))


def _rain(b: Brush, t: float, near: float) -> None:
    paint = skia.Paint(AntiAlias=True, StrokeWidth=0.7 * near)
    paint.setStyle(skia.Paint.kStroke_Style)
    paint.setColor(argb((0.85, 0.92, 1.0), 0.42))
    points = []
    for u, v, w, _ in _seeds("rain").tolist():
        speed, long = 330 + 160 * w, (9 + 8 * w) * near
        y = (v * 240 + t * speed) % 240 - 30
        x = (u * 380 - 30 - t * speed * 0.12) % 380 - 30
        points += [skia.Point(x, y), skia.Point(x - 0.13 * long, y + long)]
    b.canvas.drawPoints(skia.Canvas.kLines_PointMode, points, paint)


def _specks(b: Brush, kind: str, t: float, near: float) -> None:
    for u, v, w, phase in _seeds(kind).tolist():
        sway = math.sin(2 * math.pi * (t / (2.4 + 2 * w) + phase))
        if kind == "snow":
            x, y = (u * 380 + 9 * sway) % 380 - 30, (v * 230 + t * (26 + 22 * w)) % 230 - 25
            b.oval(x, y, (0.9 + 1.3 * w) * near, (0.9 + 1.3 * w) * near, (1, 1, 1), a=0.85)
        elif kind == "dust":
            x, y = (u * 400 + t * (40 + 50 * w)) % 400 - 40, 80 + v * 96 + 3 * sway
            b.oval(x, y, (2 + 5 * w) * near, (0.7 + w) * near, (0.95, 0.82, 0.6), a=0.22)
        elif kind == "petals":
            x, y = (u * 380 + 14 * sway - t * 12) % 380 - 30, (v * 230 + t * (20 + 12 * w)) % 230 - 25
            b.oval(x, y, (1.6 + w) * near, (1.0 + 0.6 * sway) * near, (1.0, 0.72, 0.8), a=0.85)
        elif kind == "fireflies":
            x, y = u * 340 - 10 + 12 * sway, 60 + v * 110 + 7 * math.cos(2 * math.pi * (t / 3.1 + phase))
            b.glow(x, y, 7 * near, (0.95, 1.0, 0.45), 0.45 + 0.4 * sway)
        else:
            x, y = (u * 380 + t * 6) % 380 - 30, v * HEIGHT + 6 * sway
            b.oval(x, y, (0.7 + 0.7 * w) * near, (0.7 + 0.7 * w) * near, (1.0, 0.98, 0.8), a=0.6)
