"""Masking lab: hide shots of a title, and see whether the model understood or could as well have copied."""

from __future__ import annotations

from workbench.app_pages.masking_lab import controls
from workbench.app_pages.masking_lab.lab import show_lab
from workbench.app_pages.masking_lab.panels import metrics
from workbench.session import cache
from workbench.session.page_context import catalog_or_stop, explain_no_run, run_path_of, runs_for

catalog = catalog_or_stop()
runs = runs_for(catalog)
run_path = run_path_of(runs)

controls.show_head(catalog, runs)
if run_path is None:
    explain_no_run(catalog, runs)
show_lab(catalog, run_path)
if run_path:
    metrics.show_all_titles(cache.evaluation(run_path))
metrics.show_all_sets(cache.measured_sets())
