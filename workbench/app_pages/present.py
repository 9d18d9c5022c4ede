"""Presenter mode: a script's views one at a time, in large type, turned by keys."""

from __future__ import annotations

import streamlit as st

from msm import InputError
from workbench import link, present_panel
from workbench.opened import catalog_or_stop, run_path_of, runs_for, say_no_run
from workbench.views.wording import as_text

catalog = catalog_or_stop()
runs = runs_for(catalog)
run_path = run_path_of(runs)
if run_path is None:
    say_no_run(catalog, runs)
    st.stop()
present_panel.clear_the_stage()


@st.fragment
def stage(run: str) -> None:
    try:
        script = present_panel.chosen_script(catalog, run)
        present_panel.show(catalog, script)
    except InputError as error:
        st.error(f"{as_text(error)}.")
        present_panel.choose(catalog)


stage(run_path.name)
link.write()
