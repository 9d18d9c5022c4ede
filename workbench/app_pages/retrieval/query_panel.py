"""The query of the Shot retrieval page: its shot, the neighbours of the shot, and further shots to be like or unlike."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from workbench.app_pages.retrieval import cached, query
from workbench.app_pages.retrieval.cards import Cards, bounds
from workbench.components.frames import frames
from workbench.layout.notes_panel import notes_panel
from workbench.views import palette
from workbench.views import search_results as views
from workbench.views.formatting import clock, count, escape_markdown

AROUND = 5  # shots on either side of the query
MOST_LIKE = 12  # shots of the query that are shown


def show_query(cards: Cards, like: Sequence[int], mode: str, length: int = 1) -> None:
    """The shot of the query with its text and labels, its neighbours, and further shots of the query."""
    row = like[0]
    table, labels = cached.labels_of(cards.catalog, (row,))
    shot = table.iloc[0]
    large, facts = st.columns([2, 3], vertical_alignment="top", gap="medium")
    with large:
        (item,) = cards.of_rows([row])
        plays = item["play"]
        frames(
            [item | {"name": "", "chips": [], "remark": ""}],
            key="retrieval.query",
            size="large",
            on_gesture=cards.apply,
            actions=["play", "lab"] if plays else ["lab"],
        )
    with facts:
        st.subheader(f"{escape_markdown(shot['name'])} · shot {shot['shot']}", anchor=False)
        times = f"{clock(shot['start_s'])} – {clock(shot['end_s'])}" if clock(shot["start_s"]) else ""
        st.caption(" · ".join(filter(None, [times, f"{shot['split']} title"])))
        if shot["text"]:
            st.markdown(f"“{escape_markdown(shot['text'])}”")
        badges = [
            f":gray-badge[{escape_markdown(name.replace('_', ' '))}: {escape_markdown(value)}]"
            for name, value, _ in views.chips(labels.iloc[0], cards.show, {})
        ]
        if badges:
            st.markdown(" ".join(badges))
        title_id = str(shot["title_id"])
        notes_panel(
            cards.catalog,
            title_id,
            int(shot["shot"]),
            lambda s: query.search_for(cards.catalog, [row - int(shot["shot"]) + s]),
        )
    first, stop = bounds(cards.catalog, row)
    from_row = max(first, min(row - AROUND, stop - 2 * AROUND - 1))
    rows = list(range(from_row, min(stop, from_row + 2 * AROUND + 1)))
    marked = {r: "asked" for r in (range(row, row + length) if mode == "clip" else like)}
    around = [i | {"name": "", "chips": [], "note": "", "remark": ""} for i in cards.of_rows(rows, marks=marked)]
    frames(around, key="retrieval.around", size="row", actions=["ask"], on_gesture=cards.apply)
    st.caption("The shots around it: click one to ask for it." if len(rows) > 1 else "")
    if mode == "shot":
        _show_basket(cards, like)


def _show_basket(cards: Cards, like: Sequence[int]) -> None:
    """The shots to be like and unlike; nothing for a query of one shot."""
    if len(like) < 2 and not query.unlike(cards.catalog):
        return
    these, those, clear = st.columns([4, 3, 1], vertical_alignment="top")
    with these:
        more = f", of which {MOST_LIKE} are shown" if len(like) > MOST_LIKE else ""
        st.markdown(f"**Like these** ({count(len(like), 'shot')}{more}; their mean)")
        frames(
            cards.of_rows(like[:MOST_LIKE]),
            key="retrieval.like",
            size="small",
            actions=["drop"],
            on_gesture=cards.apply,
        )
    with those:
        if query.unlike(cards.catalog):
            st.markdown("**Not like those** (half of their mean is taken away)")
            frames(
                cards.of_rows(query.unlike(cards.catalog)),
                key="retrieval.unlike",
                size="small",
                actions=["drop"],
                on_gesture=cards.apply,
                accent=palette.BASELINE,
            )
    clear.button("Start over", icon=":material/backspace:", on_click=query.search_for, args=(cards.catalog, []))
