"""Below the filmstrip: one panel at a time, each a question about the hidden shots. Only the open one is computed."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from msm import Catalog, InputError, Title
from workbench import state
from workbench.cache import Filled
from workbench.lab_panels import expected, guess, mattered, surprise, what_if

EXPECTED, SURPRISE, MATTERED, WHAT_IF, GUESS = "Expected", "Surprise", "What mattered", "What if", "Guess"
PANELS = {
    EXPECTED: expected.panel,
    SURPRISE: surprise.panel,
    MATTERED: mattered.panel,
    WHAT_IF: what_if.panel,
    GUESS: guess.panel,
}


def show(catalog: Catalog, title: Title, run_path: Path, filled: Filled | None) -> None:
    """The choice of panels and the open one."""
    key = state.widget("panel", state.panel() or EXPECTED, keep=True)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.segmented_control("Panel", list(PANELS), key=key, required=True, label_visibility="collapsed")
        if st.button("Present", key="present", icon=":material/slideshow:", help="One view at a time, in large type."):
            st.switch_page("app_pages/present.py")
    state.open_panel(st.session_state[key])
    _open(catalog, title, run_path, filled)


@st.fragment
def _open(catalog: Catalog, title: Title, run_path: Path, filled: Filled | None) -> None:
    try:
        PANELS[state.panel() or EXPECTED](catalog, title, run_path, filled)
    except InputError as error:
        st.error(f"{error}.")
