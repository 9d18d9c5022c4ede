"""Pieces of the Embedding map page: which map, how it is coloured, what was chosen on it, and drawing another one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from msm import Catalog, InputError
from msm.maps import MapOptions, Source, StoredMap, find_map
from msm.projection import ProjectionOptions
from workbench import cache, jobs, map_cache, state
from workbench.arguments import read_arguments
from workbench.components.shot_map import Gesture, shot_map
from workbench.evaluation_panel import as_text, columns, copy_as_code
from workbench.opened import turn_to
from workbench.views import map_parts, map_words
from workbench.views.code import map_code
from workbench.views.map_figure import map_figure
from workbench.views.wording import clock, count

KIND = "map"  # of its jobs
PIN = "map.pinned"
LONGEST_TABLE = 5000
RETRIEVAL = Path(__file__).parent / "app_pages" / "retrieval.py"
NEAR_SHOWN = 8
NONE = ""  # an id that nothing has


@dataclass(frozen=True)
class Entry:
    """Something that can be looked at: a map that is there, or one of the usual ones that could be drawn.

    run     whose contextual embeddings; None for the raw shots
    stored  None where it is still to be drawn
    former  one like it that the catalog or the run has overtaken
    """

    name: str
    run: Path | None
    stored: StoredMap | None
    former: StoredMap | None = None

    @property
    def id(self) -> str:
        return self.stored.key if self.stored else f"draw {self.name}"


def entries(catalog: Catalog, runs: pd.DataFrame) -> list[Entry]:
    """The usual maps (raw shots, then each run, the chosen one first), then all others that fit the catalog as it is."""
    usable = runs[runs["problem"].isna()]
    paths = {str(r.name): Path(r.path) for r in usable.itertuples()}
    first = sorted(paths, key=lambda name: name != state.run())
    there = map_cache.maps(catalog)
    found = []
    for run in [None, *(paths[name] for name in first)]:
        source = Source(run=run.name, weights=cache.weights(run)) if run else Source()
        fresh, former = find_map(catalog, MapOptions(), (source,))
        found.append(Entry(run.name if run else "Raw shots", run, fresh, former))
    shown = {e.stored.key for e in found if e.stored}
    for stored in there:
        if stored.key not in shown and _fits(stored, catalog, paths):
            run = paths.get(stored.run) if stored.run else None
            found.append(Entry(map_words.map_name(stored.facts), run, stored))
    return found


def _fits(stored: StoredMap, catalog: Catalog, runs: dict[str, Path]) -> bool:
    sources = stored.facts["sources"]
    known = all(
        s["run"] is None or (s["run"] in runs and cache.weights(runs[s["run"]]) == s["weights"]) for s in sources
    )
    return known and stored.facts["catalog_fingerprint"] == catalog.fingerprint


def choose(found: Sequence[Entry]) -> tuple[Entry, Entry | None]:
    """The page's head: which map, and which beside it. Two that are there already are shown to whoever chose none."""
    name, one, other = columns("map-head", [3, 3, 3], least_px=190, align="bottom")
    name.header("Embedding map", anchor=False)
    by_id = {e.id: e for e in found}
    words = {e.id: e.name if e.stored else f"{e.name} (not drawn yet)" for e in found}
    ready = [e.id for e in found if e.stored and e.stored.of == "shots" and e.stored.dims == 2]
    key = _kept_choice("map.one", list(by_id), ready[0] if ready else found[0].id)
    chosen = by_id[str(one.selectbox("Map", list(by_id), key=key, format_func=words.__getitem__))]
    alike = [e.id for e in found if e is not chosen and _beside(chosen, e)]
    partner = next((i for i in ready if i in alike and i in ready[:2]), None) if chosen.id in ready[:2] else None
    key = _kept_choice("map.other", [NONE, *alike], partner or NONE)
    beside = other.selectbox(
        "Beside it", [NONE, *alike], key=key, format_func=lambda i: words.get(i, "none"), disabled=not alike
    )
    return chosen, by_id.get(str(beside))


def _kept_choice(name: str, options: list[Any], default: Any) -> str:
    """The key of a select box that keeps what was chosen while that is among the options."""
    if name not in st.session_state or st.session_state[name] not in options:
        st.session_state[name] = default
    else:
        st.session_state[name] = st.session_state[name]  # Streamlit forgets it with the page otherwise
    return name


def _beside(chosen: Entry, other: Entry) -> bool:
    of, dims = (chosen.stored.of, chosen.stored.dims) if chosen.stored else ("shots", 2)
    return dims == 2 and (other.stored is None or (other.stored.of, other.stored.dims) == (of, 2))


