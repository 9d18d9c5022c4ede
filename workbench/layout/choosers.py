"""Select boxes for the catalog, the title and the run of the shared selection."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import streamlit as st

from workbench.session import settings, state
from workbench.views.formatting import count, grouped

MOST_LISTED, LISTED = 1000, 100  # titles: up to so many are listed all, of more so many matches
FIRST = {"test": 0, "validation": 1, "train": 2}  # titles that were not trained on first
_WORDS = "titles.searched"


def choose_title(titles: pd.DataFrame, then: Callable[[], object] = lambda: None) -> None:
    """Choose the title.

    titles  a row a title: title_id, name, split, num_shots
    then    called after another title was chosen
    """
    if len(titles) > MOST_LISTED:
        _search_title(titles, then)
        return
    ordered = titles.sort_values("split", key=lambda s: s.map(FIRST), kind="stable")
    rows = {str(r.title_id): r for r in ordered.itertuples()}

    def label(title_id: str) -> str:
        row = rows[title_id]
        return f"{row.name} · {row.split} · {count(int(row.num_shots), 'shot')}"

    key = state.widget_key("title", state.title())

    def choose() -> None:
        state.choose_title(st.session_state[key])
        then()

    st.selectbox("Title", list(rows), key=key, format_func=label, on_change=choose)


def _search_title(titles: pd.DataFrame, then: Callable[[], object]) -> None:
    """The same of a catalog with many titles: words that are typed are looked for on the server, which lists the first matches."""
    words = str(st.session_state.get(_WORDS, ""))
    listed = titles_matching(titles, words, state.title())
    rows = {str(r.title_id): r for r in listed.itertuples()}

    def label(title_id: str) -> str:
        row = rows.get(title_id)
        return title_id if row is None else f"{row.name} · {row.split} · {count(int(row.num_shots), 'shot')}"

    key = state.widget_key("title", state.title())

    def choose() -> None:
        typed = st.session_state[key]
        if typed in rows:
            state.choose_title(typed)
            then()
        else:
            st.session_state[_WORDS] = str(typed or "")

    found = f"Listed for {words!r}: {count(len(rows) - 1, 'title')}. " if words else ""
    st.selectbox(
        "Title", list(rows), key=key, format_func=label, on_change=choose, accept_new_options=True,
        help=f"{found}Type words of a name and press Enter: its matches of {grouped(len(titles))} titles are listed.",
    )  # fmt: skip


def titles_matching(titles: pd.DataFrame, words: str, chosen: str) -> pd.DataFrame:
    """The chosen title, then the first LISTED whose names or ids have all the words, those that were not trained on first."""
    others = titles[having_words(titles, words, ("name", "title_id")) & (titles["title_id"] != chosen)]
    order = others["split"].map(FIRST).argsort(kind="stable")[:LISTED]
    return pd.concat([titles[titles["title_id"] == chosen], others.iloc[order]])


def having_words(table: pd.DataFrame, words: str, columns: Iterable[str]) -> pd.Series:
    """bool a row, True where each of the words stands in one of these columns."""
    texts = [table[column].astype(str) for column in columns]
    match = pd.Series(data=True, index=table.index)
    for word in words.split():
        match &= np.logical_or.reduce([text.str.contains(word, case=False, regex=False) for text in texts])
    return match


def choose_titles(titles: pd.DataFrame, setting: str) -> list[str]:
    """Choose any number of titles; returns their ids. Of many titles, words that are typed are looked for on the server.

    titles   a row a title: title_id, name, split
    setting  its name among the settings of the page
    """
    ids = titles["title_id"].astype(str)
    if len(titles) <= MOST_LISTED:
        names = dict(zip(ids, titles["name"].astype(str), strict=True))
        return st.multiselect("Titles", list(ids), format_func=names.__getitem__, **settings.several(setting, ids))
    bound = settings.several(setting, ids)
    key, kept = bound["key"], f"{setting}.searched"
    words = str(st.session_state.get(kept, ""))
    matches = titles_matching(titles, words, "")
    listed = pd.concat([titles[ids.isin(st.session_state[key])], matches]).drop_duplicates("title_id")
    names = dict(zip(listed["title_id"].astype(str), listed["name"].astype(str), strict=True))

    def choose() -> None:
        typed = [text for text in st.session_state[key] if text not in names]
        if typed:
            st.session_state[kept] = " ".join(typed)
            st.session_state[key] = [text for text in st.session_state[key] if text in names]
        bound["on_change"]()

    found = f"Listed for {words!r}: {count(len(matches), 'title')}. " if words else ""
    return st.multiselect(
        "Titles", list(names), format_func=lambda t: names.get(t, t), key=key, on_change=choose, accept_new_options=True,
        placeholder="words of a name, then Enter",
        help=f"{found}Type words of a name and press Enter: its matches of {grouped(len(titles))} titles are listed.",
    )  # fmt: skip


def choose_run(runs: pd.DataFrame) -> None:
    """Choose the run.

    runs  a row a run: name, recipe, state, problem; only those without a problem are offered
    """
    usable = runs[runs["problem"].isna()].set_index("name")
    key = state.widget_key("run", state.run())
    st.selectbox(
        "Run",
        list(usable.index),
        key=key,
        format_func=lambda n: n if usable["state"][n] == "done" else f"{n} ({usable['state'][n]})",
        on_change=lambda: state.choose_run(st.session_state[key]),
        placeholder="no run fits this catalog",
    )


def choose_catalog(names: list[str]) -> None:
    """Choose the catalog: the first name is the one given at the start. Nothing is shown for a single name."""
    if len(names) < 2:
        return
    key = state.widget_key("catalog", state.catalog_name() or names[0])

    def choose() -> None:
        chosen = st.session_state[key]
        state.choose_catalog(None if chosen == names[0] else chosen)

    st.selectbox("Catalog", names, key=key, on_change=choose)
