"""The form that starts a training or estimates its cost, made from the fields of the recipe."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from msm import InputError
from msm.recipes.hyperparameters import GROUPS, Hyperparameter, changed_preset, hyperparameters, train_words, value_of
from msm.recipes.recipe import Recipe
from workbench.app_pages.training import processes
from workbench.layout.choosers import choose_catalog
from workbench.layout.figures import columns
from workbench.layout.job_panel import jobs_panel
from workbench.server import jobs
from workbench.server.roles import explain_viewer
from workbench.server.streamlit_internals import DeltaGenerator
from workbench.session import cache, state
from workbench.session.arguments import catalog_names, read_arguments
from workbench.session.page_context import has_training_titles, unused_name
from workbench.views.formatting import escape_markdown, grouped
from workbench.views.training.sentences import hyperparameter_name

_STARTED, _NAME_IS_TAKEN = "training.started", "training.name is taken"
BASIC = ("steps", "mask.ratio", "mask.policy", "model.width", "model.depth", "optim.lr", "seed")


def show_form(catalog: Path, folder: Path, *, opened: bool) -> None:
    with st.expander("Start a training", icon=":material/model_training:", expanded=opened):
        if explain_viewer():
            return
        choose_catalog(catalog_names(read_arguments()))
        st.fragment(_form)(catalog, folder)


def _show_started(folder: Path) -> None:
    """What became of the training that was started last, beside the button that started it."""
    name = st.session_state.get(_STARTED)
    path = read_arguments().runs / str(name)
    if not name:
        return
    if (path / "run.json").exists():
        st.success(
            f"**{escape_markdown(name)}** was started. Its curves are at the top of this page.", icon=":material/check:"
        )
    elif any(job.about.get("run") == str(path.absolute()) for job in processes.not_begun(folder)):
        st.info(
            f"**{escape_markdown(name)}** begins: it reads the catalog and makes the model …",
            icon=":material/hourglass_top:",
        )


def _form(catalog: Path, folder: Path) -> None:
    """A preset, its hyperparameters, the resulting command, its cost, and a button that starts it."""
    from msm.recipes.presets import CATALOGUE, preset

    left, right = st.columns([2, 3])
    name = left.selectbox("Recipe", list(CATALOGUE), key="training.preset")
    base = preset(name)
    right.markdown(f"<small>{CATALOGUE[name].facts}<br>:gray[{CATALOGUE[name].source}]</small>", unsafe_allow_html=True)
    known = {k.key: k for k in hyperparameters()}
    changed = _fields([known[key] for key in BASIC], base, across=4)
    rest = [k for k in hyperparameters() if k.key not in BASIC]
    with st.expander("All hyperparameters", icon=":material/tune:"):
        st.caption("A :blue[●] marks what differs from the preset. Point at a field's question mark for what it does.")
        for tab, group in zip(st.tabs(list(GROUPS.values())), GROUPS, strict=True):
            with tab:
                changed |= _fields([k for k in rest if k.group == group], base, across=4)
    _finish(catalog, folder, name, changed)


def _finish(catalog: Path, folder: Path, name: str, changed: dict[str, Any]) -> None:
    runs = read_arguments().runs
    free = unused_name(runs, name)
    key = state.form_key("training.name")
    if st.session_state.pop(_NAME_IS_TAKEN, False):
        st.session_state[key] = ""
    typed = st.text_input("Name of the run", key=key, placeholder=free.name).strip()
    run = unused_name(runs, typed) if typed else free
    problem = _find_problem(catalog, name, typed, changed)
    st.code(shlex.join(["msm", *train_words(str(catalog), str(run), name, changed)]), language="bash", wrap_lines=True)
    with st.container():
        if problem:
            st.error(f"{escape_markdown(problem)}.", icon=":material/block:")
    _show_started(folder)  # above the buttons: whoever pressed one sees the answer without scrolling
    jobs_panel(folder, processes.ESTIMATE, done=show_estimate)
    cost, go = st.columns(2)
    dry = cost.button("How long will it take?", icon=":material/timer:", width="stretch", disabled=bool(problem))
    wanted = go.button("Start", icon=":material/play_arrow:", type="primary", width="stretch", disabled=bool(problem))
    if not (dry or wanted):
        return
    try:
        processes.start(folder, catalog, run, name, changed, dry=dry)
    except (InputError, OSError) as error:
        st.error(f"{escape_markdown(error)}.", icon=":material/error:")
        return
    if wanted:
        state.await_training(run.name)
        st.session_state[_STARTED], st.session_state[_NAME_IS_TAKEN] = run.name, True
        st.toast(f"**{escape_markdown(run.name)}** was started.", icon=":material/model_training:")
        st.rerun()
    st.rerun(scope="fragment")  # the curves above stay as they are, and so does the place of the answer


def _find_problem(catalog: Path, name: str, typed: str, changed: dict[str, Any]) -> str:
    """Why this recipe cannot be trained, as the recipe's own message; empty where it can."""
    try:
        changed_preset(name, changed)
        if not has_training_titles(cache.open_catalog(catalog)):
            return f"{catalog.name} has no training title (split train)"
    except InputError as error:
        return str(error)
    if typed and (typed != Path(typed).name or typed.startswith(".")):
        return f"{typed!r} is not a name of a folder"
    return ""


