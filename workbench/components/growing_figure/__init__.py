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
_ZOOM = re.compile(rf"{_NUMBER}\.\.{_NUMBER},{_NUMBER}\.\.{_NUMBER}")
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
    zoom: str = "",
    on_zoom: Callable[[str], None] | None = None,
) -> None:
    """Draw a figure, or update the one that is drawn already.

    base     prefix of the server's addresses (`base_path.base_address`)
    alt      alternative text for screen readers
    zoom     the part that is seen, `X0..X1,Y0..Y1`; empty for all of it
    on_zoom  called with the part that a person has zoomed to, in the same form
    """

    def on_change() -> None:
        if on_zoom is not None:
            on_zoom(read_zoom(str(st.session_state[key].get("zoom") or "")))

    data = {
        "figure": figure.to_json(),
        "config": config,
        "library": f"{base}{LIBRARY}",
        "alt": alt,
        "zoom": read_zoom(zoom),
    }
    _component()(key=key, data=data, height=figure.layout.height, on_zoom_change=on_change)


def read_zoom(text: str) -> str:
    """The text where it names two ranges, otherwise an empty one."""
    return text if _ZOOM.fullmatch(text) else ""
