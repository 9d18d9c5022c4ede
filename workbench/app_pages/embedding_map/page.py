"""Embedding map: which shots lie near one another, raw and in their title's context; a lasso leads everywhere else."""

from __future__ import annotations

import streamlit as st

from msm import InputError
from workbench.app_pages.embedding_map import cached, controls, form, maps, panels
from workbench.layout.job_panel import jobs_panel
from workbench.server import jobs
from workbench.session import url_state
from workbench.session.arguments import read_arguments
from workbench.session.page_context import catalog_or_stop, runs_for
from workbench.views.formatting import escape_markdown

catalog = catalog_or_stop()
runs = runs_for(catalog)
one, other = controls.choose_maps(maps.list_entries(catalog, runs))
jobs_panel(jobs.jobs_folder(read_arguments().runs), form.KIND, done=form.show_finished_job)
shown = [entry for entry in (one, other) if entry and entry.stored]


@st.fragment
def explore() -> None:
    try:
        show_all()
    except InputError as error:  # a file that is damaged
        st.error(f"{escape_markdown(error)}.", icon=":material/broken_image:")
        form.offer_redrawing(catalog, shown)


def show_all() -> None:
    first = shown[0].stored if shown else None
    display = controls.choose_display(catalog, first.of if first else "shots")
    if first is None:
        panels.show_preview(catalog, display)
    elif first.dims == 3:
        panels.show_solid_map(catalog, shown[0], display.label)
    else:
        panels.show_label_agreement(catalog, shown, display.label)
        panels.show_maps(catalog, shown, display)
    panels.show_chosen(catalog, shown)
    url_state.write()
    if shown:
        panels.show_code(catalog, shown[0], display.label)


for entry in filter(None, (one, other)):
    if not entry.stored:
        form.offer_map(entry, catalog)
if shown or catalog.num_shots <= cached.PREVIEW_UP_TO:
    explore()
form.show_form(catalog, runs)
