"""Training: the running or the latest training against the best baseline, and a form that starts another."""

from __future__ import annotations

from workbench.app_pages.training import controls, form, panels, processes, runs_panel
from workbench.server import jobs
from workbench.session import url_state
from workbench.session.arguments import read_arguments
from workbench.session.colors_of_runs import colors_of
from workbench.session.page_context import chosen_catalog_path

arguments = read_arguments()
catalog = chosen_catalog_path()  # first: it reads the address
runs = processes.found(arguments)
folder = jobs.jobs_folder(arguments.runs)

paths = controls.choose_runs(runs)
panels.show_starting_jobs(folder)
if paths:
    runs_panel.show_runs_table(runs)
    panels.show_runs(paths, folder, catalog, colors_of(runs))
else:
    panels.explain_trainings(catalog)
form.show_form(catalog, folder, opened=not paths)
url_state.write()
