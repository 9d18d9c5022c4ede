"""Data: what the catalog holds, whether it is sound, where it comes from; and a way to bring one's own."""

from __future__ import annotations

import streamlit as st

from workbench.app_pages.data import upload_panel
from workbench.layout import catalog_panels
from workbench.layout.choosers import choose_catalog
from workbench.layout.job_panel import jobs_panel
from workbench.server import jobs
from workbench.session import state
from workbench.session.arguments import catalog_names, read_arguments
from workbench.session.page_context import catalog_or_stop, runs_for, switch_to_page
from workbench.views.catalog_tables import splits_table, titles_table
from workbench.views.formatting import grouped, number


def jobs_of_this_page() -> None:
    jobs_panel(jobs.jobs_folder(read_arguments().runs), *upload_panel.KINDS, done=upload_panel.report)


def bring_the_first() -> None:
    jobs_of_this_page()
    upload_panel.bring_your_own()


catalog = catalog_or_stop(otherwise=bring_the_first)
runs_for(catalog)

heading, chooser = st.columns([3, 2], vertical_alignment="bottom")
heading.header("Data", anchor=False)
with chooser:
    choose_catalog(catalog_names(read_arguments()))

jobs_of_this_page()

held, own = st.tabs([":material/database: What it holds", ":material/add: Bring your own"], key="data.tab")
with own:
    upload_panel.bring_your_own()

with held:
    st.markdown(f"`{catalog.path}`")
    catalog_panels.provenance_line(catalog)
    hours = catalog.titles["duration_s"].sum() / 3600
    facts = {
        "Titles": grouped(len(catalog)),
        "Shots": grouped(catalog.num_shots),
        "Hours": number(hours, 1) if hours else "–",
        "Columns a shot": str(catalog.shot_dim),
    }
    for column, (name, value) in zip(st.columns(len(facts)), facts.items(), strict=True):
        column.metric(name, value)

    sound = st.container()  # filled below, when everything that is quick stands on the page

    st.subheader("Titles", anchor=False)
    st.caption("Choose a row to open that title in the masking lab.")
    chosen = st.dataframe(
        titles_table(catalog.titles),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"titles.{catalog.path.name}",
        height=min(38 + 35 * len(catalog), 390),
    )
    if chosen["selection"]["rows"]:
        state.choose_title(str(catalog.titles["title_id"].iloc[chosen["selection"]["rows"][0]]))
        switch_to_page("masking_lab", catalog)

    left, right = st.columns(2)
    with left:
        st.subheader("Splits", anchor=False)
        st.dataframe(
            splits_table(catalog.titles),
            hide_index=True,
            column_config={"Hours": st.column_config.NumberColumn(format="%.1f")},
            placeholder="–",
        )
    labels = [f"`{c}` (title)" for c in catalog.title_labels] + [f"`{c}` (shot)" for c in catalog.shot_labels]
    st.markdown("**Labels**: " + (", ".join(labels) or "none"))
    catalog_panels.show_provenance(catalog)

with sound:
    found = catalog_panels.inspect_or_offer(catalog)
    catalog_panels.show_soundness(found)
with right:
    catalog_panels.show_modalities(catalog, found)