def _fields(shown: Sequence[Hyperparameter], base: Recipe, *, across: int) -> dict[str, Any]:
    """A field a hyperparameter, side by side; returns the values that differ from the preset."""
    changed = {}
    for row in _rows(shown, across):
        place = f"knobs-{row[0].key.replace('.', '-')}"
        for column, parameter in zip(columns(place, [1] * across, least_px=140, align="bottom"), row, strict=False):
            with column:
                before = value_of(base, parameter.key)
                value = _field(parameter, before, base.name)
                if value != before:
                    changed[parameter.key] = value
    return changed


def _rows(shown: Sequence[Hyperparameter], across: int) -> Iterable[Sequence[Hyperparameter]]:
    return (shown[i : i + across] for i in range(0, len(shown), across))


def _field(parameter: Hyperparameter, before: Any, name: str) -> bool | int | float | str | None:
    key = state.form_key(f"{name}.{parameter.key}")
    differs = st.session_state.get(key, before) != before
    label = hyperparameter_name(parameter.key) + (" :blue[●]" if differs else "")
    help_ = f"`{parameter.key}`" + (f": {parameter.help}" if parameter.help else "")
    if parameter.kind is bool:
        return st.toggle(label, before, key=key, help=help_)
    if parameter.choices:
        return st.selectbox(label, parameter.choices, parameter.choices.index(before), key=key, help=help_)
    if parameter.limits is None:
        return st.text_input(label, before, key=key, help=help_)
    low, high = (parameter.kind(limit) for limit in parameter.limits)
    help_ += f" ({low:g} to {high:g})"
    if parameter.kind is int:
        return st.number_input(label, low, high, before, 1, key=key, help=help_)
    return st.number_input(label, low, high, before, _step(before, high), format="%g", key=key, help=help_)


def _step(value: float, high: float) -> float:
    """The increment of the plus button: about a tenth of the value."""
    size = abs(value) or min(1.0, high)
    return float(10.0 ** (math.floor(math.log10(size)) - (1 if value else 0)) if size != 1.0 else 0.1)


def show_estimate(job: jobs.Job, buttons: DeltaGenerator) -> None:
    """The estimated time and disk space of a training."""
    from msm.ablation.progress import minutes

    estimate = job.answer
    st.markdown(
        f":green[:material/timer:] {job.title.removeprefix('Timing ')}: **about {minutes(estimate['seconds'])}**, {grouped(estimate['steps'])} steps of "
        f"{1000 * estimate['step_s']:.0f} ms; {grouped(estimate['parameters'])} parameters, {estimate['disk_mb']:.0f} MB of disk."
    )
