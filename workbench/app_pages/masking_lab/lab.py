"""The filmstrip of the masking lab with the fill-in of its hidden shots, and what stands below it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from msm import Catalog, InputError, Title
from msm.data.ranges import format_ranges
from msm.masking.parts import parse_parts
from workbench.app_pages.masking_lab import controls, panels
from workbench.app_pages.masking_lab.panels import metrics
from workbench.app_pages.masking_lab.panels.expected import focused
from workbench.components.filmstrip import Gesture, filmstrip
from workbench.layout.notes_panel import notes_panel
from workbench.server import fill_endpoint
from workbench.session import cache, notes, page_texts, settings, state, url_state
from workbench.session.cache import Filled
from workbench.views.fill_in.filmstrip import strip_answer
from workbench.views.fill_in.verdict import NOTHING_HIDDEN, verdict
from workbench.views.formatting import escape_markdown
from workbench.views.notebook_code import timeline_code

VIEW = ("measure", "zoom")  # of the strip and its timeline, among the settings of the page


@st.fragment
def show_lab(catalog: Catalog, run_path: Path | None) -> None:
    title = catalog[state.title()]
    with st.container():
        filled = _fill_in(catalog, title, run_path) if run_path and state.hidden() else None
    strip = cache.strip(catalog, title.title_id)
    _show_filmstrip(catalog, title, run_path, filled, strip)
    with st.container(
        key="lab-verdict"
    ):  # one place for what is there or not, so that the controls below stay where they are
        if filled:
            st.subheader(verdict(filled.table, filled.best_baseline_name, title.split), anchor=False)
            metrics.show_metrics(filled)
            metrics.explain_hidden_parts(state.modality(), filled)
            metrics.explain_colours(strip)
        elif run_path and not state.hidden():
            st.subheader(NOTHING_HIDDEN, anchor=False)
    controls.show_hide_controls(title, cache.shots(catalog, title.title_id))
    below = st.container()  # filled last: filmstrip and timeline do not wait for it
    notes_panel(catalog, title.title_id, noted_shot(catalog, title, run_path, filled), state.look_at)
    if filled and run_path:
        _show_details(title, run_path, filled)
    if run_path:
        with below:
            panels.show(catalog, title, run_path, filled)
    url_state.write()


def noted_shot(catalog: Catalog, title: Title, run_path: Path | None, filled: Filled | None) -> int | None:
    """The shot that a new note is about: the focused one, otherwise the hidden one that the panel *Expected* shows first."""
    if state.focus() is not None:
        return state.focus()
    if run_path and filled and settings.text("notes") == "yes":  # closed, it needs no shot and waits for nothing
        return focused(catalog, title, run_path, tuple(filled.table["shot"]))
    return next(iter(state.hidden()), None)


def _fill_in(catalog: Catalog, title: Title, run_path: Path) -> Filled | None:
    try:
        return cache.fill_in(catalog, run_path, title.title_id, tuple(state.hidden()), state.modality())
    except InputError as error:
        st.error(f"{escape_markdown(error)}.")
        return None


def _show_filmstrip(
    catalog: Catalog, title: Title, run_path: Path | None, filled: Filled | None, strip: dict[str, Any]
) -> None:
    def apply(gesture: Gesture) -> None:
        _apply_gesture(catalog, gesture)

    curve, arcs = panels.on_strip(title, run_path)
    filmstrip(
        strip,
        state.hidden(),
        strip_answer(filled.table, filled.best_baseline_name) if filled else None,
        key="strip",
        on_gesture=apply,
        modality=state.modality() or "",
        curve=curve,
        arcs=arcs,
        cursor=state.focus(),
        ask=fill_endpoint.address(catalog, title.title_id, run_path) if run_path else None,
        notes=notes.of_shots(catalog, title.title_id),
        view={name: text for name in VIEW if (text := settings.text(name))},
        on_view=_keep_view,
    )


def _keep_view(view: dict[str, str]) -> None:
    for name in VIEW:
        page_texts.put(name, view.get(name))
    url_state.write()


def _apply_gesture(catalog: Catalog, gesture: Gesture) -> None:
    """Hide and select what the gesture says; ignore it where it comes from another strip or names unknown shots."""
    title = catalog[state.title()]
    if gesture.strip != cache.strip(catalog, title.title_id)["key"]:
        return
    if set(gesture.hidden) <= set(range(len(title))):
        new = set(gesture.hidden) - set(state.hidden())
        state.hide(gesture.hidden)
        if len(new) == 1:  # the panels show the shot that was hidden just now
            state.look_at(new.pop())
    if {*parse_parts(gesture.modality)} <= {m.name for m in catalog.modalities}:
        state.hide_only(gesture.modality)
    if gesture.look is not None and 0 <= gesture.look < len(title):
        state.look_at(gesture.look)


def _show_details(title: Title, run_path: Path, filled: Filled) -> None:
    """The table of hidden shots and the notebook cell, computed when their expander is opened."""
    table = st.expander("Shot by shot", icon=":material/table_rows:", **settings.flag("table"))
    if table.open:
        with table:
            metrics.show_shots(filled.table)
    code = st.expander("Copy as code: the timeline", icon=":material/code:", **settings.flag("code"))
    if code.open:
        ranges = format_ranges(state.hidden())
        code.code(
            timeline_code(title.catalog.path, run_path, title.title_id, ranges, state.modality()), language="python"
        )
