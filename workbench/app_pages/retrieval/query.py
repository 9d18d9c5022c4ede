"""The query of the Shot retrieval page in the session, beyond the selection that all pages share.

"Like these" is the shared selection itself (`state.selected`), so that a lasso on the map sets the query, and the query
is marked on the map.
"""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from msm import Catalog, InputError
from msm.data.selection import read_shots, rows_of_shots, shots_of_rows, write_shots
from msm.search.filters import title_of_rows
from workbench.session import page_texts, settings, state

_UNLIKE = "unlike"  # among the settings of the page
_PLAYING, _PAGE = "retrieval.playing", "retrieval.page"


def like(catalog: Catalog) -> list[int]:
    """Rows to be similar to: the shared selection, otherwise the first hidden shot of the chosen title."""
    chosen = [r for r in state.selected() if r < catalog.num_shots]
    return chosen or [opening_row(catalog)]


def opening_row(catalog: Catalog) -> int:
    title, hidden = catalog[state.title()], state.hidden()
    return int(title.row["first_shot"]) + (hidden[0] if hidden else title.num_shots // 2)


def search_for(catalog: Catalog, rows: Iterable[int]) -> None:
    """Search for shots like these alone; the title of the first one becomes the chosen title."""
    rows = list(rows)
    state.select(rows)
    _keep_unlike(catalog, ())
    if rows:
        title = catalog.titles["title_id"].iloc[int(title_of_rows(catalog, rows[:1])[0])]
        state.choose_title(str(title))


def add(catalog: Catalog, row: int) -> None:
    state.select([*like(catalog), row])
    _keep_unlike(catalog, (r for r in unlike(catalog) if r != row))


def unlike(catalog: Catalog) -> tuple[int, ...]:
    """Rows to be dissimilar to."""
    try:
        return tuple(rows_of_shots(read_shots(settings.text(_UNLIKE)), catalog.titles).tolist())
    except InputError:  # none, or shots of another catalog
        return ()


def _keep_unlike(catalog: Catalog, rows: Iterable[int]) -> None:
    shots = write_shots(shots_of_rows(rows, catalog.titles))
    page_texts.put(_UNLIKE, shots or None)


def exclude(catalog: Catalog, row: int) -> None:
    _keep_unlike(catalog, [*unlike(catalog), row])
    state.select(r for r in like(catalog) if r != row)


def remove(catalog: Catalog, row: int) -> None:
    """Remove a shot from the query."""
    _keep_unlike(catalog, (r for r in unlike(catalog) if r != row))
    state.select(r for r in like(catalog) if r != row)


def play(row: int) -> None:
    st.session_state[_PLAYING] = row


def to_play() -> int | None:
    """The shot that was requested to play; cleared by reading."""
    return st.session_state.pop(_PLAYING, None)


def to_lab(catalog: Catalog, row: int) -> None:
    """Hide this shot alone in its title, and request the masking lab."""
    title = catalog.titles.iloc[int(title_of_rows(catalog, [row])[0])]
    state.choose_title(str(title["title_id"]))
    state.hide([row - int(title["first_shot"])])
    st.session_state[_PAGE] = "masking_lab"


def to_map(rows: Iterable[int]) -> None:
    """Select these shots and request the map, which marks them."""
    state.select(rows)
    st.session_state[_PAGE] = "embedding_map"


def requested_page() -> str | None:
    """The page that a gesture requested, cleared by reading: a callback cannot switch pages."""
    return st.session_state.pop(_PAGE, None)
