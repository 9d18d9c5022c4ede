"""Panels of the Shot retrieval page: what a search found, and what can be done with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from msm import Catalog
from msm.search.filters import title_of_rows
from workbench.app_pages.retrieval import cached, query
from workbench.app_pages.retrieval.cards import Cards
from workbench.components.frames import frames
from workbench.session import state
from workbench.views import palette
from workbench.views import search_results as views
from workbench.views.formatting import clock, count, escape_markdown, number

if TYPE_CHECKING:  # these import torch or FAISS, which takes seconds
    pass

HELP = {
    "fill": "The shot is hidden, with those that are hidden in the masking lab; the model's guess is what is looked for.",
    "raw": "The shots as the encoders made them, the average shot taken away. What looks and sounds alike.",
    "contextual": "The shots as the model sees them with their whole title in view. What plays a like part.",
}
COLOURS = {palette.TRUTH: "green", palette.MODEL: "blue", palette.OTHER: "gray"}  # their names in the theme


def show_results(
    cards: Cards,
    answer: Any,
    key: str,
    *,
    accent: str,
    as_query: Any = None,
    marks: Any = None,
    notes: Any = None,
    words: str | None = None,
) -> None:
    """The results as frames with their actions."""
    if answer.table.empty:
        st.info("No shot passes the filters.", icon=":material/filter_alt_off:")
        return
    items = cards.of(
        answer.table, answer.labels, show=cards.show, as_query=as_query, marks=marks, notes=notes, words=words
    )
    frames(items, key=key, actions=["ask", "like", "unlike", "play", "lab"], on_gesture=cards.apply, accent=accent)


def explain_index(answer: Any) -> None:
    """How the search was made, and why a stored index was not used."""
    st.caption(views.index_words(answer.finder.facts(), answer.candidates, answer.took_ms))
    if answer.finder.note:
        st.warning(escape_markdown(answer.finder.note), icon=":material/sync_problem:")


def show_clips(cards: Cards, answer: Any, length: int, key: str, *, accent: str) -> None:
    """The clips of a result, a line each."""
    if answer.table.empty:
        st.info("No other stretch of so many shots passes the filters.", icon=":material/filter_alt_off:")
    for stretch in answer.table.itertuples():
        when = f"{clock(stretch.start_s)} – {clock(stretch.last_end_s)}" if clock(stretch.start_s) else ""
        where = " · ".join(filter(None, [f"shots {stretch.shot}–{stretch.last_shot}", when]))
        st.markdown(f"**{number(stretch.score)}** · {escape_markdown(stretch.name)} :gray[· {where}]")
        items = [
            i | {"name": "", "chips": [], "note": "", "remark": ""}
            for i in cards.of_rows(range(stretch.row, stretch.row + length))
        ]
        frames(items, key=f"{key}.{stretch.row}", size="row", actions=["ask"], on_gesture=cards.apply, accent=accent)


def show_exact_matches(cards: Cards, found: Any, text: str) -> None:
    """Shots whose text contains the words, in the order of the catalog."""
    if found.table.empty:
        st.info("Nobody says these words as they are written.", icon=":material/search_off:")
        return
    items = cards.of(found.table, found.labels, show=cards.show, words=text)
    frames(items, key="retrieval.words", actions=["ask", "like", "unlike", "play", "lab"], on_gesture=cards.apply)
    st.caption(
        f"{count(found.in_all, 'shot')} with the very words “{escape_markdown(text)}”, in the order of the catalog."
    )


def offer_selection(answers: dict[str, Any]) -> None:
    """Buttons that make the results the selection of every page."""
    rows = sorted({r for a in answers.values() for r in a.rows})
    if not rows:
        return
    with st.container(horizontal=True):
        st.button(
            f"Ask for shots like these {len(rows)}",
            icon=":material/select_all:",
            on_click=state.select,
            args=(rows,),
            help="They become the selection of every page, and what this page asks for.",
        )
        st.button("Show these on the map", icon=":material/scatter_plot:", on_click=query.to_map, args=(rows,))


@st.dialog("Play", width="large")
def _play(catalog: Catalog, film: Path, row: int) -> None:
    """Play a shot in its film."""
    table, _ = cached.labels_of(catalog, (row,))
    shot = table.iloc[0]
    st.markdown(
        f"**{escape_markdown(shot['name'])}** · shot {shot['shot']} · {clock(shot['start_s'])} – {clock(shot['end_s'])}"
    )
    st.video(str(film), start_time=float(shot["start_s"]), end_time=float(shot["end_s"]), autoplay=True)
    if shot["text"]:
        st.markdown(f"“{escape_markdown(shot['text'])}”")


def play_requested_shot(cards: Cards) -> None:
    row = query.to_play()
    if row is None:
        return
    film = cards.film(str(cards.catalog.titles["title_id"].iloc[int(title_of_rows(cards.catalog, [row])[0])]))
    if film is not None:
        _play(cards.catalog, film, row)


def show_code(cell: str) -> None:
    """The notebook cell that makes the search above."""
    with st.expander("Copy this search as code", icon=":material/code:"):
        st.code(cell, language="python")
