"""Data: what the catalog holds, whether it is sound, where it comes from, and how to bring one's own."""

from __future__ import annotations

import streamlit as st

from workbench import panels, state
from workbench.opened import catalog_or_stop, runs_for
from workbench.views.holdings import splits_table, titles_table
from workbench.views.wording import grouped, number

st.header("Data", anchor=False)
catalog = catalog_or_stop()
runs_for(catalog)

st.markdown(f"`{catalog.path}`")
panels.provenance_line(catalog)
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
    key="titles",
    height=min(38 + 35 * len(catalog), 390),
)
if chosen["selection"]["rows"]:
    state.choose_title(str(catalog.titles["title_id"].iloc[chosen["selection"]["rows"][0]]))
    st.switch_page("app_pages/masking_lab.py")

left, right = st.columns(2)
with left:
    st.subheader("Splits", anchor=False)
    st.dataframe(
        splits_table(catalog.titles),
        hide_index=True,
        column_config={"Hours": st.column_config.NumberColumn(format="%.1f")},
    )
labels = [f"`{c}` (title)" for c in catalog.title_labels] + [f"`{c}` (shot)" for c in catalog.shot_labels]
st.markdown("**Labels**: " + (", ".join(labels) or "none"))
panels.provenance(catalog)

st.subheader("Bring your own", anchor=False)
st.markdown("Embeddings that were made elsewhere become a catalog with one command; then open the app on it:")
new = "my-catalog"
st.code(
    f"msm import SOURCE {new}\nmsm train {new} my-runs/mediafm\n"
    f"streamlit run workbench/app.py -- --catalog {new} --runs my-runs",
    language="bash",
)

with sound:
    found = panels.inspection(catalog)
    panels.soundness(found)
with right:
    panels.modalities(catalog, found)
