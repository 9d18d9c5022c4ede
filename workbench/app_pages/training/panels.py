"""Panels of the Training page: jobs that are starting, the runs that are watched, and the introduction."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from msm.runs import monitor
from workbench.app_pages.training import curves_panel, processes
from workbench.app_pages.training.runs_panel import show_annotation
from workbench.app_pages.training.status_panel import show_status
from workbench.server import jobs
from workbench.server.roles import may_edit
from workbench.server.streamlit_internals import no_fading_css
from workbench.session.arguments import read_arguments
from workbench.session.page_context import unused_name
from workbench.views.formatting import count, escape_markdown
from workbench.views.run_colors import Colors
from workbench.views.training import sentences as training_text

EVERY_S = 2.0  # between two updates while a training runs


def show_starting_jobs(folder: Path) -> None:
    """Training jobs without a run folder: still loading, or failed to start."""
    with st.container():  # keeps the place of what follows
        waiting = processes.not_begun(folder)
        if any(job.state == jobs.RUNNING for job in waiting):
            st.fragment(_show_starting_jobs, run_every=1.0)(folder, len(waiting))
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
                    "Dismiss", key=f"dismiss.{job.name}", on_click=jobs.remove, args=(job,), disabled=not may_edit()
                )


def _show_starting_jobs(folder: Path, before: int) -> None:
    waiting = processes.not_begun(folder)
    running = [job for job in waiting if job.state == jobs.RUNNING]
    if len(waiting) != before or not running:
        st.rerun()
    for job in running:
        st.info(
            f"**{escape_markdown(job.title)}** begins: it reads the catalog and makes the model …",
            icon=":material/hourglass_top:",
        )


def show_runs(runs: Mapping[str, Path], folder: Path, catalog: Path, colors: Colors) -> None:
    """State and curves of the runs, redrawn every EVERY_S seconds while one of them is being trained."""
    with st.container(key="training-watch"):
        st.html(f"<style>{no_fading_css('training-watch')}</style>")  # fading every two seconds would flicker
        running = any(processes.seen(path, folder)[0].state == monitor.RUNNING for path in runs.values())
        st.fragment(_show_runs, run_every=EVERY_S if running else None)(runs, folder, catalog, colors, running)


def _show_runs(runs: Mapping[str, Path], folder: Path, catalog: Path, colors: Colors, running: bool) -> None:
    seen = {name: processes.seen(path, folder) for name, path in runs.items() if path.exists()}
    if len(seen) < len(runs) or running != any(run.state == monitor.RUNNING for run, _ in seen.values()):
        st.rerun()  # the whole page: a run started, ended or was deleted
    name, (run, measured) = next(iter(seen.items()))
    show_status(run, folder, catalog)
    show_annotation(run.path)
    if len(measured.validations) or len(measured.steps):
        st.subheader(escape_markdown(training_text.lead_sentence(name, measured)), anchor=False)
        if sentence := training_text.overtraining_sentence(measured):
            st.markdown(sentence)
        curves_panel.show_metrics(measured, name if len(seen) > 1 else "")
        curves_panel.show_curves({n: m for n, (_, m) in seen.items()}, runs, colors)
    elif not run.problem:
        st.subheader("It has not made its first step yet.", anchor=False)
    for other, (watched, _) in list(seen.items())[1:]:
        if trouble := training_text.problem_sentence(watched):
            st.caption(f"{escape_markdown(other)}: {escape_markdown(trouble)}")
    for each, lines in ((n, m.broken) for n, (_, m) in seen.items() if m.broken):
        st.caption(f"{escape_markdown(each)}: {count(lines, 'line')} of metrics.jsonl cannot be read and left out.")
    if len(seen) > 1:
        curves_panel.show_differences({n: r for n, (r, _) in seen.items()})


def explain_trainings(catalog: Path) -> None:
    st.subheader("No training yet: how near does a model come to shots that it cannot see?", anchor=False)
    st.markdown(
        "A training hides shots of your titles and learns to restore them from the others; its curve stands against the best "
        "baseline, which copies, averages or smooths the visible shots, so that you see at once whether it understands more than its neighbours. Start one below, or on the command line:"
    )
    words = ["msm", "train", str(catalog), str(unused_name(read_arguments().runs, "mediafm"))]
    st.code(shlex.join(words), language="bash", wrap_lines=True)
