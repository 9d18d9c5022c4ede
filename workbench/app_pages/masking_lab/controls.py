"""The head of the masking lab, and the controls that hide shots."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from msm import Catalog, Title
from msm.data.ranges import format_ranges
from workbench.layout.catalog_panels import provenance_line
from workbench.layout.choosers import choose_run, choose_title
from workbench.session import state
from workbench.views.fill_in.filmstrip import scene_around
from workbench.views.formatting import count, escape_markdown, grouped


def show_head(catalog: Catalog, runs: pd.DataFrame) -> None:
    """The head of the page: title and run."""
    name, title, run = st.columns([3, 4, 2], vertical_alignment="bottom")
    name.header("Masking lab", anchor=False)
    with title:
        choose_title(catalog.titles)
    with run:
        choose_run(runs)
    provenance_line(catalog)
    _show_chosen_shots(catalog)


def _show_chosen_shots(catalog: Catalog) -> None:
    """What share of the chosen shots of several titles is hidden here, and a button that opens the next title."""
    by_title = dict(state.selection().shots)
    if len(by_title) < 2 or by_title.get(state.title()) != tuple(state.hidden()):
        return
    titles, all_shots = list(by_title), sum(map(len, by_title.values()))
    following = titles[(titles.index(state.title()) + 1) % len(titles)]

    def open_next() -> None:
        state.choose_title(following)
        state.hide(by_title[following])

    with st.container(horizontal=True, vertical_alignment="center"):
        here = f"{grouped(len(by_title[state.title()]))} of the {count(all_shots, 'chosen shot')} are of this title"
        st.markdown(
            f":material/select_all: {here}, the others of {count(len(titles) - 1, 'other title')}.", width="content"
        )
        name = escape_markdown(catalog[following].name)
        st.button(f"Next: {name}", icon=":material/skip_next:", type="tertiary", key="chosen.next", on_click=open_next)


def show_hide_controls(title: Title, shots: pd.DataFrame) -> None:
    """A field for ranges of shots and buttons that hide shots; an error stands below the field."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="lab-hide"):
        key = state.widget_key("ranges", format_ranges(state.hidden()), keep=state.range_error() is not None)
        st.text_input(
            "Hidden shots",
            key=key,
            placeholder="for example 40-44, 60",
            on_change=lambda: state.hide_typed(st.session_state[key], title.num_shots),
        )
        st.button(
            "Hide 20 % at random",
            icon=":material/casino:",
            on_click=state.hide_next_at_random,
            args=(title.num_shots,),
        )
        scene = scene_around(shots, middle_of(state.hidden(), title.num_shots))
        st.button(
            "Hide a scene",
            icon=":material/theaters:",
            disabled=not scene,
            help="The scene of the middle hidden shot, whole." if scene else "This title has no scene marks.",
            on_click=state.hide,
            args=(scene,),
        )
        st.button("Clear", icon=":material/backspace:", on_click=state.hide, args=([],))
    with st.container():
        if state.range_error():
            st.error(f"{escape_markdown(state.range_error())}.", icon=":material/edit_off:")


def middle_of(hidden: list[int], num_shots: int) -> int:
    return hidden[len(hidden) // 2] if hidden else num_shots // 2
