"""Panels of the Embedding map page: the map, what the chosen shots have in common, and where they can be taken."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import streamlit as st

from msm import Catalog
from msm.projection.maps import StoredMap
from workbench.app_pages.embedding_map import cached
from workbench.app_pages.embedding_map.maps import Entry
from workbench.components.shot_map import Gesture, shot_map
from workbench.layout.figures import copy_as_code
from workbench.session import page_texts, settings, state, url_state
from workbench.session.arguments import read_arguments
from workbench.session.page_context import switch_to_page
from workbench.views.formatting import clock, count, escape_markdown
from workbench.views.map.component_data import ranges
from workbench.views.map.figure import map_figure
from workbench.views.map.sentences import (
    label_agreement_sentence,
    map_name,
    map_note,
    overlap_sentence,
    several_titles_sentence,
    shown_first,
    typical_sentence,
)
from workbench.views.notebook_code import map_code

PIN = "pin"  # among the settings of the page
LONGEST_TABLE = 5000
NEAR_SHOWN = 8


def show_maps(catalog: Catalog, shown: Sequence[Entry], label: str | None, choice: dict[str, Any]) -> None:
    """One map or two, with the selected points."""
    stored = [e.stored for e in shown if e.stored]
    of = stored[0].of
    about = cached.about(catalog, of)
    panels = [(cached.points(m), map_name(m.facts), map_note(m.facts)) for m in stored]
    _show(catalog, of, about, panels, label, choice, stored[0])


def show_label_agreement(catalog: Catalog, shown: Sequence[Entry], label: str | None) -> None:
    """How often nearest neighbours share the label that colours the points."""
    if not label:
        return
    stored = [(e.name, e.stored) for e in shown if e.stored]
    shares = {name: share for name, m in stored if (share := cached.label_agreement(catalog, m, label))}
    if shares:
        near = min(m.neighbours.shape[1] for _, m in stored if m.neighbours is not None)
        named = {
            escape_markdown(f"in {name}" if name != "Raw shots" else "raw"): share for name, share in shares.items()
        }
        st.markdown(label_agreement_sentence(named, label, near))


def show_preview(catalog: Catalog, label: str | None, choice: dict[str, Any]) -> None:
    """The first two principal components, shown until a map is drawn."""
    about = cached.about(catalog, "shots")
    points = cached.preview(catalog)
    _show(catalog, "shots", about, [(points, "Raw shots", "two principal components, no map yet")], label, choice, None)


def _show(
    catalog: Catalog,
    of: str,
    about: dict[str, Any],
    panels: Sequence[tuple[dict[str, Any], str, str]],
    label: str | None,
    choice: dict[str, Any],
    stored: StoredMap | None,
) -> None:
    def apply(gesture: Gesture) -> None:
        """Apply a gesture; one from the map of another catalog is ignored."""
        if gesture.about != about["key"]:
            return
        rows = _rows_of(catalog, of, gesture.points)
        if rows != state.selected():
            state.select(rows)
        page_texts.put(PIN, None if gesture.pin is None else str(gesture.pin))

    colours = cached.colours(catalog, of, label) if label else None
    chosen = _points_of(catalog, of, state.selected())
    display = {**choice, "selected": ranges(chosen), "pinned": _pinned(about["count"], stored)}
    display["notes"] = cached.noted_points(catalog, of) or None
    shot_map(about, panels, colours, display, key="map", on_gesture=apply)


def _pinned(num_points: int, stored: StoredMap | None) -> dict[str, Any] | None:
    pinned = settings.text(PIN)
    if not re.fullmatch("[0-9]{1,9}", pinned) or int(pinned) >= num_points:
        return None
    near = stored.neighbours if stored else None
    return {"point": int(pinned), "near": [] if near is None else [int(n) for n in near[int(pinned)][:NEAR_SHOWN]]}


def _rows_of(catalog: Catalog, of: str, points: Sequence[int]) -> tuple[int, ...]:
    """Rows of the catalog: a point of a map of titles is all shots of that title."""
    if of == "shots" or not points:
        return tuple(points)
    table = catalog.titles.iloc[list(points)]
    return tuple(row for t in table.itertuples() for row in range(int(t.first_shot), int(t.first_shot + t.num_shots)))


def _points_of(catalog: Catalog, of: str, rows: Sequence[int]) -> list[int]:
    if of == "shots" or not rows:
        return list(rows)
    first = catalog.titles["first_shot"].to_numpy()
    return np.unique(np.searchsorted(first, np.array(rows), side="right") - 1).tolist()


def show_solid_map(catalog: Catalog, entry: Entry, label: str | None) -> None:
    """A three-dimensional map by Plotly, which can be turned but has no lasso."""
    assert entry.stored is not None
    labels = cached.labels(catalog, entry.stored.of)
    st.caption(map_note(entry.stored.facts) + ". Drag to turn it; choosing shots needs a map of two dimensions.")
    figure = map_figure(entry.stored.table, labels[label] if label else None)
    st.plotly_chart(figure, key=f"map.solid.{entry.id}", config={"displaylogo": False})


def show_chosen(catalog: Catalog, shown: Sequence[Entry]) -> None:
    """Agreement of two embeddings, what the selected shots have in common, and buttons to other pages."""
    rows = np.array(state.selected(), dtype=int)
    stored = [e.stored for e in shown if e.stored]
    of = stored[0].of if stored else "shots"
    if len(stored) == 2 and (overlap := cached.overlap(*stored)) is not None:
        points = np.array(_points_of(catalog, of, state.selected()), dtype=int)
        near = min(m.neighbours.shape[1] for m in stored if m.neighbours is not None)
        st.markdown(overlap_sentence(overlap, points, near))
    if not len(rows):
        return
    labels = cached.labels(catalog, "shots")
    if sentence := typical_sentence(labels.iloc[rows], labels):
        st.markdown(sentence)
    _show_ways_on(catalog)
    with st.expander(f"Table of {count(len(rows), 'shot')}", icon=":material/table:", **settings.flag("table")):
        st.dataframe(_table(catalog, rows[:LONGEST_TABLE]), hide_index=True, height=min(38 + 35 * len(rows), 360))
        if len(rows) > LONGEST_TABLE:
            st.caption(f"The first {LONGEST_TABLE}; all of them are in the notebook, by *Copy as code*.")


def _show_ways_on(catalog: Catalog) -> None:
    by_title = state.selection().shots
    opened, shots = shown_first(by_title, dict(zip(catalog.titles["title_id"], catalog.titles["split"], strict=True)))
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Hide these in the masking lab", icon=":material/visibility_off:", type="primary"):
            for title_id, of_title in by_title:
                state.choose_title(title_id)
                state.hide(of_title)
            state.choose_title(opened)
            switch_to_page("masking_lab", catalog)
        if st.button("Search like these", icon=":material/image_search:"):
            switch_to_page("retrieval", catalog)
    if len(by_title) > 1:
        all_shots = sum(len(of_title) for _, of_title in by_title)
        words = several_titles_sentence(
            catalog[opened].name, catalog[opened].split, len(shots), all_shots, len(by_title)
        )
        st.caption(escape_markdown(words))


def _table(catalog: Catalog, rows: np.ndarray) -> pd.DataFrame:
    shots = cached.shots(catalog).iloc[rows]
    names = dict(zip(catalog.titles["title_id"], catalog.titles["name"], strict=True))
    table = pd.DataFrame({"Title": shots["title_id"].map(names), "Shot": shots["shot"]})
    table["Time"] = [clock(s) if math.isfinite(s) else "" for s in shots["start_s"].astype(float)]
    for column in shots.columns[4:]:
        table[column.capitalize() if column == "text" else column] = shots[column]
    return table


def show_code(catalog: Catalog, entry: Entry, label: str | None) -> None:
    """The notebook cell that draws this map with the selected shots."""
    if entry.stored:
        chosen = "?" + urlencode(url_state.query(), safe=":;,@")
        copy_as_code(map_code(catalog.path, entry.stored.path, label, chosen, read_arguments().runs))
