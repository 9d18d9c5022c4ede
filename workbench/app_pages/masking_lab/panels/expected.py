"""Expected shots: the real shots nearest to the prediction, beside the true one and those nearest to the best baseline."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from msm import Catalog, Title
from msm.data.ranges import format_ranges
from workbench.session import candidate_cache, settings, shot_frames, state
from workbench.session.cache import Filled
from workbench.session.candidate_cache import PICKS
from workbench.views.fill_in.expected import expected_html, expected_sentence
from workbench.views.notebook_code import expected_code

THIS_TITLE, EVERYWHERE = "This title", "Whole catalog"


def panel(catalog: Catalog, title: Title, run_path: Path, filled: Filled | None) -> None:
    if filled is None:
        st.markdown("Hide a shot to see what the model expects in its place.")
        return
    hidden = tuple(filled.table["shot"])
    shot = focused(catalog, title, run_path, hidden)
    head, frames = st.container(), st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        everywhere = choose_scope()
        veiled = st.toggle("Veil the real shot", **settings.flag("veil"))
        if state.focus() not in hidden and len(hidden) > 1:
            st.caption(f"Shown first, of {len(hidden)} hidden shots: the one that shows best what all say together.")
    found = candidate_cache.expectation(
        catalog, run_path, title.title_id, tuple(state.hidden()), shot, modality=state.modality(), everywhere=everywhere
    )
    first = int(title.row["first_shot"])
    truth = shot_frames.frame(catalog, first + shot, of=title.title_id, veiled=veiled, mark="truth")
    picks = [
        [
            shot_frames.frame(
                catalog,
                int(pick.row),
                of=title.title_id,
                noted=not veiled,
                mark="truth" if pick.is_truth and not veiled else "",
                badge="the real shot" if pick.is_truth and not veiled else "",
            )
            for pick in table.itertuples()
        ]
        for table in (found.model, found.baseline)
    ]
    with head:
        where = "the catalog" if everywhere else "this title"
        name = filled.best_baseline_name
        say_and_step(expected_sentence(found.model_rank, found.baseline_rank, found.among, where, name), hidden, shot)
    frames.html(expected_html(truth, picks[0], picks[1], filled.best_baseline_name))
    if not found.whole:
        st.caption(
            f"Of this catalog’s {catalog.num_shots} shots {found.among} were looked at: evenly spaced ones, and this title."
        )

    with st.expander("Copy as code", icon=":material/code:"):
        ranges = format_ranges(state.hidden())
        code = expected_code(catalog.path, run_path, title.title_id, ranges, shot, PICKS, state.modality(), everywhere)
        st.code(code, language="python")


def choose_scope() -> bool:
    """True for the whole catalog."""
    scopes = [THIS_TITLE, EVERYWHERE]
    bound = settings.choice("scope", scopes, THIS_TITLE)
    return (
        st.segmented_control("Chosen from", scopes, required=True, label_visibility="collapsed", **bound) == EVERYWHERE
    )


def focused(catalog: Catalog, title: Title, run_path: Path, hidden: tuple[int, ...]) -> int:
    """The selected shot where it is one of `hidden`, otherwise the most telling hidden shot."""
    shot = state.focus()
    if shot in hidden:
        return shot
    return candidate_cache.telling_shot(catalog, run_path, title.title_id, tuple(state.hidden()), state.modality())


def say_and_step(sentence: str, hidden: tuple[int, ...], shot: int) -> None:
    """The sentence of a panel, and buttons for the previous and the next hidden shot."""
    place = hidden.index(shot)
    steps = (("Previous", "chevron_left", place - 1), ("Next", "chevron_right", place + 1))
    words, buttons = st.columns([6, 1], vertical_alignment="center")
    words.markdown(f"**{sentence}**")
    with buttons.container(horizontal=True, horizontal_alignment="right", gap="small"):
        for name, icon, other in steps:
            pressed = st.button(
                "",
                icon=f":material/{icon}:",
                key=f"step.{name}",
                help=f"{name} hidden shot",
                disabled=not 0 <= other < len(hidden),
            )
            if pressed:
                state.look_at(hidden[other])
                st.rerun()
