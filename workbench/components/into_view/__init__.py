"""Bring an answer into view that came a while after its button was pressed, when the page around it may have moved."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import streamlit as st

from workbench.components.front_end import importing_module

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


@cache
def _component() -> ComponentRenderer:
    """Registered once a process."""
    return st.components.v2.component("msm_into_view", js=importing_module("into_view"))


def into_view(name: str, *, key: str) -> None:
    """Scroll once to the place of this call, so that the container around it is seen.

    name  of the answer; the same name does not scroll again
    """
    _component()(key=key, data={"name": name}, height=1)
