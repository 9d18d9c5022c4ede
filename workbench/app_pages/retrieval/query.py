"""What a visitor of the retrieval page asked for, beyond the selection that all pages share: kept in the session.

"Like these" is the shared selection itself (`state.selected`), so that a lasso on the map asks, and what one asks
for shows on the map.
"""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from msm import Catalog
from msm.search.filters import title_of_rows
from workbench.session import state

_UNLIKE, _PLAYING, _PAGE = "retrieval.unlike", "retrieval.playing", "retrieval.page"


def like(catalog: Catalog) -> list[int]:
    """Rows to be like: the shared selection; where there is none, the first hidden shot of the chosen title."""
    chosen = [r for r in state.selected() if r < catalog.num_shots]
    return chosen or [opening_row(catalog)]


def opening_row(catalog: Catalog) -> int:
    title, hidden = catalog[state.title()], state.hidden()
    return int(title.row["first_shot"]) + (hidden[0] if hidden else title.num_shots // 2)


def ask(catalog: Catalog, rows: Iterable[int]) -> None:
    """Ask for shots like these alone; the first one's title becomes the title of every page."""
    rows = list(rows)
    state.select(rows)
    st.session_state[_UNLIKE] = ()
    if rows:
        title = catalog.titles["title_id"].iloc[int(title_of_rows(catalog, rows[:1])[0])]
        state.choose_title(str(title))


def also(catalog: Catalog, row: int) -> None:
    state.select([*like(catalog), row])
    st.session_state[_UNLIKE] = tuple(r for r in unlike() if r != row)


def unlike() -> tuple[int, ...]:
    """Rows not to be like."""
    return st.session_state.get(_UNLIKE, ())


def avoid(catalog: Catalog, row: int) -> None:
    st.session_state[_UNLIKE] = tuple(dict.fromkeys([*unlike(), row]))
    state.select(r for r in like(catalog) if r != row)


def drop(catalog: Catalog, row: int) -> None:
    """Take a shot out of the question."""
    st.session_state[_UNLIKE] = tuple(r for r in unlike() if r != row)
    state.select(r for r in like(catalog) if r != row)


def play(row: int) -> None:
    st.session_state[_PLAYING] = row


def to_play() -> int | None:
    """The shot that somebody asked to play, told once."""
    return st.session_state.pop(_PLAYING, None)


def to_lab(catalog: Catalog, row: int) -> None:
    """Hide this shot, and it alone, in its title, and ask for the masking lab."""
    title = catalog.titles.iloc[int(title_of_rows(catalog, [row])[0])]
    state.choose_title(str(title["title_id"]))
    state.hide([row - int(title["first_shot"])])
    st.session_state[_PAGE] = "masking_lab"


def to_map(rows: Iterable[int]) -> None:
    """Select these shots and ask for the map, which marks them."""
    state.select(rows)
    st.session_state[_PAGE] = "embedding_map"


def page_wanted() -> str | None:
    """The page that a gesture asked for, told once: a callback cannot turn the page."""
    return st.session_state.pop(_PAGE, None)
