"""Reports of the chosen runs, and the buttons that measure what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from msm import Catalog
from workbench.layout.job_panel import show_share
from workbench.server import jobs
from workbench.server.roles import may_edit
from workbench.server.streamlit_internals import DeltaGenerator
from workbench.session import cache, state
from workbench.session.arguments import read_arguments
from workbench.views.formatting import escape_markdown
from workbench.views.report.reports import Reports

KIND = "evaluate"  # of its jobs


def report_or_offer(run_path: Path, catalog: Catalog) -> dict[str, Any] | None:
    """The report of a run on this catalog; None, and a button that measures it, where there is none."""
    evaluation = cache.evaluation(run_path)
    if evaluation is None:
        st.info("This run has not been measured yet.", icon=":material/straighten:")
    elif evaluation.get("catalog_fingerprint", catalog.fingerprint) != catalog.fingerprint:
        st.info("This run has been measured on another catalog, not yet on this one.", icon=":material/straighten:")
    else:
        if evaluation.get("weights", (now := cache.weights(run_path))) != now:
            st.warning("The run was trained on after this report was made.", icon=":material/history:")
            offer_measurement("Measure it again", run_path, catalog)
        elif "titles" not in evaluation:
            st.caption("This report is of an older kind, without intervals, titles and places in the scene.")
            offer_measurement("Measure it again", run_path, catalog)
        return evaluation
    st.markdown(
        "Shots of every title that training never saw are hidden, and the model's guesses stand against baselines, which copy, average or smooth the visible shots. "
        "That takes seconds to minutes."
    )
    offer_measurement("Measure it", run_path, catalog, main=True)
    return None


def comparable_reports(others: pd.DataFrame, catalog: Catalog) -> Reports:
    """The reports of the other runs on this catalog, and buttons for the missing ones."""
    found = {}
    for row in others.itertuples():
        evaluation = cache.evaluation(Path(row.path))
        if evaluation and evaluation.get("catalog_fingerprint", catalog.fingerprint) == catalog.fingerprint:
            found[str(row.name)] = evaluation
        else:
            st.caption(f"`{row.name}` has not been measured on this catalog.")
            offer_measurement(f"Measure {row.name}", Path(row.path), catalog)
    return found


def offer_measurement(label: str, run_path: Path, catalog: Catalog, *extra: str, main: bool = False) -> None:
    """A button that measures a run as a job, disabled while it is being measured."""
    folder = jobs.jobs_folder(read_arguments().runs)
    about = {"run": str(run_path.absolute()), "extra": list(extra)}
    running = [
        j for j in jobs.list_jobs(folder, KIND) if j.state == jobs.RUNNING and j.about.get("run") == about["run"]
    ]
    busy = bool(running)
    split = next((s for s in ("test", "validation") if catalog.split(s)), None)
    if split is None:
        st.caption("This catalog has no test title and no validation title, so there is nothing unseen to measure on.")
        return
    kind = "primary" if main else "secondary"
    key = f"measure.{run_path.name}.{'.'.join(extra) or 'again'}"
    if st.button(label, key=key, icon=":material/play_arrow:", type=kind, disabled=busy or not may_edit()):  # type: ignore[arg-type]
        verb = [KIND, str(run_path.absolute()), str(catalog.path.absolute()), "--split", split, *extra, "--json"]
        with jobs.prepared(folder, KIND) as place:
            jobs.start(place, f"Measuring {run_path.name}", verb, about)
        st.rerun()
    for job in running[:1]:
        show_share(job)


def show_finished_job(job: jobs.Job, buttons: DeltaGenerator) -> None:
    """The message of a finished measurement: that the report below holds it, or a button that shows its run."""
    name = Path(str(job.about.get("run", ""))).name
    here = name == state.run()
    where = (
        "is done; the report below holds it"
        if here
        else f"is done; the report below is of {escape_markdown(str(state.run()))}"
    )
    st.success(f"**{escape_markdown(job.title)}** {where}.", icon=":material/check:")
    if not here and buttons.button(
        f"Show {escape_markdown(name)}", key=f"show.{job.name}", icon=":material/straighten:"
    ):
        state.choose_run(name)
        st.rerun()
