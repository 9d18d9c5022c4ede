"""What stands beside every page: the steps back and forward, and the name of the catalog."""

from __future__ import annotations

import streamlit as st

from workbench.components.history import history
from workbench.session import url_state
from workbench.session.page_context import chosen_catalog_path
from workbench.views.formatting import escape_markdown


def show() -> None:
    """Fill the sidebar."""
    with st.sidebar:
        history(key="history", on_move=url_state.move_to)
        st.caption(f":material/database: {escape_markdown(chosen_catalog_path().absolute().name)}")
