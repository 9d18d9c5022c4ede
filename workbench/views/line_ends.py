"""Labels at the ends of a figure's lines, in the place of a legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

LABEL_PX = 16


class End(NamedTuple):
    """The end of a line and its label."""

    step: int | None  # None for a horizontal line across the figure
    y: float
    text: str
    color: str


def label_ends(figure: go.Figure, ends: Sequence[End], last_step: int, height: int) -> None:
    """Write the names of lines at their ends, in their colours; at the right edge, names that would overlap are moved apart.

    last_step  the right edge; an end that lies clearly before it keeps its place
    height     of the figure, in pixels
    """
    drawn = [y for trace in figure.data for y in trace.y] + [end.y for end in ends]
    reach = (max(drawn) - min(drawn)) if drawn else 0.0
    gap, before = reach * LABEL_PX / (height - 60), -math.inf
    for end in sorted(ends, key=lambda e: e.y):
        early = end.step is not None and end.step < 0.97 * last_step
        y = end.y if early else max(end.y, before + gap)
        before = before if early else y
        figure.add_annotation(
            x=end.step if early else 1.0, xref="x" if early else "paper", y=y, text=f" {end.text}", xanchor="left",
            xshift=4, yshift=9 if early else 0, showarrow=False, font={"color": end.color, "size": 13},
        )  # fmt: skip
