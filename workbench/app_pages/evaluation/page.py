"""Evaluation: is the model better than copying, where, for which titles, and what can be read off its embeddings."""

from __future__ import annotations

import streamlit as st

from msm.runs.table import run_folders
from workbench.app_pages.evaluation import controls, form, panels
from workbench.app_pages.evaluation.probes_panel import show_probes
from workbench.layout.catalog_panels import provenance_line
from workbench.layout.job_panel import jobs_panel
from workbench.server import jobs
from workbench.session.arguments import read_arguments
from workbench.session.colors_of_runs import colors_of
from workbench.session.page_context import catalog_or_stop, explain_no_run, run_path_of, runs_for
from workbench.views.formatting import escape_markdown
from workbench.views.report.sentences import comparison_words, details, verdict

catalog = catalog_or_stop()
runs = runs_for(catalog)
run_path = run_path_of(runs)

others = controls.choose_runs(runs)
provenance_line(catalog)
jobs_panel(jobs.jobs_folder(read_arguments().runs), form.KIND, done=form.show_finished_job)
if run_path is None:
    explain_no_run(catalog, runs)
    st.stop()

evaluation = form.report_or_offer(run_path, catalog)
if evaluation is None:
    st.stop()
reports = {run_path.name: evaluation, **form.comparable_reports(others, catalog)}

every = colors_of(run_folders(read_arguments().runs)) if len(reports) > 1 else {}
colors = {name: every[name] for name in reports if name in every}

st.subheader(verdict(evaluation), anchor=False)
st.markdown(" ".join(filter(None, [details(evaluation), escape_markdown(comparison_words(reports))])))
panels.show_metrics(evaluation)
panels.show_predictors(reports, run_path, colors)
panels.show_parts(reports, run_path, catalog, colors)
panels.show_titles(catalog, reports, run_path)
show_probes(reports, run_path, catalog)
panels.show_geometry(run_path)
panels.show_exports(reports, run_path, catalog)
