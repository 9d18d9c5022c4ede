"""The state of a run, and the buttons that stop, resume, open or delete it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from msm import InputError
from msm.runs import monitor
from msm.runs.monitor import Watched
from workbench.app_pages.training import processes
from workbench.app_pages.training.controls import RUN
from workbench.layout.figures import columns, danger_button
from workbench.server.roles import may_edit
from workbench.session import cache, page_texts, state
from workbench.session.arguments import catalog_named, catalog_names, read_arguments
from workbench.session.page_context import switch_to_page
from workbench.views.formatting import escape_markdown, number
from workbench.views.training import sentences as training_text

MARKS = {
    monitor.RUNNING: ":blue[:material/play_circle:]",
    monitor.DONE: ":green[:material/check_circle:]",
    monitor.STOPPED: ":gray[:material/pause_circle:]",
    monitor.FAILED: ":red[:material/error:]",
    monitor.LOST: ":orange[:material/heart_broken:]",
}


def show_status(run: Watched, folder: Path, catalog: Path) -> None:
    """State, step, time left and the last heartbeat of a run, with its buttons."""
    with st.container(border=True, key="training-standing"):
        state_column, buttons = columns("training-standing", [4, 5], least_px=320, align="bottom")
        with state_column:
            words = training_text.progress_words(run, processes.seconds_left(run)) if not run.problem else ""
            mark = f"{MARKS[run.state]} **{escape_markdown(run.name)}** {training_text.STATES[run.state]}"
            share = min(1.0, run.step / run.steps) if run.steps else 0.0
            if run.state == monitor.DONE or run.problem:
                st.markdown(" · ".join(filter(None, [mark, words])))
            else:
                st.progress(share, " · ".join([mark, words]))
        with buttons.container(horizontal=True, horizontal_alignment="right", vertical_alignment="bottom"):
            _buttons(run, folder, catalog)
        if trouble := training_text.problem_sentence(run):
            st.markdown(f":orange[:material/warning:] {escape_markdown(trouble)}")
            _log(run, folder)


def _log(run: Watched, folder: Path) -> None:
    job = processes.job_of(run.path, folder)
    if run.state == monitor.FAILED and job and job.log.strip():
        with st.expander("What it wrote last"):
            st.code(job.log, language=None)


def _buttons(run: Watched, folder: Path, catalog: Path) -> None:
    """The row stands at the right, so a button at its end that came or went would move the others under the pointer."""
    if run.state == monitor.RUNNING:
        st.button(
            "Stop", icon=":material/stop_circle:", disabled=run.stopping or not may_edit(), on_click=processes.stop,
            args=(run.path,), key=f"stop.{run.name}",
            help="It ends at its next step, keeps what it has, and can be resumed.",
        )  # fmt: skip
    elif run.state != monitor.DONE and not run.problem:
        _resume(run, folder, catalog)
    if run.path.parent.absolute() != read_arguments().runs.absolute():
        return  # a run of a sweep: the other pages list runs by themselves, and its table needs it
    if (run.path / "model.safetensors").exists():
        _ways_on(run, catalog)
    if may_edit():
        _delete(run, folder)


def _resume(run: Watched, folder: Path, catalog: Path) -> None:
    learned = processes.catalog_of(run, read_arguments(), catalog)
    why = (
        "It goes on from its last checkpoint."
        if learned
        else "The catalog that it was started on is not here, or has changed."
    )
    pressed = st.button(
        "Resume", icon=":material/play_arrow:", type="primary", key=f"resume.{run.name}",
        disabled=learned is None or not may_edit(), help=why,
    )  # fmt: skip
    if pressed and learned:
        processes.resume(folder, run, learned)
        st.rerun()


def _ways_on(run: Watched, catalog: Path) -> None:
    """Buttons that open this run in the masking lab and on the Evaluation page."""
    kind: Any = "primary" if run.state == monitor.DONE else "secondary"
    lab = st.button(
        "Masking lab", icon=":material/visibility_off:", type=kind, help="Hide shots and see what it fills in."
    )
    report = st.button("Evaluation", icon=":material/straighten:", help="Measure it on titles that it never saw.")
    if not (lab or report):
        return
    fitting = _fitting_catalog(run, catalog)
    if fitting is None:
        st.warning("No catalog here has shots of the kind that it was trained on.", icon=":material/folder_off:")
        return
    state.choose_catalog(None if fitting == catalog_names(read_arguments())[0] else fitting)
    state.choose_run(run.name)
    path = catalog_named(read_arguments(), fitting)
    assert path is not None
    switch_to_page("masking_lab" if lab else "evaluation", cache.open_catalog(path))


def _fitting_catalog(run: Watched, chosen: Path) -> str | None:
    """The name of a catalog whose shots this run can predict, the chosen one first."""
    arguments = read_arguments()
    here = processes.catalog_of(run, arguments, chosen)
    for path in filter(None, [chosen, here, *(catalog_named(arguments, n) for n in catalog_names(arguments))]):
        try:
            table = cache.list_runs(arguments.runs, cache.open_catalog(path))
        except InputError:
            continue
        name = path.absolute().name
        if catalog_named(arguments, name) and table.loc[table["name"] == run.name, "problem"].isna().any():
            return name
    return None


def _delete(run: Watched, folder: Path) -> None:
    is_running = run.state == monitor.RUNNING
    with st.popover("Delete", icon=":material/delete:", disabled=is_running):
        if is_running:
            st.markdown("Stop it first.")
            return
        size = number(monitor.size_mb(run.path), 0)
        st.markdown(
            f"Delete **{escape_markdown(run.name)}** with its weights and curves ({size} MB)? This cannot be undone."
        )
        if danger_button("Delete it for good", key=f"delete.{run.name}"):
            try:
                processes.delete(folder, run.path, read_arguments().runs)
            except (InputError, OSError) as error:
                st.error(f"{escape_markdown(error)}.")
                return
            page_texts.put(RUN, None)  # or the page would say that there is no such run
            st.rerun()
