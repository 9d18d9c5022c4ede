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
from msm.io.spreadsheet import as_csv, as_parquet
from msm.projection.maps import StoredMap
from workbench.app_pages.embedding_map import cached
from workbench.app_pages.embedding_map.controls import Display, keep_brushes
from workbench.app_pages.embedding_map.maps import Entry, points_of_rows
from workbench.components.shot_map import Gesture, Panel, shot_map
from workbench.layout.figures import copy_as_code, draw_with_view
from workbench.layout.notes_panel import notes_panel
from workbench.session import notes, page_texts, settings, state, url_state
from workbench.session.arguments import read_arguments
from workbench.session.page_context import switch_to_page
from workbench.views.formatting import clock, count, escape_markdown, grouped
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
GOES, _GOING = {"lab": "masking_lab", "search": "retrieval"}, "map.going"  # where a clicked point leads
LONGEST_TABLE = 5000
NEAR_SHOWN = 8


def show_maps(catalog: Catalog, shown: Sequence[Entry], display: Display) -> None:
    """One map or two, with the selected points."""
    stored = [e.stored for e in shown if e.stored]
    panels = [
        Panel(cached.points(m), map_name(m.facts), map_note(m.facts), cached.names(catalog, m) if display.names else ())
        for m in stored
    ]
    _show(catalog, stored[0].of, panels, display, stored[0])


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


def show_preview(catalog: Catalog, display: Display) -> None:
    """The first two principal components, shown until a map is drawn."""
    panel = Panel(cached.preview(catalog), "Raw shots", "two principal components, no map yet")
    _show(catalog, "shots", [panel], display, None)


def _show(catalog: Catalog, of: str, panels: Sequence[Panel], display: Display, stored: StoredMap | None) -> None:
    about = cached.about(catalog, of)

    def apply(gesture: Gesture) -> None:
        """Apply a gesture; one from the map of another catalog is ignored."""
        if gesture.about != about["key"]:
            return
        rows = _rows_of(catalog, of, gesture.points)
        if rows != state.selected():
            state.select(rows)
        page_texts.put(PIN, None if gesture.pin is None else str(gesture.pin))
        keep_brushes(gesture.brushes, display)
        if gesture.go in GOES and gesture.pin is not None:
            _take_along(catalog, of, gesture.pin, gesture.go)

    colours = cached.colours(catalog, of, display.label) if display.label else None
    chosen = points_of_rows(catalog, of, state.selected())
    pinned = _pinned(about["count"], stored)
    choice = {**display.choice, "selected": ranges(chosen), "pinned": pinned}
    choice["notes"] = cached.noted_points(catalog, of) or None
    shot_map(about, panels, colours, [one.part for one in display.facets], choice, key="map", on_gesture=apply)
    if (page := st.session_state.pop(_GOING, None)) is not None:
        switch_to_page(page, catalog)
    if pinned is not None:
        _show_notes(catalog, of, int(pinned["point"]))


def _take_along(catalog: Catalog, of: str, point: int, where: str) -> None:
    """Hide the clicked shot in the masking lab, or make it the query of a search; of a title its middle shot."""
    title_id, shot = _shot_of(catalog, of, point)
    row = catalog[title_id].row
    state.choose_title(title_id)
    shot = int(row["num_shots"]) // 2 if shot is None else shot
    if where == "lab":
        state.hide([shot])
        state.look_at(shot)
    else:
        state.select([int(row["first_shot"]) + shot])
    st.session_state[_GOING] = GOES[where]


def _show_notes(catalog: Catalog, of: str, point: int) -> None:
    notes_panel(catalog, *_shot_of(catalog, of, point))


def _shot_of(catalog: Catalog, of: str, point: int) -> tuple[str, int | None]:
    """The title of a point, and which of its shots it is; None where points are titles."""
    if of == "titles":
        return str(catalog.titles["title_id"].iloc[point]), None
    place = int(np.searchsorted(catalog.first_shots, point, side="right")) - 1
    return str(catalog.titles["title_id"].iloc[place]), point - int(catalog.first_shots[place])


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