def offer(entry: Entry, catalog: Catalog) -> None:
    """A button that draws a map that is not there; where an earlier one is, also one that only adds what is new."""
    busy = _running(catalog, _words(entry.run))
    if entry.former:
        st.info(
            f"**{as_text(entry.name)}**: the catalog or the run has changed since this map was drawn.",
            icon=":material/history:",
        )
    elif not busy:
        whose = (
            "the shots as the encoders made them"
            if entry.run is None
            else f"what {entry.run.name} makes of each shot in its title"
        )
        st.markdown(f"There is no map of {as_text(whose)} yet. Drawing it takes {_how_long(catalog)}.")
    with st.container(horizontal=True):
        if st.button(
            f"Draw the map: {entry.name}",
            key=f"draw.{entry.id}",
            type="primary",
            icon=":material/scatter_plot:",
            disabled=busy,
        ):
            start(catalog, entry.name, _words(entry.run))
        if entry.former and entry.former.facts["sources"] == [vars(_source(entry.run))]:
            placing = [*_words(entry.run), "--place"]
            if st.button(
                "Only place the new titles on it",
                key=f"place.{entry.id}",
                icon=":material/add_location:",
                disabled=busy,
            ):
                start(catalog, f"{entry.name}, new titles", placing)
    if busy:
        st.caption("It is being drawn: see the bar above.")


def _source(run: Path | None) -> Source:
    return Source(run=run.name, weights=cache.weights(run)) if run else Source()


def _how_long(catalog: Catalog) -> str:
    shots = catalog.num_shots
    return "about half a minute" if shots < 10_000 else "minutes" if shots < 300_000 else "an hour or so"


def _words(run: Path | None, *options: str) -> list[str]:
    return [*(["--run", str(run.absolute())] if run else []), *options]


def start(catalog: Catalog, title: str, options: Sequence[str]) -> None:
    """Draw a map in a process of its own: two of numba's in one process would end it."""
    folder = jobs.jobs_folder(read_arguments().runs)
    path = str(catalog.path.absolute())
    with jobs.prepared(folder, KIND) as place:
        about = {"catalog": path, "options": list(options)}
        jobs.start(place, f"Map: {title}", [KIND, path, "--json", *options], about)
    st.rerun()


def _running(catalog: Catalog, options: Sequence[str]) -> bool:
    about = {"catalog": str(catalog.path.absolute()), "options": list(options)}
    folder = jobs.jobs_folder(read_arguments().runs)
    return any(job.state == jobs.RUNNING and job.about == about for job in jobs.listed(folder, KIND))


def mend(catalog: Catalog, shown: Sequence[Entry]) -> None:
    """Where a map's file is damaged: a button that draws it anew over what is there."""
    for entry in shown:
        try:
            _ = entry.stored and entry.stored.table
        except InputError:
            told = entry.stored.facts["options"] if entry.stored else {}
            if told == MapOptions().to_dict() and st.button("Draw it anew", key=f"mend.{entry.id}", type="primary"):
                start(catalog, entry.name, [*_words(entry.run), "--again"])


def drawn(job: jobs.Job, buttons: DeltaGenerator) -> None:
    """What a finished drawing leaves on the page."""
    made = job.answer if isinstance(job.answer, list) else [job.answer]
    st.success(f"**{as_text(job.title)}** is drawn: {as_text(map_words.map_note(made[0]))}.", icon=":material/check:")


# ---- looking at it ---------------------------------------------------------------------------


