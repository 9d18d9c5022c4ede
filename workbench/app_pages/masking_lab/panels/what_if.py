"""What-if: less visible context, other metadata or another run, on the same hidden shots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from msm import Catalog, Title
from msm.data.ranges import format_ranges
from workbench.app_pages.masking_lab.panels.expected import focused
from workbench.layout.figures import draw
from workbench.session import interpretation_cache, settings, shot_frames, state
from workbench.session.cache import Filled
from workbench.session.page_context import runs_beside
from workbench.views import palette
from workbench.views.formatting import escape_markdown, number
from workbench.views.frames import Frame, column, styled, triptych
from workbench.views.interpret.what_if import context_figure, context_sentence, pair_sentence
from workbench.views.notebook_code import context_code

LESS, METADATA, RUN = "Less of the film", "Other metadata", "Another run"
NONE = ""  # no title, so no metadata


def panel(catalog: Catalog, title: Title, run_path: Path, filled: Filled | None) -> None:
    if filled is None:
        st.markdown("Hide a few shots to see what the model would make of them if it knew less.")
        return
    body = st.container()
    shown = {LESS: less_of_the_film, METADATA: other_metadata, RUN: another_run}
    bound = settings.choice("what_if", shown, LESS)
    chosen = st.segmented_control("What if", list(shown), required=True, label_visibility="collapsed", **bound)
    with body:
        shown[str(chosen)](catalog, title, run_path, filled)


def less_of_the_film(catalog: Catalog, title: Title, run_path: Path, filled: Filled) -> None:
    hidden = tuple(state.hidden())
    table = interpretation_cache.context_curve(catalog, run_path, title.title_id, hidden)
    st.markdown(f"**{context_sentence(table)}**")
    draw(context_figure(table), "context")
    num_used = int(table["num_hidden"].iloc[0])
    some = (
        "" if num_used == len(hidden) else f" {num_used} of the {len(hidden)} hidden shots, evenly spread, were used."
    )
    st.caption(f"Each hidden shot from the nearest visible ones alone, as if the film began and ended there.{some}")
    with st.expander("Copy as code", icon=":material/code:"):
        code = context_code(catalog.path, run_path, title.title_id, format_ranges(hidden))
        st.code(code, language="python")


def other_metadata(catalog: Catalog, title: Title, run_path: Path, filled: Filled) -> None:
    if not catalog.global_dim:
        st.markdown("**This catalog tells nothing of a title as a whole, so there is no metadata to change.**")
        return
    if not interpretation_cache.uses_metadata(run_path):
        st.markdown("**This run does not read metadata, so nothing would change.**")
        return
    body = st.container()
    names = {NONE: "no metadata at all", **dict(zip(catalog.titles["title_id"], catalog.titles["name"], strict=True))}
    names.pop(title.title_id)
    bound = settings.choice("metadata_of", names, NONE)
    metadata_of = st.selectbox("Told in the place of its own", list(names), format_func=names.__getitem__, **bound)
    with body:
        other = interpretation_cache.fill_in_with_metadata(
            catalog, run_path, title.title_id, tuple(state.hidden()), metadata_of or None
        )
        other_name = (
            "the model without any metadata" if metadata_of == NONE else f"the model told of “{names[metadata_of]}”"
        )
        st.markdown(
            f"**{escape_markdown(pair_sentence(filled.table, other.table, 'the model with the film’s own metadata', other_name))}**"
        )
        heading = "No metadata" if metadata_of == NONE else f"“{names[metadata_of]}”"
        side_by_side(catalog, title, run_path, run_path, filled, other, ("Own metadata", heading), metadata_of)


def another_run(catalog: Catalog, title: Title, run_path: Path, filled: Filled) -> None:
    others = runs_beside(catalog, run_path)
    if not others:
        st.markdown("**There is no other run here that fits these shots.**")
        return
    body = st.container()
    name = st.selectbox("Compare with", list(others), **settings.choice("other_run", others, next(iter(others))))
    with body:
        hidden = tuple(state.hidden())
        other = interpretation_cache.fill_in_with_metadata(
            catalog, others[name], title.title_id, hidden, title.title_id
        )
        sentence = pair_sentence(filled.table, other.table, f"the run {run_path.name}", f"the run {name}")
        st.markdown(f"**{escape_markdown(sentence)}**")
        side_by_side(catalog, title, run_path, others[name], filled, other, (run_path.name, name), title.title_id)


def side_by_side(
    catalog: Catalog,
    title: Title,
    run_path: Path,
    other_path: Path,
    filled: Filled,
    other: Filled,
    headings: tuple[str, str],
    metadata_of: str,
) -> None:
    """The real shot, and the real shots nearest to both predictions."""
    hidden, shot = tuple(state.hidden()), focused(catalog, title, run_path, tuple(state.hidden()))
    first = int(title.row["first_shot"])
    ours = interpretation_cache.candidates_with_metadata(
        catalog, run_path, title.title_id, hidden, shot, title.title_id
    )
    theirs = interpretation_cache.candidates_with_metadata(
        catalog, other_path, title.title_id, hidden, shot, metadata_of or None
    )
    columns = [
        column(
            "The real shot",
            palette.TRUTH,
            shot_frames.frame(catalog, first + shot, of=title.title_id, mark="truth"),
        )
    ]
    for heading, colour, rows, table in (
        (headings[0], palette.MODEL, ours, filled.table),
        (headings[1], palette.OTHER, theirs, other.table),
    ):
        near = number(float(table.set_index("shot")["centred_cosine"][shot]))
        drawn = [_pick(catalog, title, row, first + shot) for row in rows]
        columns.append(column(f"{heading} · {near}", colour, drawn[0], drawn[1:]))
    st.html(styled(triptych(columns)))


def _pick(catalog: Catalog, title: Title, row: int, truth: int) -> Frame:
    how: dict[str, Any] = {"mark": "truth", "badge": "the real shot"} if row == truth else {}
    return shot_frames.frame(catalog, row, of=title.title_id, **how)
