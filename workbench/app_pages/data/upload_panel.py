"""The result of a finished ingest or import: new titles, their soundness, and a button to the masking lab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from msm import Catalog, InputError, Title
from workbench.layout import catalog_panels
from workbench.server.jobs import Job
from workbench.server.streamlit_internals import DeltaGenerator
from workbench.session import cache, state
from workbench.session.arguments import catalog_named, catalog_names, read_arguments
from workbench.session.page_context import suggest_training, switch_to_page
from workbench.views.catalog_tables import present_sentence
from workbench.views.formatting import clock, count, escape_markdown

FRAMES, FRAME_PX = 8, 88  # thumbnails of a new title, and their width in pixels
MOST_TITLES = 4  # shown with frames; the rest is in the table of titles


def show_finished_job(job: Job, buttons: DeltaGenerator) -> None:
    """The new titles of a job with frames, the soundness of the catalog, and a button to the masking lab."""
    if job.kind == "ingest" and not job.answer.get("added") and not job.answer.get("skipped"):
        return
    path = catalog_named(read_arguments(), job.about["catalog"])
    try:
        catalog = cache.open_catalog(path or read_arguments().catalog.absolute().parent / job.about["catalog"])
    except InputError as error:
        st.warning(f"{escape_markdown(error)}.", icon=":material/folder_off:")
        return
    came = job.answer.get("added") if job.kind == "ingest" else None
    titles = [catalog[t] for t in came if t in catalog] if came is not None else list(catalog)
    skipped = job.answer.get("skipped", []) if job.kind == "ingest" else []
    shown = titles[:MOST_TITLES] if len(titles) == 1 or job.kind == "ingest" else []
    for title in shown:
        _show_title(title)
    if shown and len(titles) > len(shown):
        st.caption(f"And {count(len(titles) - len(shown), 'more title')}.")
    for warning in ingest_warnings(job.answer):
        st.warning(escape_markdown(warning), icon=":material/warning:")
    if skipped:
        st.caption(f"There already, so left as they are: {escape_markdown(', '.join(skipped))}.")
    held = f"`{catalog.path.name}` holds {count(len(catalog), 'title')} and {count(catalog.num_shots, 'shot')}."
    found = catalog_panels.inspect_or_offer(catalog)
    catalog_panels.show_soundness(found, held)
    if found and not shown:
        st.caption(present_sentence(found.counts, catalog.num_shots))
    if titles:
        _offer_masking_lab(job, catalog, titles[0], buttons)


def ingest_warnings(answer: Mapping[str, Any]) -> list[str]:
    """A sentence for each warning of an ingest's report, with the title that it is about."""
    rows = [row for row in answer.get("films") or [] if isinstance(row, dict)]
    return [f"{row.get('title_id')}: {warning}" for row in rows for warning in row.get("warnings") or []]


def _show_title(title: Title) -> None:
    """Name, length and frames of a title, and how many of its shots have each modality."""
    words = [f"**{title.name}**", clock(title.duration_s), count(title.num_shots, "shot"), f"split {title.split}"]
    st.markdown(":green[:material/check_circle:] " + " · ".join(filter(None, words)))
    chosen = np.unique(((np.arange(FRAMES) + 0.5) / FRAMES * title.num_shots).astype(int))
    frames = [str(p) for n in chosen if (p := title.thumbnail(n)).is_file()]
    if frames:
        with st.container(horizontal=True, gap="xsmall"):
            for frame in frames:
                st.image(frame, width=FRAME_PX, alt=f"A shot of {title.name}")
    names = [m.name for m in title.catalog.modalities]
    counts = dict(zip(names, title.present.sum(axis=0).tolist(), strict=True))
    st.caption(present_sentence(counts, title.num_shots))


def _offer_masking_lab(job: Job, catalog: Catalog, title: Title, buttons: DeltaGenerator) -> None:
    runs = cache.list_runs(read_arguments().runs, catalog)
    if not runs["problem"].isna().any():
        suggest_training(catalog, runs)
    lab = "Open in the masking lab"
    if buttons.button(lab, key=f"open.{job.name}", type="primary", icon=":material/visibility_off:"):
        default = catalog_names(read_arguments())[0]
        state.choose_catalog(None if catalog.path.name == default else catalog.path.name)
        state.choose_title(title.title_id)
        switch_to_page("masking_lab", catalog)
