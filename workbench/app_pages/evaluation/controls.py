"""The head of the Evaluation page: which run is shown, and which runs are compared with it."""

from __future__ import annotations

import pandas as pd

from workbench.layout.choosers import choose_run
from workbench.layout.figures import columns
from workbench.session import settings, state


def choose_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The head of the page: the run, and others to compare with; returns the rows of the others."""
    name, run, compare = columns("head", [3, 3, 4], least_px=180, align="bottom")
    name.header("Evaluation", anchor=False)
    with run:
        choose_run(runs)
    usable = runs[runs["problem"].isna() & (runs["name"] != state.run())]
    chosen = compare.multiselect(
        "Compare with", list(usable["name"]), placeholder="other runs", disabled=usable.empty,
        **settings.several("beside", usable["name"]),
    )  # fmt: skip
    return usable[usable["name"].isin(chosen)]
