"""Masking lab: hide shots of a title, and see whether the model understood or could as well have copied."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from msm import InputError, Title
from msm.masking.parts import parse_parts
from msm.masking.policies import format_ranges
from workbench.app_pages.masking_lab import controls, panels, results
from workbench.components.filmstrip import Gesture, filmstrip
from workbench.server import fill_endpoint
from workbench.session import cache, state, url_state
from workbench.session.page_context import catalog_or_stop, run_path_of, runs_for, say_no_run
from workbench.views.fill_in.filmstrip import strip_answer
from workbench.views.fill_in.verdict import NOTHING_HIDDEN, verdict
from workbench.views.formatting import escape_markdown
from workbench.views.notebook_code import timeline_code

catalog = catalog_or_stop()
runs = runs_for(catalog)
run_path = run_path_of(runs)


def heard(gesture: Gesture) -> None:
    """A gesture on a strip that is no longer shown, or on shots that are not there, is nobody's wish."""
    title = catalog[state.title()]
    if gesture.strip != cache.strip(catalog, title.title_id)["key"]:
        return
    if set(gesture.hidden) <= set(range(len(title))):
        state.hide(gesture.hidden)
    if {*parse_parts(gesture.modality)} <= {m.name for m in catalog.modalities}:
        state.hide_only(gesture.modality)
    if gesture.look is not None and 0 <= gesture.look < len(title):
        state.look_at(gesture.look)


def answer(title: Title) -> cache.Filled | None:
    if run_path is None or not state.hidden():
        return None
    try:
        return cache.fill_in(catalog, run_path, title.title_id, tuple(state.hidden()), state.modality())
    except InputError as error:
        st.error(f"{escape_markdown(error)}.")
        return None


@st.fragment
def lab() -> None:
    title = catalog[state.title()]
    with st.container():
        filled = answer(title)
    strip = cache.strip(catalog, title.title_id)
    shown = strip_answer(filled.table, filled.best_baseline_name) if filled else None
    curve, arcs = panels.on_strip(title, run_path)
    filmstrip(
        strip,
        state.hidden(),
        shown,
        key="strip",
        on_gesture=heard,
        modality=state.modality() or "",
        curve=curve,
        arcs=arcs,
        cursor=state.focus(),
        ask=fill_endpoint.address(catalog, title.title_id, run_path) if run_path else None,
    )
    with st.container():  # one place for what is there or not, so that the controls below stay where they are
        if filled:
            st.subheader(verdict(filled.table, filled.best_baseline_name), anchor=False)
            results.show_metrics(filled)
            results.explain_hidden_parts(state.modality(), filled)
            results.explain_colours(strip)
        elif run_path and not state.hidden():
            st.subheader(NOTHING_HIDDEN, anchor=False)
    below = st.container()  # filled last: the answer of strip and timeline does not wait for it
    controls.show_hide_controls(title, cache.shots(catalog, title.title_id))
    if filled:
        show(title, filled)
    if run_path:
        with below:
            panels.show(catalog, title, run_path, filled)
    url_state.write()


def show(title: Title, filled: cache.Filled) -> None:
    """What is there for the asking, and costs nothing until it is opened."""
    table = st.expander("Shot by shot", icon=":material/table_rows:", key="table", on_change="rerun")
    if table.open:
        with table:
            results.show_shots(filled.table)
    code = st.expander("Copy as code: the timeline", icon=":material/code:", key="code", on_change="rerun")
    if code.open:
        ranges = format_ranges(state.hidden())
        code.code(
            timeline_code(catalog.path, Path(run_path or ""), title.title_id, ranges, state.modality()),
            language="python",
        )


controls.show_head(catalog, runs)
if run_path is None:
    say_no_run(catalog, runs)
lab()
if run_path:
    results.show_all_titles(cache.evaluation(run_path))
results.show_all_sets(cache.measured_sets())
