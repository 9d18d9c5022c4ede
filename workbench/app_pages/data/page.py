"""Data: what the catalog holds, whether it is sound, where it comes from; and forms that ingest or import titles."""

from __future__ import annotations

import streamlit as st

from workbench.app_pages.data import form, panels, upload_panel
from workbench.layout.choosers import choose_catalog
from workbench.layout.job_panel import jobs_panel
from workbench.server import jobs
from workbench.session import settings
from workbench.session.arguments import catalog_names, read_arguments
from workbench.session.page_context import catalog_or_stop, runs_for


def show_jobs() -> None:
    jobs_panel(jobs.jobs_folder(read_arguments().runs), *form.KINDS, done=upload_panel.show_finished_job)


def start_a_first_catalog() -> None:
    show_jobs()
    form.show_form()


catalog = catalog_or_stop(otherwise=start_a_first_catalog)
runs_for(catalog)

heading, chooser = st.columns([3, 2], vertical_alignment="bottom")
heading.header("Data", anchor=False)
with chooser:
    choose_catalog(catalog_names(read_arguments()))
show_jobs()

tabs = [":material/database: What it holds", ":material/add: Bring your own"]
held, own = st.tabs(tabs, **settings.choice("tab", tabs, tabs[0], ("holds", "own")))
with own:
    form.show_form()
with held:
    panels.show_catalog(catalog)
