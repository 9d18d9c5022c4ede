"""Attribution: the influence of visible shots on one prediction, or the attention to them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from msm import Catalog, Title
from msm.data.ranges import format_ranges
from workbench.app_pages.masking_lab.panels import attention
from workbench.app_pages.masking_lab.panels.expected import focused, say_and_step
from workbench.app_pages.masking_lab.panels.progress import bar
from workbench.components.filmstrip import Arcs
from workbench.layout.figures import draw
from workbench.server.streamlit_internals import DeltaGenerator
from workbench.session import interpretation_cache, settings, shot_frames, state
from workbench.session.cache import Filled
from workbench.views.formatting import signed
from workbench.views.frames import row, styled
from workbench.views.interpret.influence import (
    HELPED,
    METHODS,
    MISLED,
    SHORT,
    influence_arcs,
    influence_figure,
    influence_sentence,
    strongest,
)
from workbench.views.notebook_code import influence_code

SHOWN = 5
LEAVE_ONE_OUT, ATTENTION = "leave_one_out", "attention"


def panel(catalog: Catalog, title: Title, run_path: Path, filled: Filled | None) -> None:
    if filled is None:
        st.markdown("Hide a shot to see which visible shots its prediction rests on.")
        return
    hidden, shot = tuple(state.hidden()), focused(catalog, title, run_path, tuple(state.hidden()))
    body = st.container()
    names = {**SHORT, ATTENTION: "Attention"}
    method = st.segmented_control(
        "Measured by",
        list(names),
        format_func=lambda m: names[m],
        required=True,
        label_visibility="collapsed",
        **settings.choice("method", names, LEAVE_ONE_OUT),
    )
    foot = st.container()
    with body:
        if method == ATTENTION:
            arcs = attention.show(catalog, title, run_path, hidden, shot, foot)
        else:
            arcs = show_influence(catalog, title, run_path, hidden, shot, str(method), foot)
    if state.draw(about(title, run_path), arcs):
        st.rerun()


def show_influence(
    catalog: Catalog,
    title: Title,
    run_path: Path,
    hidden: tuple[int, ...],
    shot: int,
    method: str,
    foot: DeltaGenerator,
) -> Arcs:
    """Draw the influence of visible shots, with its caption in `foot`; returns the arcs for the filmstrip."""
    starts = shot_frames.start_times(catalog, title.title_id)
    with bar("Hid {:.0%} of the visible shots as well, each alone …") as on_share:
        table = interpretation_cache.influence(catalog, run_path, title.title_id, hidden, shot, method, on_share)
    say_and_step(influence_sentence(table, shot, starts), hidden, shot)
    first = int(title.row["first_shot"])
    shown = [shot_frames.frame(catalog, first + shot, of=title.title_id, mark="truth", badge="hidden")]
    for line in strongest(table, SHOWN).itertuples():
        badge = signed(line.influence)
        mark = "model" if line.influence > 0 else ""
        shown.append(shot_frames.frame(catalog, first + int(line.shot), of=title.title_id, mark=mark, badge=badge))
    st.html(styled(row(shown)))
    drawn = influence_figure(table, shot, starts, duration_s=title.duration_s)
    draw(drawn, "influence")
    foot.caption(f"{METHODS[method]} Arcs above: nearer to the truth thanks to that shot; below, grey: misled by it.")
    with foot.expander("Copy as code", icon=":material/code:"):
        ranges = format_ranges(hidden)
        st.code(influence_code(catalog.path, run_path, title.title_id, ranges, shot, method), language="python")
    return Arcs(influence_arcs(table, shot), HELPED, MISLED)


def about(title: Title, run_path: Path) -> tuple:
    """A key for the arcs on the filmstrip."""
    method = settings.text("method", LEAVE_ONE_OUT)
    how = (method, attention.about() if method == ATTENTION else "")
    return ("mattered", str(title.catalog.path), title.title_id, str(run_path), *state.hidden(), state.focus(), *how)
