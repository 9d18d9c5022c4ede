"""The form that starts an ablation or estimates its cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from msm import InputError
from workbench.app_pages.ablations import cached
from workbench.app_pages.ablations.controls import ABLATION, STARTED
from workbench.layout.job_panel import jobs_panel
from workbench.server import jobs
from workbench.server.jobs import Job
from workbench.server.roles import explain_viewer
from workbench.server.streamlit_internals import DeltaGenerator
from workbench.session import cache, page_texts
from workbench.session.arguments import read_arguments
from workbench.session.page_context import unused_name
from workbench.views.formatting import count, escape_markdown

ABLATE, BUDGET = "ablate", "budget"  # kinds of jobs
USUAL = [
    {"Hyperparameter": "mask.ratio", "Values": "0.1, 0.4"},
    {"Hyperparameter": "optim.lr", "Values": "0.001, 0.01"},
]


def show_form(catalog: Path, *, opened: bool) -> None:
    """The form: the varied hyperparameters, the cost, and a button that starts the job."""
    from msm.recipes.presets import PRESETS
    from msm.recipes.recipe import Recipe

    with st.expander("Start an ablation", icon=":material/science:", expanded=opened):
        if explain_viewer():
            return
        try:
            cache.open_catalog(catalog)
        except InputError as error:
            st.error(f"{escape_markdown(error)}.", icon=":material/folder_off:")
            return
        left, right = st.columns([3, 2])
        recipes = right.multiselect("Recipes, the first is the base", list(PRESETS), default=["mediafm"])
        settings = right.text_input("Settings of every configuration", placeholder="steps=300 model.width=128")
        seeds = right.number_input(
            "Seeds", 1, 20, 3, help="Trainings of each cell. Three are the fewest that say something."
        )
        keys = [k for k in Recipe.keys() if k not in ("name", "seed")]  # noqa: SIM118 — a method of ours
        with left:
            edited = st.data_editor(
                pd.DataFrame(USUAL),
                num_rows="dynamic",
                hide_index=True,
                column_config={
                    "Hyperparameter": st.column_config.SelectboxColumn(options=keys, required=True),
                    "Values": st.column_config.TextColumn(
                        help="With commas; one that has a comma in quotes.", required=True
                    ),
                },
            )
            name = st.text_input("Name", placeholder="ablation")
            each = st.toggle("One hyperparameter at a time", value=True, help="Off: every combination.")
        parameters = [(str(r.Hyperparameter), str(r.Values)) for r in edited.dropna().itertuples()]
        cost, go = st.columns(2)
        wants = ("budget" if cost.button("What would it cost?", icon=":material/timer:", width="stretch") else "") or (
            "ablate" if go.button("Start", icon=":material/play_arrow:", type="primary", width="stretch") else ""
        )
        if wants:
            out = unused_name(read_arguments().runs, name.strip() or "ablation")
            _start(wants, catalog, out, recipes, parameters, settings, each=each, seeds=int(seeds))
        _show_started()
        jobs_panel(jobs.jobs_folder(read_arguments().runs), BUDGET, done=show_finished_job)


def _show_started() -> None:
    """What became of the ablation that was started last, beside the button that started it."""
    name = st.session_state.get(STARTED)
    if name and (read_arguments().runs / name).exists():
        st.success(f"**{escape_markdown(name)}** was started. It is at the top of this page.", icon=":material/check:")
    elif name:
        st.info(
            f"**{escape_markdown(name)}** begins: its bar is at the top of this page.", icon=":material/hourglass_top:"
        )


def _start(
    kind: str,
    catalog: Path,
    out: Path,
    recipes: list[str],
    parameters: list[tuple[str, str]],
    settings: str,
    **how: Any,
) -> None:
    """Start a job; an invalid request is reported before."""
    from msm.ablation.plan import make_plan

    try:
        vary = [f"{key}={values}" for key, values in parameters]
        plan = make_plan(recipes=recipes or ["mediafm"], settings=settings.split(), vary=vary, **how)
        if len(plan.cells) < 2:
            raise InputError("nothing is varied: name a hyperparameter with its values, or a second recipe")
        words = [*cached.ablate_arguments(catalog, out, recipes, parameters, settings, **how), "--json"]
        title = (
            f"{out.name}: {count(len(plan.jobs), 'training')}"
            if kind == "ablate"
            else f"Budget of {count(len(plan.jobs), 'training')}"
        )
        with jobs.prepared(jobs.jobs_folder(read_arguments().runs), kind) as folder:
            jobs.start(folder, title, words + (["--dry-run"] if kind == "budget" else []), {"out": str(out)})
    except (InputError, OSError) as error:
        st.error(f"{escape_markdown(error)}.", icon=":material/error:")
        return
    if kind == ABLATE:
        st.session_state[STARTED] = out.name
        page_texts.put(ABLATION, out.name)
        st.toast(f"**{escape_markdown(out.name)}** was started.", icon=":material/science:")
    st.rerun()


def show_finished_job(job: Job, buttons: DeltaGenerator) -> None:
    """The message of a finished job: the estimated cost, or that an ablation is done."""
    if job.kind == "budget":
        from msm.ablation.progress import minutes

        estimate = job.answer
        st.markdown(
            f":green[:material/timer:] {count(estimate['cells'], 'configuration')} × {count(estimate['seeds'], 'seed')}: "
            f"**about {minutes(estimate['seconds'])}**, {estimate['workers']} at a time, {estimate['disk_mb']:.0f} MB of disk."
        )
    else:
        st.markdown(f":green[:material/check_circle:] **{escape_markdown(job.title)}** is done.")
