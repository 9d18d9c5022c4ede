"""Presenter mode: the slides of a script one at a time, in large type, turned by keys."""

from __future__ import annotations

import streamlit as st

from msm import InputError
from workbench.app_pages.present import panels
from workbench.server.streamlit_internals import NO_STAGE, STAGE
from workbench.session import url_state
from workbench.session.page_context import catalog_or_stop, explain_no_run, run_path_of, runs_for
from workbench.views.formatting import escape_markdown

with st.container(key=NO_STAGE):  # early styles show the sidebar where anything stands in it
    catalog = catalog_or_stop()
    runs = runs_for(catalog)
    run_path = run_path_of(runs)
    if run_path is None:
        explain_no_run(catalog, runs)
        st.stop()


@st.fragment
def stage(run: str) -> None:
    try:
        script = panels.chosen_script(catalog, run)
        panels.show(catalog, script)
    except InputError as error:
        st.error(f"{escape_markdown(error)}.")
        panels.choose(catalog)


with st.container(key=STAGE):  # early styles take the sidebar away and give the slide its height
    stage(run_path.name)
url_state.write()
