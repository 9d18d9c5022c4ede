"""A colour for each run: the same in the table of runs and in every figure that compares runs.

A run by itself is the model and blue; among several each has the colour that somebody gave it, else one by its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from workbench.views import palette

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
Colors = Mapping[str, str]  # name of a run → `#rrggbb`


class Style(NamedTuple):
    """How the lines of a run are drawn."""

    color: str
    dash: str


def run_colors(names: Sequence[str], chosen: Colors | None = None) -> dict[str, str]:
    """A colour for each run.

    names   all runs, the oldest first, so that a new one changes no colour
    chosen  colours that people gave; other runs get the colours of `palette.RUNS` in turn
    """
    given = {name: color for name, color in (chosen or {}).items() if color}
    return {name: given.get(name, palette.RUNS[i % len(palette.RUNS)]) for i, name in enumerate(names)}


def run_styles(names: Iterable[str], colors: Colors | None = None) -> dict[str, Style]:
    """The line of each of the compared runs; of runs with the same colour each has another dash."""
    listed = list(names)
    known = run_colors(listed) | dict(colors or {})
    if len(listed) == 1:
        return {listed[0]: Style(palette.MODEL, DASHES[0])}
    styles: dict[str, Style] = {}
    for name in listed:
        before = sum(style.color == known[name] for style in styles.values())
        styles[name] = Style(known[name], DASHES[before % len(DASHES)])
    return styles
