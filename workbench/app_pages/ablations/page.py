"""Ablations: which choices of a recipe mattered, with intervals; how far one is; and a form for the next."""

from __future__ import annotations

import streamlit as st

from workbench.app_pages.ablations import panels, store
from workbench.layout.job_panel import jobs_panel
from workbench.server import jobs
from workbench.session.arguments import read_arguments
from workbench.session.page_context import chosen_catalog_path
from workbench.views.formatting import escape_markdown

arguments = read_arguments()
names = store.found(arguments)
path = panels.choose(names)
catalog = chosen_catalog_path()
jobs_panel(jobs.jobs_folder(arguments.runs), *panels.KINDS, done=panels.ended)

with st.container():  # one place, so that the form below stays open while what stands here changes
    if path is None:
        panels.nothing_yet(catalog)
    else:
        one = store.read(path)
        panels.progress(one)
        if one.problem:
            st.error(f"{escape_markdown(one.problem)}.", icon=":material/folder_off:")
        elif one.table:
            panels.answer(one, one.table)
            panels.every_cell(one, one.table)
        elif not one.running:
            st.caption("It has no table yet: the base recipe has no finished training.")

panels.start_another(catalog, opened=path is None)
panels.when_worth_it()
