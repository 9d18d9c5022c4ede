"""Panels of the Data page: what the catalog holds and whether it keeps the rules of its format."""

from __future__ import annotations

import hashlib

import pandas as pd
import streamlit as st

from msm import Catalog
from msm.ingest.report import read_report
from workbench.layout import catalog_panels
from workbench.layout.figures import columns
from workbench.layout.long_tables import choose_page, find_and_sort
from workbench.session import state
from workbench.session.page_context import switch_to_page
from workbench.views.catalog_tables import films_table, splits_table, title_headings, titles_table
from workbench.views.formatting import grouped, number

TITLES = "titles"  # the table of titles among the settings of the page


def show_catalog(catalog: Catalog) -> None:
    """Counts, titles, splits, labels and provenance; then soundness and modalities, which may take a while to compute."""
    st.markdown(f"`{catalog.path}`")
    catalog_panels.provenance_line(catalog)
    _show_counts(catalog)
    sound = st.container()  # filled last, when everything that is quick stands on the page
    _show_titles(catalog)
    left, right = st.columns(2)
    with left:
        _show_splits(catalog)
    labels = [f"`{c}` (title)" for c in catalog.title_labels] + [f"`{c}` (shot)" for c in catalog.shot_labels]
    st.markdown("**Labels**: " + (", ".join(labels) or "none"))
    _show_films(catalog)
    catalog_panels.show_provenance(catalog)
    with sound:
        found = catalog_panels.inspect_or_offer(catalog)
        catalog_panels.show_soundness(found)
    with right:
        catalog_panels.show_modalities(catalog, found)


def _show_counts(catalog: Catalog) -> None:
    hours = catalog.titles["duration_s"].sum() / 3600
    counts = {
        "Titles": grouped(len(catalog)),
        "Shots": grouped(catalog.num_shots),
        "Hours": number(hours, 1) if hours else "–",
        "Embedding dimension": str(catalog.shot_dim),
        "dtype": str(catalog.dtype),
    }
    row = columns("data-numbers", [1] * len(counts), least_px=130)
    for column, (name, value) in zip(row, counts.items(), strict=True):
        column.metric(name, value)


def _show_titles(catalog: Catalog) -> None:
    """The titles, a page at a time where they are many; a click opens one in the masking lab."""
    st.subheader("Titles", anchor=False)
    st.caption("Choose a row to open that title in the masking lab.")
    headings = title_headings(catalog.titles)
    texts = [c for c in headings if not pd.api.types.is_numeric_dtype(catalog.titles[c])]
    found = find_and_sort(catalog.titles, TITLES, "title", ["title_id", *texts], headings)
    table, pages = st.container(), st.container()
    with pages:
        page = found.iloc[choose_page(len(found), TITLES, "title")]
    if page.empty:
        table.caption("No title has these words.")
        return
    which = hashlib.sha256("\n".join(page["title_id"]).encode()).hexdigest()[:12]  # of other titles no row is chosen
    chosen = table.dataframe(
        titles_table(page),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"titles.{catalog.path.name}.{which}",
        height=min(38 + 35 * len(page), 390),
    )
    if chosen["selection"]["rows"]:
        state.choose_title(str(page["title_id"].iloc[chosen["selection"]["rows"][0]]))
        switch_to_page("masking_lab", catalog)


def _show_films(catalog: Catalog) -> None:
    """What the ingests of a catalog reported of each film; nothing where it was imported."""
    films = read_report(catalog.path)
    if not films:
        return
    st.subheader("Films as they were read", anchor=False)
    failed, warned = sum(f.outcome == "failed" for f in films), sum(bool(f.warnings) for f in films)
    if failed or warned:
        st.caption(f"{failed} could not be read, {warned} went in with a warning. They stand first.")
    st.dataframe(
        films_table(films),
        hide_index=True,
        height=min(38 + 35 * len(films), 390),
        lazy=True,  # of more than 1000 rows, those are sent that are scrolled to
        column_config={"To know": st.column_config.TextColumn(width="large")},
    )


def _show_splits(catalog: Catalog) -> None:
    st.subheader("Splits", anchor=False)
    st.dataframe(
        splits_table(catalog.titles),
        hide_index=True,
        column_config={"Hours": st.column_config.NumberColumn(format="%.1f")},
        placeholder="–",
    )
