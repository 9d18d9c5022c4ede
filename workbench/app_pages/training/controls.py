"""The head of the Training page: which run is shown, and which runs are compared with it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from msm.runs import monitor
from workbench.layout.figures import columns
from workbench.session import state, url_state
from workbench.views.formatting import escape_markdown
from workbench.views.training import sentences as training_text
from workbench.views.training.curves import MOST_RUNS


def choose_runs(runs: dict[str, Path]) -> list[Path]:
    """The head of the page: the run, and others to compare with; returns their folders, the run first."""
    name, run, beside = columns("training-head", [3, 3, 4], least_px=180, align="bottom")
    name.header("Training", anchor=False)
    if not runs:
        return []
    if state.awaited_training() in runs:
        url_state.choose_training(str(state.awaited_training()))
        state.await_training("")
    if url_state.chosen_training() not in runs:
        if linked := url_state.chosen_training():
            st.warning(
                f"There is no run {escape_markdown(repr(linked[:80]))} here. Here is another.",
                icon=":material/link_off:",
            )
        url_state.choose_training(next(iter(runs)))
    url_state.choose_training(str(url_state.chosen_training()))
    key = state.widget_key("training.run", url_state.chosen_training())
    states = {n: monitor.look(p, step=0).state for n, p in runs.items()}
    run.selectbox(
        "Run", list(runs), key=key, on_change=lambda: url_state.choose_training(st.session_state[key]),
        format_func=lambda n: f"{n} · {training_text.STATES[states[n]]}",
    )  # fmt: skip
    others = [n for n in runs if n != url_state.chosen_training()]
    chosen = beside.multiselect(
        "Beside it", others, key="training.beside", placeholder="other runs", max_selections=MOST_RUNS - 1,
        disabled=not others,
    )  # fmt: skip
    return [runs[str(url_state.chosen_training())], *(runs[n] for n in chosen if n in others)]
