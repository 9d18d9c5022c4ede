"""Flat shapes with gradients on a Skia canvas, in units of which a frame is 320 wide and 180 high."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import skia

WIDTH, HEIGHT = 320, 180
Colour = tuple[float, float, float]  # red, green, blue, 0 to 1
Point = tuple[float, float]


@cache
def rgb(code: str) -> Colour:
    """`#rrggbb` as a colour."""
    red, green, blue = (int(code[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`share` 0 is a, 1 is b."""
    red, green, blue = (x + (y - x) * share for x, y in zip(a, b, strict=True))
    return red, green, blue


def dark(colour: Colour, share: float) -> Colour:
    return mix(colour, (0.05, 0.05, 0.12), share)


def light(colour: Colour, share: float) -> Colour:
    return mix(colour, (1.0, 0.98, 0.94), share)


def times(a: Colour, b: Colour) -> Colour:
    return a[0] * b[0], a[1] * b[1], a[2] * b[2]


def argb(colour: Colour, alpha: float = 1.0) -> int:
    parts = [round(255 * min(1.0, max(0.0, c))) for c in (alpha, *colour)]
    return parts[0] << 24 | parts[1] << 16 | parts[2] << 8 | parts[3]


class Brush:
    """Draws on a canvas; where a colour is asked for, two colours make a gradient from top to bottom."""

    def __init__(self, canvas: skia.Canvas):
        self.canvas = canvas

    def rect(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        colour: Colour,
        to: Colour | None = None,
        r: float = 0,
        a: float = 1,
    ) -> None:
        paint = self._paint(colour, to, y, y + h, a)
        self.canvas.drawRoundRect(skia.Rect.MakeXYWH(x, y, w, h), r, r, paint)

    def oval(
        self, x: float, y: float, rx: float, ry: float, colour: Colour, to: Colour | None = None, a: float = 1
    ) -> None:
        """An ellipse about its middle."""
        paint = self._paint(colour, to, y - ry, y + ry, a)
        self.canvas.drawOval(skia.Rect.MakeLTRB(x - rx, y - ry, x + rx, y + ry), paint)

    def poly(self, points: Sequence[Point], colour: Colour, to: Colour | None = None, a: float = 1) -> None:
        self._shape(skia.Path.Polygon([skia.Point(*p) for p in points], True), points, colour, to, a)

    def blob(self, points: Sequence[Point], colour: Colour, to: Colour | None = None, a: float = 1) -> None:
        """A closed smooth curve; the points pull at it, and it passes half-way between them."""
        build = skia.PathBuilder()
        middles = [_middle(p, q) for p, q in zip(points, [*points[1:], points[0]], strict=True)]
        build.moveTo(*middles[-1])
        for point, middle in zip(points, middles, strict=True):
            build.quadTo(*point, *middle)
        build.close()
        self._shape(build.detach(), points, colour, to, a)

    def line(
        self, points: Sequence[Point], width: float, colour: Colour, a: float = 1, *, smooth: bool = False
    ) -> None:
        """An open line with round ends."""
        build = skia.PathBuilder()
        build.moveTo(*points[0])
        if smooth:
            for p, q in pairwise(points[1:]):
                build.quadTo(*p, *(q if q is points[-1] else _middle(p, q)))
        else:
            for p in points[1:]:
                build.lineTo(*p)
        paint = self._paint(colour, None, 0, 0, a)
        paint.setStyle(skia.Paint.kStroke_Style)
        paint.setStrokeWidth(width)
        paint.setStrokeCap(skia.Paint.kRound_Cap)
        paint.setStrokeJoin(skia.Paint.kRound_Join)
        self.canvas.drawPath(build.detach(), paint)

    def glow(self, x: float, y: float, r: float, colour: Colour, a: float = 0.6) -> None:
        """Light that adds to what is there, strongest in the middle."""
        paint = skia.Paint(AntiAlias=True, BlendMode=skia.BlendMode.kScreen)
        fade = [argb(colour, a), argb(colour, a * 0.35), argb(colour, 0)]
        paint.setShader(skia.GradientShader.MakeRadial(skia.Point(x, y), r, fade, [0, 0.4, 1]))
        self.canvas.drawCircle(x, y, r, paint)

    def beam(self, points: Sequence[Point], colour: Colour, a: float = 0.25) -> None:
        """A shaft of light: strong at the first point, gone at the last."""
        paint = skia.Paint(AntiAlias=True, BlendMode=skia.BlendMode.kScreen)
        ends = [skia.Point(*points[0]), skia.Point(*points[len(points) // 2])]
        paint.setShader(skia.GradientShader.MakeLinear(ends, [argb(colour, a), argb(colour, 0)]))
        self.canvas.drawPath(skia.Path.Polygon([skia.Point(*p) for p in points], True), paint)

    def shadow(
        self, x: float, y: float, rx: float, ry: float, a: float = 0.35, colour: Colour = (0.04, 0.03, 0.10)
    ) -> None:
        """A soft ellipse, dark as things cast it where they stand."""
        paint = skia.Paint(AntiAlias=True)
        self.canvas.save()
        self.canvas.translate(x, y)
        self.canvas.scale(1, ry / rx)
        fade = [argb(colour, a), argb(colour, 0)]
        paint.setShader(skia.GradientShader.MakeRadial(skia.Point(0, 0), rx, fade, [0.3, 1]))
        self.canvas.drawCircle(0, 0, rx, paint)
        self.canvas.restore()

    def tint(self, colour: Colour, mode: skia.BlendMode = skia.BlendMode.kMultiply, a: float = 1) -> None:
        """Multiply (or blend) everything drawn so far with a colour."""
        paint = skia.Paint(BlendMode=mode)
        paint.setColor(argb(colour, a))
        self.canvas.drawPaint(paint)

    def at(self, x: float, y: float, scale: float = 1, *, flip: bool = False, turn: float = 0) -> _Moved:
        """`with brush.at(…):` draws moved, scaled, turned (degrees) and, for those who look left, flipped."""
        return _Moved(self.canvas, x, y, scale, flip, turn)

    def _shape(self, path: skia.Path, points: Sequence[Point], colour: Colour, to: Colour | None, a: float) -> None:
        heights = [y for _, y in points]
        self.canvas.drawPath(path, self._paint(colour, to, min(heights), max(heights), a))

    def _paint(self, colour: Colour, to: Colour | None, top: float, bottom: float, a: float) -> skia.Paint:
        paint = skia.Paint(AntiAlias=True)
        if to is None:
            paint.setColor(argb(colour, a))
        else:
            ends = [skia.Point(0, top), skia.Point(0, bottom)]
            paint.setShader(skia.GradientShader.MakeLinear(ends, [argb(colour, a), argb(to, a)]))
        return paint


class _Moved:
    def __init__(self, canvas: skia.Canvas, x: float, y: float, scale: float, flip: bool, turn: float):
        self.canvas, self.move = canvas, (x, y, scale, flip, turn)

    def __enter__(self) -> None:
        x, y, scale, flip, turn = self.move
        self.canvas.save()
        self.canvas.translate(x, y)
        if turn:
            self.canvas.rotate(turn)
        self.canvas.scale(-scale if flip else scale, scale)

    def __exit__(self, *error: object) -> None:
        self.canvas.restore()


def _middle(p: Point, q: Point) -> Point:
    return (p[0] + q[0]) / 2, (p[1] + q[1]) / 2


def surface_of(width: int, height: int) -> skia.Surface:
    return skia.Surface.MakeRasterN32Premul(width, height)


def pixels_of(surface: skia.Surface) -> np.ndarray:
    """(H, W, 3) uint8 RGB."""
    return np.ascontiguousarray(surface.toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3])


def wave(t: float, period_s: float, phase: float = 0.0) -> float:
    """−1 to 1, once to and fro in `period_s`."""
    return math.sin(2 * math.pi * (t / period_s + phase))
