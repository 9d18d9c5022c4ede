"""Curves and arcs over a film as SVG pictures, for slides without plotly.js. They hold numbers only, no text of a catalog."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

import numpy as np

from workbench.views import palette

WIDTH = 1000.0


def curve_svg(
    model: np.ndarray, copy: np.ndarray, starts: Sequence[int], peaks: Sequence[int], *, height: float = 240.0
) -> str:
    """Draw two curves over the shots, (N,) each; a dotted line where a scene starts, a ring on each peak."""
    high = float(max(np.nanmax(model), np.nanmax(copy), 1e-9)) * 1.08
    x = np.linspace(8, WIDTH - 8, len(model))

    def y(values: np.ndarray) -> np.ndarray:
        return height - 4 - (height - 12) * np.nan_to_num(values) / high

    marks = "".join(
        f'<line x1="{x[s]:.1f}" x2="{x[s]:.1f}" y1="0" y2="{height:.0f}" stroke="{palette.HIDDEN}" '
        'stroke-dasharray="2 5" stroke-width="1.5"/>'
        for s in starts
    )
    rings = "".join(
        f'<circle cx="{x[p]:.1f}" cy="{y(model)[p]:.1f}" r="8" fill="none" stroke="{palette.MODEL}" stroke-width="3"/>'
        for p in peaks
    )
    lines = _polyline(x, y(copy), palette.BASELINE, 1.6, 0.7) + _polyline(x, y(model), palette.MODEL, 3.5, 1.0)
    return _svg(marks + lines + rings, height, "Surprise along the film")


def arcs_svg(
    arcs: Sequence[tuple[int, int, float]],
    num_shots: int,
    *,
    height: float = 170.0,
    label: str = "Which visible shots mattered",
) -> str:
    """Draw arcs between shots, wider for larger weights; negative ones hang below the film in grey."""
    x = np.linspace(8, WIDTH - 8, max(num_shots, 2))
    hanging = any(weight < 0 for *_, weight in arcs)
    ground = height * 0.68 if hanging else height - 14
    drawn = []
    for source, target, weight in arcs:
        a, b = x[source], x[target]
        far = abs(b - a) / WIDTH
        rise = (ground - 12) * (0.3 + 0.7 * far) if weight > 0 else -(height - ground - 12) * (0.4 + 0.6 * far)
        colour = palette.MODEL if weight > 0 else palette.OTHER
        drawn.append(
            f'<path d="M{a:.1f} {ground:.1f} C{a:.1f} {ground - 1.33 * rise:.1f} {b:.1f} {ground - 1.33 * rise:.1f} {b:.1f} '
            f'{ground:.1f}" fill="none" stroke="{colour}" stroke-width="{1 + 6 * abs(weight):.1f}" '
            f'opacity="{0.35 + 0.6 * abs(weight):.2f}"/>'
        )
    film = f'<line x1="8" x2="{WIDTH - 8:.0f}" y1="{ground:.1f}" y2="{ground:.1f}" stroke="{palette.OTHER}" opacity=".6" stroke-width="2"/>'
    here = "".join(
        f'<rect x="{x[t] - 8:.1f}" y="{ground - 8:.1f}" width="16" height="16" rx="3" fill="{palette.HIDDEN}"/>'
        for t in sorted({target for _, target, _ in arcs})
    )
    return _svg(film + "".join(drawn) + here, height, label)


def _polyline(x: np.ndarray, y: np.ndarray, colour: str, width: float, opacity: float) -> str:
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}" opacity="{opacity}" stroke-linejoin="round"/>'


def _svg(body: str, height: float, label: str) -> str:
    """The SVG as an `img`, which also pages that strip inline SVG show."""
    box = f"0 0 {WIDTH:.0f} {height:.0f}"
    drawn = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{WIDTH:.0f}" height="{height:.0f}">{body}</svg>'
    data = b64encode(drawn.encode("ascii")).decode("ascii")
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{label}" style="width:100%;height:auto;display:block">'
