"""Ablations: which choices of a recipe mattered, with intervals; how far one is; and a form for the next."""

from __future__ import annotations

import streamlit as st

from workbench import ablation_panel, ablations, jobs
from workbench.arguments import read_arguments
from workbench.job_panel import jobs_panel
from workbench.opened import chosen_catalog_path
from workbench.views.wording import as_text

arguments = read_arguments()
names = ablations.found(arguments)
path = ablation_panel.choose(names)
catalog = chosen_catalog_path()
jobs_panel(jobs.jobs_folder(arguments.runs), *ablation_panel.KINDS, done=ablation_panel.ended)

with st.container():  # one place, so that the form below stays open while what stands here changes
    if path is None:
        ablation_panel.nothing_yet(catalog)
    else:
        one = ablations.read(path)
        ablation_panel.progress(one)
        if one.problem:
            st.error(f"{as_text(one.problem)}.", icon=":material/folder_off:")
        elif one.table:
            ablation_panel.answer(one, one.table)
            ablation_panel.every_cell(one, one.table)
        elif not one.running:
            st.caption("It has no table yet: the base recipe has no finished training.")

ablation_panel.start_another(catalog, opened=path is None)
ablation_panel.when_worth_it()
