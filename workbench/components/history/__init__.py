"""Undo and redo: the steps of the browser's history, and what moves through them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import streamlit as st

from workbench.components.front_end import importing_module, style_of

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


@cache
def _component() -> ComponentRenderer:
    """Registered once a process."""
    return st.components.v2.component("msm_history", js=importing_module("history"), css=style_of("history"))


def history(*, key: str, on_move: Callable[[str], None] | None = None) -> None:
    """Show the buttons Undo and Redo.

    on_move  called with the query string of the address that Back, Forward, a key or a button went to on the same page; one
             instance of the page has it, outside of every fragment
    """
    heard = f"{key}.moves"

    def on_change() -> None:
        moved = st.session_state[key].get("moved")
        if isinstance(moved, dict) and isinstance(moved.get("number"), int) and on_move is not None:
            on_move(str(moved.get("search", "")))
            st.session_state[heard] = moved["number"]

    session = st.session_state.setdefault(f"{key}.session", uuid4().hex[:8])
    data: dict[str, Any] = {"moves": st.session_state.get(heard, 0), "session": session, "leads": on_move is not None}
    _component()(key=key, data=data, on_moved_change=on_change)
