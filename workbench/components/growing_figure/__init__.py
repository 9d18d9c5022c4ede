"""A Plotly figure that is updated in place.

`st.plotly_chart` replaces a figure whose data changed, which flickers and loses the zoom. This component keeps the figure and
updates its traces. It is drawn when it scrolls into view, so that loading Plotly does not delay what is above it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import streamlit as st

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

HERE = Path(__file__).parent
_NUMBER = r"-?\d{1,15}(?:\.\d{1,9})?(?:e-?\d{1,2})?"
_SPAN = rf"{_NUMBER}\.\.{_NUMBER}"
_POINT = rf"{_NUMBER},{_NUMBER},{_NUMBER}"
_AXIS = rf"[a-z0-9_.]{{1,60}}(?:={_SPAN}(?:\|{_SPAN}){{0,9}})?"
_ZOOM = re.compile(rf"{_SPAN},{_SPAN}")
_VIEWS = {  # of figures without two axes, by the type of their first trace
    "scatter3d": re.compile(rf"{_POINT};{_POINT};{_POINT}"),
    "parcoords": re.compile(rf"{_AXIS}(?:,{_AXIS}){{0,19}}"),
}
ALL = "all"  # what the browser tells for an empty view
LIBRARY = "/plotly.min.js"  # route of workbench/server/routes.py


@cache
def _component() -> ComponentRenderer:
    """Registered once a process."""
    script = (HERE / "growing_figure.js").read_text(encoding="utf-8")
    # Plotly puts its style sheet into the head of the page, which a component with isolated styles does not see.
    return st.components.v2.component("msm_growing_figure", js=script, isolate_styles=False)


def growing_figure(
    figure: go.Figure,
    *,
    key: str,
    config: dict[str, Any],
    base: str,
    alt: str,
    view: str = "",
    on_view: Callable[[str], None] | None = None,
) -> None:
    """Draw a figure, or update the one that is drawn already.

    base     prefix of the server's addresses (`base_path.base_address`)
    alt      alternative text for screen readers
    view     how it is looked at, empty for all of it: the part of two axes that is seen, `X0..X1,Y0..Y1`; the camera of three
             dimensions, its place, what it looks at and what is up, `X,Y,Z;X,Y,Z;X,Y,Z`; the ranges kept of parallel axes,
             `NAME=LOW..HIGH|LOW..HIGH,…`, with all names in their order where axes were moved
    on_view  called with the view that a person has changed to, in the same form
    """

    def on_change() -> None:
        if on_view is not None:
            on_view(read_view(str(st.session_state[key].get("view") or ""), figure))

    data = {
        "figure": figure.to_json(),
        "config": config,
        "library": f"{base}{LIBRARY}",
        "alt": alt,
        "view": read_view(view, figure),
    }
    _component()(key=key, data=data, height=figure.layout.height, on_view_change=on_change)


def read_view(text: str, figure: go.Figure) -> str:
    """The text where it is a view of such a figure, otherwise an empty one."""
    form = _VIEWS.get(figure.data[0].type if figure.data else "", _ZOOM)
    return text if text != ALL and form.fullmatch(text) else ""
