"""Training: the run that is under way or was the last, against the best way to copy; and a form that starts another."""

from __future__ import annotations

from workbench import jobs, training, training_panel
from workbench.arguments import read_arguments
from workbench.job_panel import jobs_panel
from workbench.opened import chosen_catalog_path

arguments = read_arguments()
runs = training.found(arguments)
catalog = chosen_catalog_path()
folder = jobs.jobs_folder(arguments.runs)

paths = training_panel.choose(runs)
training_panel.beginning(folder)
jobs_panel(folder, training.ESTIMATE, done=training_panel.estimated)
if paths:
    training_panel.watch(paths, folder, catalog)
else:
    training_panel.nothing_yet(catalog)
training_panel.start_another(catalog, folder, opened=not paths)
