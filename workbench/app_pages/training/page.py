"""Training: the run that is under way or was the last, against the best way to copy; and a form that starts another."""

from __future__ import annotations

from workbench.app_pages.training import panels, processes
from workbench.layout.job_panel import jobs_panel
from workbench.server import jobs
from workbench.session.arguments import read_arguments
from workbench.session.page_context import chosen_catalog_path

arguments = read_arguments()
runs = processes.found(arguments)
catalog = chosen_catalog_path()
folder = jobs.jobs_folder(arguments.runs)

paths = panels.choose(runs)
panels.beginning(folder)
jobs_panel(folder, processes.ESTIMATE, done=panels.estimated)
if paths:
    panels.watch(paths, folder, catalog)
else:
    panels.nothing_yet(catalog)
panels.start_another(catalog, folder, opened=not paths)