def show_solid_map(catalog: Catalog, entry: Entry, label: str | None) -> None:
    """A three-dimensional map by Plotly, which can be turned but has no lasso."""
    assert entry.stored is not None
    labels = cached.labels(catalog, entry.stored.of)
    st.caption(map_note(entry.stored.facts) + ". Drag to turn it; choosing shots needs a map of two dimensions.")
    figure = map_figure(entry.stored.table, labels[label] if label else None)
    alt = f"A map of three dimensions, {count(len(entry.stored.table), 'point')}"
    draw_with_view(figure, f"map.solid.{entry.id}", "turn", alt, {"displaylogo": False})


def show_chosen(catalog: Catalog, shown: Sequence[Entry]) -> None:
    """Agreement of two embeddings, what the selected shots have in common, and buttons to other pages."""
    rows = np.array(state.selected(), dtype=int)
    stored = [e.stored for e in shown if e.stored]
    of = stored[0].of if stored else "shots"
    if len(stored) == 2 and (overlap := cached.overlap(*stored)) is not None:
        points = np.array(points_of_rows(catalog, of, state.selected()), dtype=int)
        near = min(m.neighbours.shape[1] for m in stored if m.neighbours is not None)
        st.markdown(overlap_sentence(overlap, points, near))
    if not len(rows):
        return
    labels = cached.labels(catalog, "shots")
    if sentence := typical_sentence(labels.iloc[rows], labels):
        st.markdown(sentence)
    _show_ways_on(catalog, stored[0] if stored else None)
    with st.expander(f"Table of {count(len(rows), 'shot')}", icon=":material/table:", **settings.flag("table")):
        st.dataframe(_table(catalog, rows[:LONGEST_TABLE]), hide_index=True, height=min(38 + 35 * len(rows), 360))
        if len(rows) > LONGEST_TABLE:
            st.caption(
                f"Showing {grouped(LONGEST_TABLE)} of {grouped(len(rows))}; *CSV* and *Parquet* have all of them."
            )


def _show_ways_on(catalog: Catalog, stored: StoredMap | None) -> None:
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
        name, rows = f"{catalog.path.absolute().name}-selection", np.array(state.selected(), dtype=int)
        st.download_button(
            "CSV", lambda: as_csv(_exported(catalog, rows, stored)), f"{name}.csv", "text/csv", key="map.csv",
            icon=":material/download:", on_click="ignore", help="The selected shots with their labels and places, as a table",
        )  # fmt: skip
        st.download_button(
            "Parquet", lambda: as_parquet(_exported(catalog, rows, stored)), f"{name}.parquet",
            "application/vnd.apache.parquet", key="map.parquet", icon=":material/download:", on_click="ignore",
            help="The selected shots with their labels and places, as a table",
        )  # fmt: skip
    if len(by_title) > 1:
        all_shots = sum(len(of_title) for _, of_title in by_title)
        words = several_titles_sentence(
            catalog[opened].name, catalog[opened].split, len(shots), all_shots, len(by_title)
        )
        st.caption(escape_markdown(words))


def _exported(catalog: Catalog, rows: np.ndarray, stored: StoredMap | None) -> pd.DataFrame:
    """Everything that is known of the selected shots, a row a shot: names, times, text, labels, notes and places on the map."""
    shots = cached.shots(catalog).iloc[rows].reset_index(drop=True)
    table = shots[["title_id", "shot"]].copy()
    of_title = catalog.titles.set_index("title_id")[["name", "split", *catalog.title_labels]]
    for column in of_title:
        table[column] = shots["title_id"].map(of_title[column])
    for column in shots.columns[2:]:
        table[column if column not in table else f"shot_{column}"] = shots[column]
    table["note"] = [notes.of_rows(catalog).get(int(row), "") for row in rows]
    if stored is not None and stored.of == "shots":
        places = np.asarray(stored.points)[rows]
        table["map_x"], table["map_y"] = places[:, 0], places[:, 1]
    return table


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
