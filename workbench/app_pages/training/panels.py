"""Pieces of the Training page: which runs are looked at, those that begin, and the form that starts another."""

from __future__ import annotations

import shlex
from pathlib import Path

import streamlit as st

from msm.runs import monitor
from workbench.app_pages.training import curves, form, processes
from workbench.app_pages.training.status import standing
from workbench.layout.choosers import choose_catalog
from workbench.layout.figures import columns
from workbench.server import jobs
from workbench.server.roles import may_edit, say_viewer
from workbench.server.streamlit_internals import DeltaGenerator, no_fading_css
from workbench.session import state, url_state
from workbench.session.arguments import catalog_names, read_arguments
from workbench.session.page_context import free_name
from workbench.views.formatting import count, escape_markdown, grouped
from workbench.views.training import sentences as training_text
from workbench.views.training.curves import MOST_RUNS

EVERY_S = 2.0  # between two looks while something is trained


def choose(runs: dict[str, Path]) -> list[Path]:
    """The head of the page: its name, which run, and which others to lay beside it; the one in question first."""
    name, run, beside = columns("training-head", [3, 3, 4], least_px=180, align="bottom")
    name.header("Training", anchor=False)
    if not runs:
        return []
    if state.expected() in runs:
        url_state.watch(str(state.expected()))
        state.expect("")
    if url_state.watched() not in runs:
        if linked := url_state.watched():
            st.warning(
                f"There is no run {escape_markdown(repr(linked[:80]))} here. Here is another.",
                icon=":material/link_off:",
            )
        url_state.watch(next(iter(runs)))
    url_state.watch(str(url_state.watched()))
    key = state.widget("training.run", url_state.watched())
    states = {n: monitor.look(p, step=0).state for n, p in runs.items()}
    run.selectbox(
        "Run", list(runs), key=key, on_change=lambda: url_state.watch(st.session_state[key]),
        format_func=lambda n: f"{n} · {training_text.STATES[states[n]]}",
    )  # fmt: skip
    others = [n for n in runs if n != url_state.watched()]
    chosen = beside.multiselect(
        "Beside it", others, key="training.beside", placeholder="other runs", max_selections=MOST_RUNS - 1,
        disabled=not others,
    )  # fmt: skip
    return [runs[str(url_state.watched())], *(runs[n] for n in chosen if n in others)]


def beginning(folder: Path) -> None:
    """Trainings that have no folder yet: they load what they need, or could not begin."""
    with st.container():  # one place for what is there or not
        waiting = processes.not_begun(folder)
        if any(job.state == jobs.RUNNING for job in waiting):
            st.fragment(_beginning, run_every=1.0)(folder, len(waiting))
        for job in (j for j in waiting if j.state != jobs.RUNNING):
            with st.container(border=True):
                st.error(
                    f"**{escape_markdown(job.title)}** did not begin: {escape_markdown(job.sentence or 'it was stopped')}.",
                    icon=":material/error:",
                )
                if len(job.log.strip().splitlines()) > 1:
                    with st.expander("Details"):
                        st.code(job.log, language=None)
                st.button(
                    "Dismiss", key=f"dismiss.{job.name}", on_click=jobs.forget, args=(job,), disabled=not may_edit()
                )


def _beginning(folder: Path, before: int) -> None:
    waiting = processes.not_begun(folder)
    running = [job for job in waiting if job.state == jobs.RUNNING]
    if len(waiting) != before or not running:
        st.rerun()
    for job in running:
        st.info(
            f"**{escape_markdown(job.title)}** begins: it reads the catalog and makes the model …",
            icon=":material/hourglass_top:",
        )


def watch(paths: list[Path], folder: Path, catalog: Path) -> None:
    """How the runs stand and their curves; drawn anew every two seconds while one of them is trained."""
    with st.container(key="training-watch"):
        st.html(f"<style>{no_fading_css('training-watch')}</style>")  # fading every two seconds would flicker
        running = any(processes.seen(path, folder)[0].state == monitor.RUNNING for path in paths)
        st.fragment(_watch, run_every=EVERY_S if running else None)(paths, folder, catalog, running)


def _watch(paths: list[Path], folder: Path, catalog: Path, running: bool) -> None:
    seen = [processes.seen(path, folder) for path in paths if path.exists()]
    if len(seen) < len(paths) or running != any(run.state == monitor.RUNNING for run, _ in seen):
        st.rerun()  # the whole page: one began, ended or was removed
    (run, measured), runs = seen[0], {r.name: m for r, m in seen}
    standing(run, folder, catalog)
    if len(measured.validations) or len(measured.steps):
        st.subheader(escape_markdown(training_text.lead_sentence(run.name, measured)), anchor=False)
        if said := training_text.overtraining_sentence(measured):
            st.markdown(said)
        curves.numbers(measured)
        curves.curves(runs, paths[0].parent)
    elif not run.problem:
        st.subheader("It has not made its first step yet.", anchor=False)
    for other, _ in seen[1:]:
        if trouble := training_text.trouble_sentence(other):
            st.caption(f"{escape_markdown(other.name)}: {escape_markdown(trouble)}")
    for name, lines in ((r.name, m.broken) for r, m in seen if m.broken):
        st.caption(f"{escape_markdown(name)}: {count(lines, 'line')} of metrics.jsonl cannot be read and left out.")
    if len(seen) > 1:
        curves.differences([r for r, _ in seen])


def estimated(job: jobs.Job, buttons: DeltaGenerator) -> None:
    """What a training would cost."""
    from msm.ablation.progress import minutes

    said = job.answer
    st.markdown(
        f":green[:material/timer:] {job.title.removeprefix('Timing ')}: **about {minutes(said['seconds'])}**, {grouped(said['steps'])} steps of "
        f"{1000 * said['step_s']:.0f} ms; {grouped(said['parameters'])} parameters, {said['disk_mb']:.0f} MB of disk."
    )


def nothing_yet(catalog: Path) -> None:
    st.subheader("No training yet: how near does a model come to shots that it cannot see?", anchor=False)
    st.markdown(
        "A training hides shots of your titles and learns to restore them from the others; its curve stands against the best "
        "way to copy, so that you see at once whether it understands more than its neighbours. Start one below, or on the command line:"
    )
    words = ["msm", "train", str(catalog), str(free_name(read_arguments().runs, "mediafm"))]
    st.code(shlex.join(words), language="bash", wrap_lines=True)


def start_another(catalog: Path, folder: Path, *, opened: bool) -> None:
    with st.expander("Start a training", icon=":material/model_training:", expanded=opened):
        if say_viewer():
            return
        choose_catalog(catalog_names(read_arguments()))
        st.fragment(form.form)(catalog, folder)
