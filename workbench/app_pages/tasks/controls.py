"""The head of the Tasks page: which run, and which of its reports is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from msm import Catalog, InputError
from msm.evaluation.tasks.saved import list_reports, read_report
from workbench.layout.choosers import choose_run
from workbench.layout.figures import columns
from workbench.session import settings
from workbench.views.formatting import escape_markdown

REPORT = "report"  # among the settings of the page


def choose_report(runs: pd.DataFrame, run_path: Path | None, catalog: Catalog) -> tuple[str, dict[str, Any] | None]:
    """The run, and one of its reports on this catalog, the latest first: its name and content, None where there is none."""
    head, run, labels = columns("head", [3, 3, 4], least_px=180, align="bottom")
    head.header("Tasks", anchor=False)
    with run:
        choose_run(runs)
    found = reports_of(run_path, catalog) if run_path is not None else {}
    chosen = labels.selectbox(
        "Labels", list(found), disabled=not found, placeholder="no report yet",
        help="Files of labels that this run was probed for.", **settings.choice(REPORT, found, next(iter(found), None)),
    )  # fmt: skip
    return (chosen, found[chosen]) if chosen else ("", None)


def reports_of(run_path: Path, catalog: Catalog) -> dict[str, dict[str, Any]]:
    """The reports of a run on this catalog by name; a broken one is named."""
    found = {}
    for name, path in list_reports(run_path).items():
        try:
            report = read_report(path)
        except InputError as error:
            st.warning(f"{escape_markdown(error)}.", icon=":material/warning:")
            continue
        if report["catalog_fingerprint"] == catalog.fingerprint:
            found[name] = report
    return found
