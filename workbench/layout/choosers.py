"""Select boxes for the catalog, the title and the run of the shared selection."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from workbench.session import state
from workbench.views.formatting import count


def choose_title(titles: pd.DataFrame, then: Callable[[], object] = lambda: None) -> None:
    """Choose the title.

    titles  a row a title: title_id, name, split, num_shots
    then    called after another title was chosen
    """
    first = {"test": 0, "validation": 1, "train": 2}  # titles that were not trained on first
    ordered = titles.sort_values("split", key=lambda s: s.map(first), kind="stable")
    rows = {str(r.title_id): r for r in ordered.itertuples()}

    def label(title_id: str) -> str:
        row = rows[title_id]
        return f"{row.name} · {row.split} · {count(int(row.num_shots), 'shot')}"

    key = state.widget_key("title", state.title())

    def choose() -> None:
        state.choose_title(st.session_state[key])
        then()

    st.selectbox("Title", list(rows), key=key, format_func=label, on_change=choose)


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
