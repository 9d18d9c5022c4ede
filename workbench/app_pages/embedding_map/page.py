"""Embedding map: which shots lie near one another, raw and in their title's context; a lasso leads everywhere else."""

from __future__ import annotations

import streamlit as st

from msm import InputError
from workbench.app_pages.embedding_map import cached, choice, drawing
from workbench.app_pages.embedding_map import panels as panel
from workbench.layout.job_panel import jobs_panel
from workbench.server import jobs
from workbench.session import url_state
from workbench.session.arguments import read_arguments
from workbench.session.page_context import catalog_or_stop, runs_for
from workbench.views.formatting import escape_markdown

catalog = catalog_or_stop()
runs = runs_for(catalog)
one, other = choice.choose(choice.entries(catalog, runs))
jobs_panel(jobs.jobs_folder(read_arguments().runs), drawing.KIND, done=drawing.drawn)
shown = [entry for entry in (one, other) if entry and entry.stored]


@st.fragment
def everything() -> None:
    try:
        explore()
    except InputError as error:  # a file that is damaged
        st.error(f"{escape_markdown(error)}.", icon=":material/broken_image:")
        drawing.mend(catalog, shown)


def explore() -> None:
    of = shown[0].stored.of if shown and shown[0].stored else "shots"
    label, choice = panel.controls(catalog, of)
    if shown and shown[0].stored and shown[0].stored.dims == 3:
        panel.three_dimensional(catalog, shown[0], label)
    elif shown:
        panel.what_lies_together(catalog, shown, label)
        panel.look(catalog, shown, label, choice)
    else:
        panel.preview(catalog, label, choice)
    panel.about_chosen(catalog, shown)
    url_state.write()
    if shown:
        panel.take_along(catalog, shown[0], label)


for entry in filter(None, (one, other)):
    if not entry.stored:
        drawing.offer(entry, catalog)
if shown or catalog.num_shots <= cached.PREVIEW_UP_TO:
    everything()
drawing.draw_another(catalog, runs)
