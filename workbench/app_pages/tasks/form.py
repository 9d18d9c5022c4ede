"""The form of the Tasks page: a file of labels, uploaded or on this machine's disk, becomes a job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from msm import Catalog, InputError
from workbench.app_pages.data.uploads import existing_path, save_uploads
from workbench.app_pages.tasks.controls import REPORT
from workbench.layout.figures import columns
from workbench.server import jobs
from workbench.server.roles import explain_viewer
from workbench.server.streamlit_internals import DeltaGenerator
from workbench.session import page_texts, state
from workbench.session.arguments import read_arguments
from workbench.views.formatting import escape_markdown

KIND = "probe"  # of its jobs
SUFFIXES = ["csv", "tsv", "txt", "eaf", "json"]
LARGEST_MB = 200
FOLDS = {"test titles": None, "5 folds of titles": 5, "10 folds of titles": 10}


def show_form(catalog: Catalog, run_path: Path, *, first: bool) -> None:
    """A file, how it is read, and the button that starts the probes; folded where there is a report already."""
    with st.container(border=True) if first else st.expander("Ask about other labels", icon=":material/label:"):
        if explain_viewer():
            return
        left, right = columns("labels", [3, 2], least_px=260)
        files = left.file_uploader(
            f"Upload labels, up to {LARGEST_MB} MB each", type=SUFFIXES, accept_multiple_files=True,
            key=state.form_key("upload.labels"), max_upload_size=LARGEST_MB,
        )  # fmt: skip
        path = right.text_input(
            "or read from this machine's disk", key=state.form_key("path.labels"), placeholder="/labels/moods.csv",
            disabled=bool(files), help="CSV, ELAN .eaf, or a JSON export of Label Studio.",
        )  # fmt: skip
        options = _options()
        ready = bool(files or path.strip())
        if st.button("Ask", type="primary", icon=":material/play_arrow:", disabled=not ready, key="tasks.ask"):
            _start(files or [], path, options, catalog, run_path)


def _options() -> list[str]:
    """The options of `msm probe` that the form offers."""
    with st.expander("More choices", icon=":material/tune:"):
        left, right = st.columns(2)
        scored = left.selectbox("Scored on", list(FOLDS), help="No title is on both sides.")
        overlap = right.slider("A shot belongs to a stretch that holds so much of it", 0.1, 1.0, 0.5, 0.1)
        kinds = left.text_input("Kinds", placeholder="mood=tags scene=boundaries", help="Where values leave a choice.")
        fps = right.text_input("Frames a second", placeholder="for timelines of Label Studio")
        each = left.checkbox("Every shot of a span or title is an example")
        tags = right.checkbox("0/1 columns are the tags of one label")
    words = [f"--overlap={overlap:g}", *(f"--task={k}" for k in kinds.split())]
    words += [f"--folds={FOLDS[scored]}"] if FOLDS[scored] else []
    words += [f"--fps={fps.strip()}"] if fps.strip() else []
    return [*words, *(["--each-shot"] if each else []), *(["--tags"] if tags else [])]


def _start(files: list[Any], path: str, options: list[str], catalog: Catalog, run_path: Path) -> None:
    try:
        with jobs.prepared(jobs.jobs_folder(read_arguments().runs), KIND) as folder:
            found = save_uploads(files, folder / "files") if files else [existing_path(path)]
            labels = [f"--labels={file}" for file in found]
            words = [KIND, *labels, *options, "--json", "--", str(catalog.path.absolute()), str(run_path.absolute())]
            jobs.start(folder, f"{found[0].name} with {run_path.name}", words, {"report": found[0].stem})
    except (InputError, OSError) as error:
        st.error(f"{escape_markdown(error)}.", icon=":material/error:")
        return
    state.clear_forms()
    st.rerun()


def show_finished_job(job: jobs.Job, buttons: DeltaGenerator) -> None:
    """The message of a finished probe, and a button that shows its report."""
    st.success(f"**{escape_markdown(job.title)}** is done.", icon=":material/check:")
    name = job.about.get("report")
    if buttons.button("Show it", key=f"show.{job.name}", icon=":material/label:"):
        page_texts.put(REPORT, name)
        st.rerun()