def controls(catalog: Catalog, of: str) -> tuple[str | None, dict[str, Any]]:
    """(label of the colours, shown, hits, path and size for the component)."""
    told = map_cache.labels(catalog, of)
    colour, find, path, more = columns("map-controls", [3, 3, 3, 2], least_px=150, align="bottom")
    label = (
        colour.selectbox("Colour by", list(told), key=_kept_choice("map.colour", list(told), next(iter(told), None)))
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
    hits = map_cache.found_by_text(catalog, of, words) if words.strip() else None
    if hits is not None:
        st.caption(f"{count(int(hits.sum()), of[:-1])} found." if hits.any() else "Nothing is called or says that.")
    return label, {
        "shown": map_parts.bits(shown) if shown is not None else None,
        "hits": map_parts.bits(hits) if hits is not None and hits.any() else None,
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
            least, most = st.slider(as_text(label), low, high, (low, high), key=f"map.filter.{label}")
            inside = values.between(least, most).to_numpy()
        else:
            kept = st.multiselect(as_text(label), values.dropna().unique().tolist(), key=f"map.filter.{label}")
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
    about = map_cache.about(catalog, of)
    panels = [(map_cache.points(m), map_words.map_name(m.facts), map_words.map_note(m.facts)) for m in stored]
    _show(catalog, of, about, panels, label, choice, stored[0])


def what_lies_together(catalog: Catalog, shown: Sequence[Entry], label: str | None) -> None:
    """Whether the label that colours the points is one by which they lie together."""
    if not label:
        return
    stored = [(e.name, e.stored) for e in shown if e.stored]
    shares = {name: share for name, m in stored if (share := map_cache.together(catalog, m, label))}
    if shares:
        near = min(m.neighbours.shape[1] for _, m in stored if m.neighbours is not None)
        said = {as_text(f"in {name}" if name != "Raw shots" else "raw"): share for name, share in shares.items()}
        st.markdown(map_words.together_sentence(said, label, near))


def preview(catalog: Catalog, label: str | None, choice: dict[str, Any]) -> None:
    """The first two principal components, until a map is drawn."""
    about = map_cache.about(catalog, "shots")
    points = map_cache.preview(catalog)
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

    colours = map_cache.colours(catalog, of, label) if label else None
    chosen = _points_of(catalog, of, state.selected())
    told = {**choice, "selected": map_parts.ranges(chosen), "pinned": _pinned(about["key"], stored)}
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
    told = map_cache.labels(catalog, entry.stored.of)
    st.caption(
        map_words.map_note(entry.stored.facts) + ". Drag to turn it; choosing shots needs a map of two dimensions."
    )
    figure = map_figure(entry.stored.table, told[label] if label else None)
    st.plotly_chart(figure, key=f"map.solid.{entry.id}", config={"displaylogo": False})


def about_chosen(catalog: Catalog, shown: Sequence[Entry]) -> None:
    """Under the map: where two embeddings agree, what the chosen shots have in common, and where one can go with them."""
    rows = np.array(state.selected(), dtype=int)
    stored = [e.stored for e in shown if e.stored]
    of = stored[0].of if stored else "shots"
    if len(stored) == 2 and (overlap := map_cache.overlap(*stored)) is not None:
        points = np.array(_points_of(catalog, of, state.selected()), dtype=int)
        near = min(m.neighbours.shape[1] for m in stored if m.neighbours is not None)
        st.markdown(map_words.overlap_sentence(overlap, points, near))
    if not len(rows):
        return
    told = map_cache.labels(catalog, "shots")
    if said := map_words.typical(told.iloc[rows], told):
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
            turn_to("app_pages/masking_lab.py", catalog)
        if RETRIEVAL.exists() and st.button("Search like these", icon=":material/image_search:"):
            turn_to("app_pages/retrieval.py", catalog)


def _table(catalog: Catalog, rows: np.ndarray) -> pd.DataFrame:
    shots = map_cache.shots(catalog).iloc[rows]
    names = dict(zip(catalog.titles["title_id"], catalog.titles["name"], strict=True))
    table = pd.DataFrame({"Title": shots["title_id"].map(names), "Shot": shots["shot"]})
    table["Time"] = [clock(s) if math.isfinite(s) else "" for s in shots["start_s"].astype(float)]
    for column in shots.columns[4:]:
        table[column.capitalize() if column == "text" else column] = shots[column]
    return table


def take_along(catalog: Catalog, entry: Entry, label: str | None) -> None:
    """The cell that draws this map in a notebook, with what is chosen on it."""
    if entry.stored:
        link = "?" + urlencode(state.query(), safe=":;,@")
        copy_as_code(map_code(catalog.path, entry.stored.path, label, link, read_arguments().runs))


def draw_another(catalog: Catalog, runs: pd.DataFrame) -> None:
    """A form for a map that is not one of the usual."""
    usable = {str(r.name): Path(r.path).absolute() for r in runs[runs["problem"].isna()].itertuples()}
    with st.expander("Draw another map", icon=":material/add:"):
        left, middle, right = columns("map-form", [1, 1, 1], least_px=220)
        raw = "Raw shots"
        whose = left.multiselect(
            "Embeddings",
            [raw, *usable],
            default=[raw],
            help="Several are laid out together, so that a shot is in about the same place on all of them.",
        )
        of = left.segmented_control(
            "A point is a", ["shots", "titles"], default="shots", required=True, format_func=lambda u: u[:-1]
        )
        together = len(whose) > 1
        label = middle.selectbox(
            "Drawn together by",
            [None, *_supervising(catalog, str(of))],
            format_func=lambda n: n or "nothing",
            disabled=together,
            help="UMAP is told this label: its values are drawn apart, so the map shows less of what the vectors say by themselves.",
        )
        dims = middle.segmented_control("Dimensions", [2, 3], default=2, required=True)
        density = middle.checkbox("Keep dense regions dense (densMAP)", disabled=together)
        neighbours = right.slider("Neighbours", 5, 100, 15, help="Fewer show local detail, more the large picture.")
        min_dist = right.slider("Least distance", 0.0, 0.9, 0.1, 0.05)
        seed = right.number_input("Seed", 0, 2**31 - 1, 0)
        if st.button("Draw it", icon=":material/play_arrow:", disabled=not whose):
            try:
                ProjectionOptions(dims=int(dims or 2), neighbours=neighbours, min_dist=min_dist, seed=int(seed))
            except InputError as error:
                st.error(f"{error}.")
                return
            options = [word for name in whose if name != raw for word in ("--run", str(usable[name]))]
            options += ["--raw"] if raw in whose and together else []
            options += [
                "--of",
                str(of),
                "--dims",
                str(dims),
                "--neighbours",
                str(neighbours),
                "--min-dist",
                str(min_dist),
                "--seed",
                str(seed),
            ]
            options += ["--by", label] if label and not together else []
            options += ["--densmap"] if density and not together else []
            start(catalog, " and ".join(whose), options)


def _supervising(catalog: Catalog, of: str) -> list[str]:
    return [*catalog.title_labels, *(catalog.shot_labels if of == "shots" else []), "split"]
