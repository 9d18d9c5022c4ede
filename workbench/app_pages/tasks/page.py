"""Tasks: is a label of your own easier to predict from a shot in its title than from the shot alone?"""

from __future__ import annotations

import streamlit as st

from workbench.app_pages.tasks import controls, form, panels
from workbench.layout.catalog_panels import provenance_line
from workbench.layout.job_panel import jobs_panel
from workbench.server import jobs
from workbench.session.arguments import read_arguments
from workbench.session.page_context import catalog_or_stop, explain_no_run, run_path_of, runs_for

catalog = catalog_or_stop()
runs = runs_for(catalog)
run_path = run_path_of(runs)

name, report = controls.choose_report(runs, run_path, catalog)
provenance_line(catalog)
jobs_panel(jobs.jobs_folder(read_arguments().runs), form.KIND, done=form.show_finished_job)
if run_path is None:
    explain_no_run(catalog, runs)
    st.stop()

if report is None:
    panels.explain(catalog)
else:
    panels.show_verdict(report)
    panels.show_probes(report, run_path, name)
    panels.show_curves(report, run_path, name)
    panels.show_tables(report, run_path, name)
form.show_form(catalog, run_path, first=report is None)
