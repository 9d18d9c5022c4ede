"""How often a search finds shots with the same label: R@k, mAP and median rank on test titles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from msm import Catalog, InputError
from workbench.app_pages.retrieval import cached
from workbench.layout.figures import draw
from workbench.session import settings
from workbench.views import search_results as views
from workbench.views.formatting import count, escape_markdown
from workbench.views.notebook_code import measures_code


def show_quality(catalog: Catalog, finders: dict[str, Any], run_path: Path | None) -> None:
    """Retrieval metrics of raw and contextual search for a label, on test titles."""
    labels = [c for c in [*catalog.shot_labels, *catalog.title_labels] if c not in ("scene", "scene_start")]
    if not labels or not finders:
        return
    st.subheader("How often does a search find the same?", anchor=False)
    pick, start = st.columns([2, 5], vertical_alignment="bottom")
    label = pick.selectbox("Label", labels, **settings.choice("measure", labels, labels[0]))
    leave_out = "title" if label in catalog.title_labels else "scene"
    if not start.toggle("Measure on the unseen titles", **settings.flag("measured")):
        st.caption(
            "Every shot of the test titles is searched for in turn: how often is the nearest one, or one of the nearest "
            "five or ten, of the same kind?"
        )
        return
    key = (catalog, *(f.space.mark for f in finders.values()))
    try:
        measured = cached.measured({n: f.space for n, f in finders.items()}, key, str(label), "test", leave_out)
    except InputError as error:
        st.info(f"{escape_markdown(error)}.", icon=":material/straighten:")
        return
    table = views.measures_table(measured)
    st.markdown(views.measures_sentence(table, str(label)))
    draw(views.measures_figure(table), "retrieval.measures")
    figure = st.column_config.NumberColumn
    names = {"how": "Search", "r1": "R@1", "r5": "R@5", "r10": "R@10", "map": "mAP", "median_rank": "Median rank"}
    st.dataframe(
        table.rename(columns=names),
        hide_index=True,
        column_config={n: figure(format="%.0f" if n == "Median rank" else "%.3f") for n in list(names.values())[1:]},
    )
    left = {"scene": "the query's own scene", "title": "the query's own title"}[leave_out]
    st.caption(
        f"{count(measured['num_scored'], 'query')} among {count(measured['num_searched'], 'shot')} of "
        f"{count(measured['num_titles'], 'test title')}; {left} is left out. Chance is a random order.".replace(
            "querys", "queries"
        )
    )
    with st.expander("Copy as code", icon=":material/code:"):
        st.code(measures_code(catalog.path, run_path, str(label), leave_out), language="python")
