"""A switch between the light and the dark theme."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

import streamlit as st

from workbench.components.front_end import importing_module, style_of
from workbench.session.base_path import base_address

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

# Where Streamlit's browser part keeps a visitor's theme, by the path of the page: read from the source of 1.67.
KEPT_AS = "stActiveTheme-{path}-v2"


@cache
def _component() -> ComponentRenderer:
    """Registered once a process."""
    return st.components.v2.component("msm_theme", js=importing_module("theme"), css=style_of("theme"))


def theme_switch(*, key: str, pages: Iterable[str]) -> None:
    """Show the switch. The browser keeps the choice.

    pages  the URL paths of all pages: Streamlit keeps a theme for each
    """
    keys = [KEPT_AS.format(path=f"{base_address()}/{page}") for page in pages]
    _component()(key=key, data={"keys": keys})
