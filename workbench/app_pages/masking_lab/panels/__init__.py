"""The panels below the filmstrip. One is open at a time, and only that one is computed."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from msm import Catalog, InputError, Title
from workbench.app_pages.masking_lab.panels import attribution, expected, guess, surprise, what_if
from workbench.components.filmstrip import Arcs, Curve
from workbench.server.streamlit_internals import no_stale_css
from workbench.session import cache, settings, state
from workbench.session.cache import Filled
from workbench.session.page_context import switch_to_page
from workbench.views.formatting import escape_markdown

EXPECTED, SURPRISE, ATTRIBUTION, WHAT_IF, GUESS = "Expected", "Surprise", "What mattered", "What if", "Guess"
OPEN, _LAST = "lab-panel", "lab.panel drawn"
PANELS = {
    EXPECTED: expected.panel,
    SURPRISE: surprise.panel,
    ATTRIBUTION: attribution.panel,
    WHAT_IF: what_if.panel,
    GUESS: guess.panel,
}


def show(catalog: Catalog, title: Title, run_path: Path, filled: Filled | None) -> None:
    """The choice of a panel, and the open panel."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.segmented_control(
            "Panel",
            list(PANELS),
            required=True,
            label_visibility="collapsed",
            **settings.choice("panel", PANELS, EXPECTED),
        )
        if st.button("Present", key="present", icon=":material/slideshow:", help="One view at a time, in large type."):
            switch_to_page("present", catalog)
    _open(catalog, title, run_path, filled)


@st.fragment
def _open(catalog: Catalog, title: Title, run_path: Path, filled: Filled | None) -> None:
    name = opened()
    with st.container(key=OPEN):
        is_new = st.session_state.get(_LAST, name) != name
        st.session_state[_LAST] = name
        # What the panel before has drawn is not this panel's: it goes at once, and its room stays.
        st.html(f"<style>{no_stale_css(OPEN) if is_new else ''}</style>")
        _draw(name, catalog, title, run_path, filled)


def _draw(name: str, catalog: Catalog, title: Title, run_path: Path, filled: Filled | None) -> None:
    if state.modality() and filled and name != EXPECTED:
        st.caption("This panel asks about whole shots, also of those of which only a part is hidden above.")
        filled = cache.fill_in(catalog, run_path, title.title_id, tuple(state.hidden()), None)
    try:
        PANELS[name](catalog, title, run_path, filled)
    except InputError as error:
        st.error(f"{escape_markdown(error)}.")


def opened() -> str:
    """The name of the open panel."""
    name = settings.text("panel", EXPECTED)
    return name if name in PANELS else EXPECTED


def on_strip(title: Title, run_path: Path | None) -> tuple[Curve | None, Arcs | None]:
    """The curve or the arcs that the open panel draws on the filmstrip.

    Only what the panel has computed already, so that a gesture never waits for it.
    """
    if run_path is None or opened() not in (SURPRISE, ATTRIBUTION):
        return None, None
    if opened() == SURPRISE:
        return state.drawn(surprise.about(title, run_path), Curve), None
    return None, state.drawn(attribution.about(title, run_path), Arcs)
