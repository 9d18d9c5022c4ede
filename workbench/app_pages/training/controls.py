"""The head of the Training page: which run is shown, and which runs are compared with it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from msm.runs import monitor
from workbench.layout.figures import columns
from workbench.session import page_texts, settings, state
from workbench.views.formatting import escape_markdown
from workbench.views.training import sentences as training_text
from workbench.views.training.curves import MOST_RUNS

RUN, BESIDE = "training", "beside"  # among the settings of the page


def choose_runs(runs: dict[str, Path]) -> dict[str, Path]:
    """The head of the page: the run, and others to compare with; returns their names and folders, the run first."""
    name, run, beside = columns("training-head", [3, 3, 4], least_px=180, align="bottom")
    name.header("Training", anchor=False)
    if not runs:
        return {}
    if (awaited := state.awaited_training()) in runs:
        page_texts.put(RUN, awaited)
        state.await_training("")
    if (linked := settings.text(RUN)) and linked not in runs:
        st.warning(
            f"There is no run {escape_markdown(repr(linked[:80]))} here. Here is another.", icon=":material/link_off:"
        )
    if linked not in runs:
        page_texts.put(RUN, next(iter(runs)))  # named also where it is the first: another one may be the first soon
    states = {n: monitor.look(p, step=0).state for n, p in runs.items()}
    chosen = run.selectbox(
        "Run", list(runs), format_func=lambda n: f"{n} · {training_text.STATES[states[n]]}",
        **settings.choice(RUN, runs, None),
    )  # fmt: skip
    others = [n for n in runs if n != chosen]
    compared = beside.multiselect(
        "Compare with", others, placeholder="other runs", max_selections=MOST_RUNS - 1, disabled=not others,
        **settings.several(BESIDE, others),
    )  # fmt: skip
    return {name: runs[name] for name in (str(chosen), *compared)}
