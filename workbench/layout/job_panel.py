"""Jobs on a page: a progress bar with the time left, the result or the error, and buttons.

    jobs_panel(folder, "ingest", "import", done=report)

`done(job, buttons)` draws the result of a job that printed JSON; `buttons` is the row below it. While a job runs, only this fragment is
drawn again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from workbench.components.into_view import into_view
from workbench.server import jobs
from workbench.server.jobs import Job
from workbench.server.roles import may_edit
from workbench.server.streamlit_internals import DeltaGenerator
from workbench.views.formatting import escape_markdown, left_in_words

ENDED = {jobs.DONE: "done", jobs.FAILED: "failed", jobs.STOPPED: "stopped", jobs.LOST: "gone"}
SCROLLED_TO = ("estimate", "budget")  # kinds whose answer is waited for at its button
_SEEN_RUNNING = "jobs.seen running"
EVERY_S = 1.0  # between two updates of a running job


def jobs_panel(
    folder: Path,
    *kinds: str,
    done: Callable[[Job, DeltaGenerator], None],
    shown: Callable[[Job], bool] = lambda job: True,
) -> None:
    """Show the jobs of these kinds, the latest first.

    shown  whether a running job is shown here, and not elsewhere on the page
    """
    with st.container():  # a fixed place, so that elements below keep their state while jobs come and go
        found = [job for job in jobs.list_jobs(folder, *kinds) if job.state != jobs.RUNNING or shown(job)]
        if running := [job.folder for job in found if job.state == jobs.RUNNING]:
            st.fragment(_running, run_every=EVERY_S)(running)
        if any(job.state != jobs.RUNNING for job in found):
            # A fragment of its own, so that Dismiss neither waits for the page nor interrupts it.
            st.fragment(_over)(folder, kinds, done)


def show_share(job: Job) -> None:
    """How far a running job is, where it was started; its button Stop is in its panel."""
    st.fragment(_share, run_every=EVERY_S)(job.folder)


def _share(folder: Path) -> None:
    now = jobs.read(folder) if folder.exists() else None
    if now is None or now.state != jobs.RUNNING:
        st.rerun()
    st.progress(now.share or 0.0, _words(now))


def _words(job: Job) -> str:
    share = f"{job.what} {job.share:.0%}".strip() if job.share else f"{job.what or 'starting'} …"
    return " · ".join(
        filter(None, [f"**{escape_markdown(job.title)}**", escape_markdown(share), left_in_words(job.seconds_left)])
    )


def _over(folder: Path, kinds: tuple[str, ...], done: Callable[[Job, DeltaGenerator], None]) -> None:
    over = [job for job in jobs.list_jobs(folder, *kinds) if job.state != jobs.RUNNING]
    for job in over[:1]:
        with st.container(border=True):
            _ended(job, done)
    for job in over[1:]:  # the latest is open, the others are folded
        with st.expander(f"{escape_markdown(job.title)} · {ENDED[job.state]}"):
            _ended(job, done)


def _running(folders: list[Path]) -> None:
    now = [jobs.read(folder) for folder in folders if folder.exists()]
    if len(now) < len(folders) or any(job.state != jobs.RUNNING for job in now):
        st.rerun()  # the whole page, which shows the result
    for job in now:
        with st.container(border=True):
            _bar(job)
        if job.kind in SCROLLED_TO:
            st.session_state.setdefault(_SEEN_RUNNING, set()).add(job.name)


def _bar(job: Job) -> None:
    bar, button = st.columns([5, 1], vertical_alignment="center")
    bar.progress(job.share or 0.0, _words(job))
    label = ("Stop", "Stop now", "Stop now")[min(job.stop_requests, 2)]
    button.button(
        label,
        key=f"stop.{job.name}",
        on_click=jobs.stop,
        args=(job,),
        icon=":material/stop_circle:",
        width="stretch",
        disabled=not may_edit(),
        help="It is stopping already; this does not wait."
        if job.stop_requests
        else "What is finished by then is kept.",
    )


def _ended(job: Job, done: Callable[[Job, DeltaGenerator], None]) -> None:
    if job.state != jobs.DONE:
        _explain_end(job)
    content, buttons = st.container(), st.container(horizontal=True)
    if job.answer:  # also a job that failed may have a partial result
        with content:
            done(job, buttons)
    if job.name in st.session_state.get(_SEEN_RUNNING, ()):  # the answer of a job that somebody waits for
        into_view(job.name, key=f"seen.{job.name}")
    buttons.button(
        "Dismiss",
        key=f"dismiss.{job.name}",
        on_click=jobs.remove,
        args=(job,),
        icon=":material/close:",
        disabled=not may_edit(),
    )


def _explain_end(job: Job) -> None:
    if job.state == jobs.STOPPED:
        st.info(f"**{escape_markdown(job.title)}** was stopped.", icon=":material/stop_circle:")
    else:
        sentence = job.sentence.replace(
            f"{job.folder.absolute() / 'files'}/", ""
        )  # uploads are named without their folder
        st.error(
            f"{escape_markdown(sentence)}."
            if job.title in sentence
            else f"**{escape_markdown(job.title)}**: {escape_markdown(sentence)}.",
            icon=":material/error:",
        )
    if len(job.log.strip().splitlines()) > 1:
        with st.expander("Details"):
            st.code(job.log, language=None)
