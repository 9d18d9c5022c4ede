"""A tour of a page as a Streamlit component: a card that explains one part of the page after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING

import streamlit as st

from workbench.components.front_end import importing_module, style_of

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


@dataclass(frozen=True)
class Stop:
    """One part of a page.

    where   a CSS selector of its element; empty for none
    inside  a selector within the shadow tree of that element's component; empty for the element itself
    """

    heading: str
    text: str
    where: str = ""
    inside: str = ""


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("msm_tour", js=importing_module("tour"), css=style_of("tour"))


def tour(stops: Sequence[Stop], *, key: str, on_leave: Callable[[], None]) -> None:
    """Show the card at the first stop; its buttons go on and back in the browser, and `on_leave` is called when it is closed."""
    _component()(key=key, data={"stops": [asdict(stop) for stop in stops]}, on_left_change=on_leave, height=1)
