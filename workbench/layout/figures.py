"""Columns that wrap, figures with one button, and the cell that draws a figure in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import plotly.graph_objects as go
import streamlit as st

from workbench.components.growing_figure import growing_figure
from workbench.server.streamlit_internals import DeltaGenerator, columns_css, danger_css
from workbench.session import page_texts, settings, url_state
from workbench.session.base_path import base_address


def columns(
    name: str, widths: list[int], *, least_px: int, align: Literal["top", "bottom"] = "top"
) -> Sequence[DeltaGenerator]:
    """Columns that wrap where they would be narrower than `least_px`; Streamlit's own wrap on telephones alone."""
    key = f"row-{name}-least-{least_px}"
    row = st.container(key=key)
    row.html(f"<style>{columns_css(key, least_px)}</style>")
    return row.columns(widths, gap="medium", vertical_alignment=align)


def danger_button(label: str, *, key: str) -> bool:
    """A button that destroys something, in red."""
    name = f"danger-{key.replace('.', '-')}"
    with st.container(key=name):
        st.html(f"<style>{danger_css(name)}</style>")
        return st.button(label, key=key, icon=":material/delete_forever:")


def show_figure(figure: go.Figure, page: str, name: str, cell: str) -> None:
    """Draw a figure of a page, and below it the notebook cell that draws the same; without a zoom, which no address would keep."""
    figure.update_layout(dragmode=False)
    st.plotly_chart(figure, key=f"{page}.figure.{name}", config=figure_config(page, name))
    copy_as_code(cell)


def draw(figure: go.Figure, key: str) -> None:
    """Draw a figure without buttons, and without a zoom, which no address would keep."""
    figure.update_layout(dragmode=False)
    st.plotly_chart(figure, key=key, config={"displayModeBar": False})


def draw_fitted(figure: go.Figure, key: str, alt: str, config: dict[str, Any] | None = None) -> None:
    """Draw a figure whose names at the ends of lines become a legend on a telephone; without a zoom, which no address would keep.

    alt  alternative text for screen readers
    """
    figure.update_layout(dragmode=False)
    growing_figure(figure, key=key, config=config or {"displayModeBar": False}, base=base_address(), alt=alt)


def draw_with_view(figure: go.Figure, key: str, setting: str, alt: str, config: dict[str, Any]) -> None:
    """Draw a figure whose view stands in the address: a zoom, the camera of three dimensions, ranges of parallel axes.

    setting  its name among the settings of the page
    alt      alternative text for screen readers
    """

    def keep(view: str) -> None:
        page_texts.put(setting, view or None)
        url_state.write()

    growing_figure(
        figure, key=key, config=config, base=base_address(), alt=alt, view=settings.text(setting), on_view=keep
    )


def figure_config(page: str, name: str) -> dict[str, Any]:
    """Plotly's configuration of a figure with one button, which saves it as PNG."""
    image = {"format": "png", "scale": 3, "filename": f"{page}-{name}"}
    return {"displaylogo": False, "modeBarButtons": [["toImage"]], "toImageButtonOptions": image}


def copy_as_code(cell: str) -> None:
    """A button that shows the notebook cell behind what stands above it."""
    with st.popover("Copy as code", icon=":material/code:", type="tertiary"):
        st.code(cell, language="python")
