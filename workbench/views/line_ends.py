"""Labels at the ends of a figure's lines, in the place of a legend."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go

LABEL_PX = 16
LETTER_PX = 7.2
NAME = "line end"  # of the annotations, by which a narrow screen replaces them with a legend


class End(NamedTuple):
    """The end of a line and its label."""

    step: int | None  # None for a horizontal line across the figure
    y: float
    text: str
    color: str


def label_ends(figure: go.Figure, ends: Sequence[End], last_step: int, height: int) -> None:
    """Write the names of lines at their ends, in their colours; names that would overlap are moved apart.

    last_step  the right edge; the name of a line that ends clearly before it stands there, unless another name is as high
    height     of the figure, in pixels
    """
    drawn = [y for trace in figure.data for y in trace.y] + [end.y for end in ends]
    reach = (max(drawn) - min(drawn)) if drawn else 0.0
    gap = reach * LABEL_PX / (height - 60)
    early = [end for end in ends if end.step is not None and end.step < 0.97 * last_step]
    while True:
        right = sorted((end for end in ends if end not in early), key=lambda end: end.y)
        places = spread([end.y for end in right], gap, max(drawn, default=0.0))
        taken = [*places, *(end.y for end in early)]
        free = [end for end in early if sum(abs(end.y - y) < gap for y in taken) == 1]  # the one is itself
        if len(free) == len(early):
            break
        early = free
    labels = [(end, end.y, True) for end in early] + [(e, y, False) for e, y in zip(right, places, strict=True)]
    for end, y, is_early in sorted(labels, key=lambda label: label[1]):
        figure.add_annotation(
            x=end.step if is_early else 1.0, xref="x" if is_early else "paper", y=y, text=f" {end.text}", xanchor="left",
            xshift=4, yshift=9 if is_early else 0, showarrow=False, font={"color": end.color, "size": 13}, name=NAME,
        )  # fmt: skip


def legend_above(size: int = 14) -> dict[str, Any]:
    """The legend of a figure as lines above it, as many as its width needs; it hides nothing by a click, which no address would keep."""
    return {
        "orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": size}, "itemclick": False, "itemdoubleclick": False,
    }  # fmt: skip


def spread(wanted: Sequence[float], gap: float, top: float) -> list[float]:
    """Ascending places as near to the ascending ones that are wanted as `gap` between them allows; below `top` where they fit."""
    places: list[float] = []
    for y in wanted:
        places.append(max(y, places[-1] + gap) if places else y)
    most = top
    for i in reversed(range(len(places))):
        places[i] = min(places[i], most)
        most = places[i] - gap
    return places


def margin_for(ends: Sequence[End], least: int = 90, most: int = 280) -> int:
    """The right margin in pixels that the labels of these ends need."""
    longest = max((len(re.sub("<[^>]*>", "", end.text)) for end in ends), default=0)
    return round(min(most, max(least, 16 + LETTER_PX * longest)))
