"""Pieces of the Embedding map page: how a map is coloured and filtered, what was chosen on it, and where one can go with that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import streamlit as st

from msm import Catalog
from msm.projection.maps import StoredMap
from workbench.app_pages.embedding_map import cached
from workbench.app_pages.embedding_map.choice import NONE, Entry, kept_choice
from workbench.components.shot_map import Gesture, shot_map
from workbench.layout.figures import columns, copy_as_code
from workbench.session import state, url_state
from workbench.session.arguments import read_arguments
from workbench.session.page_context import turn_to
from workbench.views.formatting import clock, count, escape_markdown
from workbench.views.map.component_data import bits, ranges
from workbench.views.map.figure import map_figure
from workbench.views.map.sentences import label_agreement_sentence, map_name, map_note, overlap_sentence, typical
from workbench.views.notebook_code import map_code

PIN = "map.pinned"
LONGEST_TABLE = 5000
NEAR_SHOWN = 8


def controls(catalog: Catalog, of: str) -> tuple[str | None, dict[str, Any]]:
    """(label of the colours, shown, hits, path and size for the component)."""
    told = cached.labels(catalog, of)
    colour, find, path, more = columns("map-controls", [3, 3, 3, 2], least_px=150, align="bottom")
    label = (
        colour.selectbox("Colour by", list(told), key=kept_choice("map.colour", list(told), next(iter(told), None)))
        if len(told.columns)
        else None
    )
    words = find.text_input("Find in titles and subtitles", key="map.find", placeholder="lighthouse")
    ids = [NONE, *catalog.titles["title_id"].astype(str)]
    names = dict(zip(ids[1:], catalog.titles["name"].astype(str), strict=True))
    one = path.selectbox(
        "Path through time",
        ids,
        key="map.path",
        format_func=lambda i: names.get(i, "none"),
        disabled=of == "titles",
    )
    with more.popover("Filter", icon=":material/filter_alt:", width="stretch"):
        shown = _filter(told)
        size = st.slider("Size of the points", 0.5, 2.5, 1.0, 0.1, key="map.size")
    hits = cached.found_by_text(catalog, of, words) if words.strip() else None
    if hits is not None:
        st.caption(f"{count(int(hits.sum()), of[:-1])} found." if hits.any() else "Nothing is called or says that.")
    return label, {
        "shown": bits(shown) if shown is not None else None,
        "hits": bits(hits) if hits is not None and hits.any() else None,
        "path": _path(catalog, str(one)) if one != NONE and of == "shots" else None,
        "size": size,
    }


def _filter(told: pd.DataFrame) -> np.ndarray | None:
    """(N,) bool, True = shown; None where nothing is filtered."""
    shown: np.ndarray | None = None
    by = st.multiselect("Only points of certain", list(told), key="map.filters", placeholder="labels")
    for label in by:
        values = told[label]
        if pd.api.types.is_numeric_dtype(values) and values.nunique() > 20:
            low, high = float(values.min()), float(values.max())
            least, most = st.slider(escape_markdown(label), low, high, (low, high), key=f"map.filter.{label}")
            inside = values.between(least, most).to_numpy()
        else:
            kept = st.multiselect(escape_markdown(label), values.dropna().unique().tolist(), key=f"map.filter.{label}")
            inside = values.isin(kept).to_numpy() if kept else np.ones(len(values), dtype=bool)
        shown = inside if shown is None else shown & inside
    if shown is not None:
        st.caption(f"{int(shown.sum())} of {len(shown)} points are shown.")
    return shown


def _path(catalog: Catalog, title_id: str) -> list[int]:
    row = catalog[title_id].row
    return list(range(int(row["first_shot"]), int(row["first_shot"]) + int(row["num_shots"])))


def look(catalog: Catalog, shown: Sequence[Entry], label: str | None, choice: dict[str, Any]) -> None:
    """The map, or two of them, with what is chosen on it."""
    stored = [e.stored for e in shown if e.stored]
    of = stored[0].of
    about = cached.about(catalog, of)
    panels = [(cached.points(m), map_name(m.facts), map_note(m.facts)) for m in stored]
    _show(catalog, of, about, panels, label, choice, stored[0])


def what_lies_together(catalog: Catalog, shown: Sequence[Entry], label: str | None) -> None:
    """Whether the label that colours the points is one by which they lie together."""
    if not label:
        return
    stored = [(e.name, e.stored) for e in shown if e.stored]
    shares = {name: share for name, m in stored if (share := cached.label_agreement(catalog, m, label))}
    if shares:
        near = min(m.neighbours.shape[1] for _, m in stored if m.neighbours is not None)
        said = {
            escape_markdown(f"in {name}" if name != "Raw shots" else "raw"): share for name, share in shares.items()
        }
        st.markdown(label_agreement_sentence(said, label, near))


def preview(catalog: Catalog, label: str | None, choice: dict[str, Any]) -> None:
    """The first two principal components, until a map is drawn."""
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
    def heard(gesture: Gesture) -> None:
        """A gesture on another catalog's map is nobody's wish."""
        if gesture.about != about["key"]:
            return
        rows = _rows_of(catalog, of, gesture.points)
        if rows != state.selected():
            state.select(rows)
        st.session_state[PIN] = None if gesture.pin is None else (about["key"], gesture.pin)

    colours = cached.colours(catalog, of, label) if label else None
    chosen = _points_of(catalog, of, state.selected())
    told = {**choice, "selected": ranges(chosen), "pinned": _pinned(about["key"], stored)}
    shot_map(about, panels, colours, told, key="map", on_gesture=heard)


def _pinned(key: str, stored: StoredMap | None) -> dict[str, Any] | None:
    pinned = st.session_state.get(PIN)
    if not pinned or pinned[0] != key:
        return None
    near = stored.neighbours if stored else None
    return {"point": pinned[1], "near": [] if near is None else [int(n) for n in near[pinned[1]][:NEAR_SHOWN]]}


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


def three_dimensional(catalog: Catalog, entry: Entry, label: str | None) -> None:
    """A map of three dimensions, by Plotly: to turn and to look at, without a lasso."""
    assert entry.stored is not None
    told = cached.labels(catalog, entry.stored.of)
    st.caption(map_note(entry.stored.facts) + ". Drag to turn it; choosing shots needs a map of two dimensions.")
    figure = map_figure(entry.stored.table, told[label] if label else None)
    st.plotly_chart(figure, key=f"map.solid.{entry.id}", config={"displaylogo": False})


def about_chosen(catalog: Catalog, shown: Sequence[Entry]) -> None:
    """Under the map: where two embeddings agree, what the chosen shots have in common, and where one can go with them."""
    rows = np.array(state.selected(), dtype=int)
    stored = [e.stored for e in shown if e.stored]
    of = stored[0].of if stored else "shots"
    if len(stored) == 2 and (overlap := cached.overlap(*stored)) is not None:
        points = np.array(_points_of(catalog, of, state.selected()), dtype=int)
        near = min(m.neighbours.shape[1] for m in stored if m.neighbours is not None)
        st.markdown(overlap_sentence(overlap, points, near))
    if not len(rows):
        return
    told = cached.labels(catalog, "shots")
    if said := typical(told.iloc[rows], told):
        st.markdown(said)
    _ways_on(catalog, rows)
    with st.expander(f"Table of {count(len(rows), 'shot')}", icon=":material/table:"):
        st.dataframe(_table(catalog, rows[:LONGEST_TABLE]), hide_index=True, height=min(38 + 35 * len(rows), 360))
        if len(rows) > LONGEST_TABLE:
            st.caption(f"The first {LONGEST_TABLE}; all of them are in the notebook, by *Copy as code*.")


def _ways_on(catalog: Catalog, rows: np.ndarray) -> None:
    by_title = state.selection().shots
    most = max(by_title, key=lambda pair: len(pair[1]))
    name = catalog[most[0]].name
    where = f"of {name}" if len(by_title) == 1 else f"each in its title; {name}, which has most of them, is opened"
    with st.container(horizontal=True):
        if st.button("Hide these in the masking lab", icon=":material/visibility_off:", type="primary", help=where):
            for title_id, shots in by_title:
                state.choose_title(title_id)
                state.hide(shots)
            state.choose_title(most[0])
            turn_to("masking_lab", catalog)
        if st.button("Search like these", icon=":material/image_search:"):
            turn_to("retrieval", catalog)


def _table(catalog: Catalog, rows: np.ndarray) -> pd.DataFrame:
    shots = cached.shots(catalog).iloc[rows]
    names = dict(zip(catalog.titles["title_id"], catalog.titles["name"], strict=True))
    table = pd.DataFrame({"Title": shots["title_id"].map(names), "Shot": shots["shot"]})
    table["Time"] = [clock(s) if math.isfinite(s) else "" for s in shots["start_s"].astype(float)]
    for column in shots.columns[4:]:
        table[column.capitalize() if column == "text" else column] = shots[column]
    return table


def take_along(catalog: Catalog, entry: Entry, label: str | None) -> None:
    """The cell that draws this map in a notebook, with what is chosen on it."""
    if entry.stored:
        chosen = "?" + urlencode(url_state.query(), safe=":;,@")
        copy_as_code(map_code(catalog.path, entry.stored.path, label, chosen, read_arguments().runs))
