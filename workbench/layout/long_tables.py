"""Long tables a page at a time. Rows are searched, sorted and cut on the server, which sends one page of them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from workbench.layout.choosers import having_words
from workbench.layout.figures import columns
from workbench.session import page_texts, settings
from workbench.session.settings import Bound
from workbench.views.formatting import count, grouped

PAGE = 100  # rows; a table of no more is shown whole, without these controls


def find_and_sort(
    table: pd.DataFrame, name: str, noun: str, searched: Sequence[str], labels: dict[str, str]
) -> pd.DataFrame:
    """The rows that have the typed words, sorted by the chosen column.

    name      of the table: its settings are NAME.find, NAME.sort and NAME.page
    noun      what a row is
    searched  columns that are searched
    labels    column → heading, of the columns that it can be sorted by
    """
    if len(table) <= PAGE:
        return table
    orders = ["", *(sign + column for column in labels for sign in ("", "-"))]
    where, sort = columns(name, [3, 2], least_px=180, align="bottom")
    words = where.text_input(
        "Find",
        placeholder=f"words, in all {count(len(table), noun)}",
        **from_first_page(settings.words(f"{name}.find"), name),
    )
    by = sort.selectbox(
        "Sort by", orders, format_func=lambda order: _order_label(table, order, labels),
        **from_first_page(settings.choice(f"{name}.sort", orders, ""), name),
    )  # fmt: skip
    found = table[having_words(table, words, searched)] if words.strip() else table
    if not by:
        return found
    return found.sort_values(by.removeprefix("-"), ascending=by[0] != "-", kind="stable", na_position="last")


def _order_label(table: pd.DataFrame, order: str, labels: dict[str, str]) -> str:
    if not order:
        return "Order of the catalog"
    column, backwards = order.removeprefix("-"), order.startswith("-")
    if pd.api.types.is_numeric_dtype(table[column]):
        return f"{labels[column]}, {'highest' if backwards else 'lowest'} first"
    return f"{labels[column]}, {'Z to A' if backwards else 'A to Z'}"


def from_first_page(bound: Bound, name: str) -> Bound:
    """The same setting, whose change also goes back to the first page of the table `name`."""

    def change() -> None:
        page_texts.put(f"{name}.page", None)
        bound["on_change"]()

    return {"key": bound["key"], "on_change": change}


def choose_page(num: int, name: str, noun: str) -> slice:
    """The rows of the chosen page of `num`; a line says which they are, and buttons turn the pages. Nothing is shown for one page."""
    pages = -(-num // PAGE)
    if pages <= 1:
        return slice(0, num)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        shown = st.empty()
        page = st.pagination(pages, width="stretch", **settings.number(f"{name}.page", 1, pages, 1))
        first = (int(page) - 1) * PAGE
        last = min(first + PAGE, num)
        shown.caption(f"Showing {grouped(first + 1)} to {grouped(last)} of {count(num, noun)}.")
    return slice(first, last)
