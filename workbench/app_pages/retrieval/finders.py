"""The indexes that the page searches, or a message where one is not available."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from msm import Catalog, InputError
from workbench.app_pages.retrieval import cached
from workbench.layout.job_panel import show_share
from workbench.server import jobs
from workbench.server.roles import may_edit
from workbench.session.arguments import read_arguments
from workbench.session.page_context import offer_training_page
from workbench.views.formatting import count, escape_markdown

KIND = "index"  # of its jobs

if TYPE_CHECKING:  # it imports FAISS, which takes a second
    from msm.search.index_store import Finder
    from msm.search.spaces import RawSpace


def raw_finder_or_stop(catalog: Catalog, modality: str | None = None, fusion: str | None = None) -> Finder[RawSpace]:
    """The finder over raw shots; where it is too large to build now, show the command and stop the page."""
    finder = cached.raw_finder(catalog, modality, fusion)
    if finder is None:
        words = ["--only", modality] if modality else []
        offer_index(catalog, words, f"{count(catalog.num_shots, 'shot')} are too many to look through at once.")
        st.stop()
    return finder


def contextual_finder_or_none(catalog: Catalog, run_path: Path | None) -> Finder | None:
    """The finder over contextual embeddings of a run; None, and a message, where there is none."""
    if run_path is None:
        st.info(
            "With a trained run, this column shows what plays a like part in its title.",
            icon=":material/model_training:",
        )
        offer_training_page(catalog, "Train one")
        return None
    bar = st.empty()
    try:
        finder = cached.contextual_finder(
            catalog,
            run_path,
            lambda share: bar.progress(min(share, 1.0), f"{run_path.name} looks at every title, once … {share:.0%}"),
        )
    except InputError as error:
        st.error(f"{escape_markdown(error)}.")
        return None
    finally:
        bar.empty()
    if finder is None:
        offer_index(catalog, ["--run", str(run_path.absolute())], "These are too many to look through at once.")
    return finder


def offer_index(catalog: Catalog, options: Sequence[str], why: str) -> None:
    """Why there are no results, a button that builds the index, how far it is, and the command that does the same."""
    folder, path = jobs.jobs_folder(read_arguments().runs), str(catalog.path.absolute())
    about = {"catalog": path, "options": list(options)}
    st.info(f"{why} Build an index, once:", icon=":material/manage_search:")
    found = [job for job in jobs.list_jobs(folder, KIND) if job.about == about]
    running = next((job for job in found if job.state == jobs.RUNNING), None)
    if running is not None:
        show_share(running)
    elif may_edit():
        if found and found[0].state != jobs.DONE:
            st.error(f"{escape_markdown(found[0].sentence or 'It was stopped')}.", icon=":material/error:")
        if st.button("Build the index", icon=":material/database:", type="primary", key=f"index.{'.'.join(options)}"):
            with jobs.prepared(folder, KIND) as place:
                title = f"Index of {catalog.path.absolute().name}"
                jobs.start(place, title, [KIND, path, "--json", *options], about)
            st.rerun()
    st.code(f"msm index {shlex.join([str(catalog.path), *options])}", language="bash", wrap_lines=True)
