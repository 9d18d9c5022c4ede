"""A Plotly figure that changes while one looks at it.

`st.plotly_chart` takes a figure that has changed for another one: it is thrown away and drawn anew, which blinks and
loses the zoom. Here the figure stays and Plotly replaces its lines. It is drawn when it comes into sight, so that the
library does not keep the browser from what stands above it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import streamlit as st

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

HERE = Path(__file__).parent
LIBRARY = "/plotly.min.js"  # where workbench/app.py serves the one that the plotly package brings


@cache
def _component() -> ComponentRenderer:
    """One registration a process."""
    script = (HERE / "growing_figure.js").read_text(encoding="utf-8")
    # Plotly keeps its style sheet in the page's head, which a component of its own style would not see.
    return st.components.v2.component("msm_growing_figure", js=script, isolate_styles=False)


def growing_figure(figure: go.Figure, *, key: str, config: dict[str, Any], base: str, alt: str) -> None:
    """Draw a figure, or change the one that stands here already.

    base  what the server's addresses begin with (`address.base_address`)
    alt   what is drawn, for those who cannot see it
    """
    data = {"figure": figure.to_json(), "config": config, "library": f"{base}{LIBRARY}", "alt": alt}
    _component()(key=key, data=data, height=figure.layout.height)
