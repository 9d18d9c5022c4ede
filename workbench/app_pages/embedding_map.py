"""Embedding map: which shots lie near one another, raw and in their title's context; a lasso leads everywhere else."""

from __future__ import annotations

import streamlit as st

from msm import InputError
from workbench import jobs, link, map_cache, map_choice, map_drawing
from workbench import map_panel as panel
from workbench.arguments import read_arguments
from workbench.job_panel import jobs_panel
from workbench.opened import catalog_or_stop, runs_for
from workbench.views.wording import as_text

catalog = catalog_or_stop()
runs = runs_for(catalog)
one, other = map_choice.choose(map_choice.entries(catalog, runs))
jobs_panel(jobs.jobs_folder(read_arguments().runs), map_drawing.KIND, done=map_drawing.drawn)
shown = [entry for entry in (one, other) if entry and entry.stored]


@st.fragment
def everything() -> None:
    try:
        explore()
    except InputError as error:  # a file that is damaged
        st.error(f"{as_text(error)}.", icon=":material/broken_image:")
        map_drawing.mend(catalog, shown)


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
    link.write()
    if shown:
        panel.take_along(catalog, shown[0], label)


for entry in filter(None, (one, other)):
    if not entry.stored:
        map_drawing.offer(entry, catalog)
if shown or catalog.num_shots <= map_cache.PREVIEW_UP_TO:
    everything()
map_drawing.draw_another(catalog, runs)
