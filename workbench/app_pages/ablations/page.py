"""Ablations: the effects of hyperparameters with intervals, the progress of an ablation, and a form that starts one."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from workbench.app_pages.ablations import cached, controls, form, panels
from workbench.layout.job_panel import jobs_panel
from workbench.server import jobs
from workbench.session import url_state
from workbench.session.arguments import read_arguments
from workbench.session.page_context import chosen_catalog_path
from workbench.views.formatting import escape_markdown

arguments = read_arguments()
names = cached.list_ablations(arguments)
catalog = chosen_catalog_path()  # first: it reads the address
path = controls.choose_ablation(names)
one = cached.read(path) if path else None
jobs_panel(
    jobs.jobs_folder(arguments.runs),
    form.ABLATE,
    done=form.show_finished_job,
    shown=lambda job: (
        one is None or not one.running or Path(str(job.about.get("out"))).absolute() != one.path.absolute()
    ),
)

with st.container():  # keeps the place of the form below, so that it stays open
    if one is None:
        panels.explain_ablations(catalog)
    else:
        panels.show_progress(one)
        if one.problem:
            st.error(f"{escape_markdown(one.problem)}.", icon=":material/folder_off:")
        elif one.table:
            panels.show_findings(one, one.table)
            panels.show_cells(one, one.table)
        elif not one.running:
            st.caption("It has no table yet: the base recipe has no finished training.")

form.show_form(catalog, opened=path is None)
panels.show_scaling()
url_state.write()
