"""The indexes that the page searches, or a message where one is not available."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from msm import Catalog, InputError
from workbench.app_pages.retrieval import cached
from workbench.session.page_context import offer_training_page
from workbench.views.formatting import count, escape_markdown

if TYPE_CHECKING:  # it imports FAISS, which takes a second
    from msm.search.index_store import Finder
    from msm.search.spaces import RawSpace


def raw_finder_or_stop(catalog: Catalog, modality: str | None = None, fusion: str | None = None) -> Finder[RawSpace]:
    """The finder over raw shots; where it is too large to build now, show the command and stop the page."""
    finder = cached.raw_finder(catalog, modality, fusion)
    if finder is None:
        only = f" --only {modality}" if modality else ""
        st.info(
            f"{count(catalog.num_shots, 'shot')} are too many to look through at once. Build an index, once:",
            icon=":material/manage_search:",
        )
        st.code(f"msm index {catalog.path}{only}", language="bash", wrap_lines=True)
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
        st.info("These are too many to look through at once. Build an index, once:", icon=":material/manage_search:")
        st.code(f"msm index {catalog.path} --run {run_path}", language="bash", wrap_lines=True)
    return finder
