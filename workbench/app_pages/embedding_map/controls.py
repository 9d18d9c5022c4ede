"""Controls of the Embedding map page: which maps are shown, and how their points are coloured and filtered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

import numpy as np
import pandas as pd
import streamlit as st

from msm import Catalog
from workbench.app_pages.embedding_map import cached
from workbench.app_pages.embedding_map.maps import Entry, points_of_rows
from workbench.layout.figures import columns
from workbench.session import page_texts, settings, state
from workbench.views.formatting import escape_markdown
from workbench.views.map.component_data import bits
from workbench.views.map.facets import Facet, bins_of_names, bins_of_range, range_of_bins
from workbench.views.map.labels import is_continuous
from workbench.views.map.sentences import found_sentence

NONE = ""  # no title, no map
ONLY = "only"  # the setting of the filters


def choose_maps(found: Sequence[Entry]) -> tuple[Entry, Entry | None]:
    """The head of the page: a map, and one beside it. By default two stored maps are shown."""
    name, one, other = columns("map-head", [3, 3, 3], least_px=190, align="bottom")
    name.header("Embedding map", anchor=False)
    by_id = {e.id: e for e in found}
    words = {e.id: e.name if e.stored else f"{e.name} (not drawn yet)" for e in found}
    ready = [e.id for e in found if e.stored and e.stored.of == "shots" and e.stored.dims == 2]
    bound = settings.choice("map", by_id, ready[0] if ready else found[0].id)
    chosen = by_id[str(one.selectbox("Map", list(by_id), format_func=words.__getitem__, **bound))]
    alike = [e.id for e in found if e is not chosen and _comparable(chosen, e)]
    partner = next((i for i in ready if i in alike and i in ready[:2]), None) if chosen.id in ready[:2] else None
    bound = settings.choice("beside", [NONE, *alike], partner or NONE)
    beside = other.selectbox(
        "Compare with", [NONE, *alike], format_func=lambda i: words.get(i, "none"), disabled=not alike, **bound
    )
    return chosen, by_id.get(str(beside))


def _comparable(chosen: Entry, other: Entry) -> bool:
    of, dims = (chosen.stored.of, chosen.stored.dims) if chosen.stored else ("shots", 2)
    return dims == 2 and (other.stored is None or (other.stored.of, other.stored.dims) == (of, 2))


class Display(NamedTuple):
    """How the points are shown: the label that colours them, what the component is told, and the histograms beside it."""

    label: str | None
    choice: dict[str, Any]
    facets: list[Facet]
    names: bool  # of clusters


class Only(NamedTuple):
    """A filter: a label, the points that it leaves, and the range or the values that it was given."""

    label: str
    inside: np.ndarray
    span: tuple[float, float] | None
    kept: tuple[str, ...]


def choose_display(catalog: Catalog, of: str) -> Display:
    labels = cached.labels(catalog, of)
    colour, find, path, more = columns("map-controls", [3, 3, 3, 2], least_px=150, align="bottom")
    label = None
    if len(labels.columns):
        bound = settings.choice("colour", labels, next(iter(labels)))
        label = colour.selectbox("Color by", list(labels), **bound)
    words = find.text_input("Find in titles and subtitles", placeholder="lighthouse", **settings.words("find"))
    ids = [NONE, *catalog.titles["title_id"].astype(str)]
    names = dict(zip(ids[1:], catalog.titles["name"].astype(str), strict=True))
    one = path.selectbox(
        "Path through time",
        ids,
        **settings.choice("path", ids, NONE),
        format_func=lambda i: names.get(i, "none"),
        disabled=of == "titles",
    )
    with more.popover("Filter", icon=":material/filter_alt:", width="stretch"):
        filters = _choose_filter(labels)
        usual = cached.facets_by_default(catalog, of)
        drawn = st.multiselect("Histograms", list(labels), **settings.several("histograms", labels, usual))
        named = st.toggle("Names of clusters", **settings.flag("names", True))
        contours = st.toggle("Lines of equal density", **settings.flag("contours"))
        size = st.slider("Size of the points", 0.5, 2.5, step=0.1, **settings.number("size", 0.5, 2.5, 1.0))
    hits = cached.found_by_text(catalog, of, words) if words.strip() else None
    if hits is not None:
        st.caption(found_sentence(hits, points_of_rows(catalog, of, state.selected()), of[:-1]))
    facets = cached.facets(catalog, of, drawn)
    choice = {
        "hits": bits(hits) if hits is not None and hits.any() else None,
        "path": _rows_of_title(catalog, str(one)) if one != NONE and of == "shots" else None,
        "size": size,
        "contours": contours,
        **_filtered(filters, facets),
    }
    return Display(label, choice, facets, named)


def _choose_filter(labels: pd.DataFrame) -> list[Only]:
    found = []
    by = st.multiselect("Only points of certain", list(labels), placeholder="labels", **settings.several(ONLY, labels))
    for label in by:
        values = labels[label]
        if is_continuous(values):
            low, high = float(values.min()), float(values.max())
            both: Any = st.slider(escape_markdown(label), low, high, **settings.span(f"{ONLY}.{label}", low, high))
            found.append(Only(label, values.between(*both).to_numpy(), (float(both[0]), float(both[1])), ()))
        else:
            there = {str(value): value for value in values.dropna().unique().tolist()}
            kept = st.multiselect(escape_markdown(label), list(there), **settings.several(f"{ONLY}.{label}", there))
            inside = values.isin([there[name] for name in kept]) if kept else pd.Series(True, index=values.index)
            found.append(Only(label, inside.to_numpy(dtype=bool), None, tuple(kept)))
    if found:
        shown = np.logical_and.reduce([one.inside for one in found])
        st.caption(f"{int(shown.sum())} of {len(shown)} points are shown.")
    return found


def _filtered(filters: Sequence[Only], facets: Sequence[Facet]) -> dict[str, Any]:
    """What the component is told of the filters: shown, base and brushes, as `State` in types.d.ts has them."""
    by_label = {one.part["label"]: one for one in facets}
    brushes = {one.label: bins for one in filters if (bins := _brushed(one, by_label.get(one.label)))}
    base = [one.inside for one in filters if one.label not in brushes]
    every = [one.inside for one in filters]
    return {
        "shown": bits(np.logical_and.reduce(every)) if every else None,
        "base": bits(np.logical_and.reduce(base)) if base else None,
        "brushes": brushes,
    }


def _brushed(one: Only, facet: Facet | None) -> list[int]:
    """The bins of a histogram that a filter leaves; none where it leaves all, or where the histogram cannot show it."""
    if facet is None:
        return []
    if facet.edges is not None and one.span is not None:
        bins = bins_of_range(facet.edges, *one.span)
        return bins if len(bins) < len(facet.edges) - 1 else []
    return bins_of_names(facet.names, one.kept) if {*one.kept} <= {*facet.names} else []


def keep_brushes(brushes: Mapping[str, Sequence[int]], display: Display) -> None:
    """Filter by what the histograms leave: their brushes become the filters of these labels, which stand in the address."""
    before = display.choice["brushes"]
    if {label: [*bins] for label, bins in brushes.items()} == before:
        return
    kept = [word for word in map(unquote, settings.text(ONLY).split(",")) if word and word not in before]
    for facet in display.facets:
        label = str(facet.part["label"])
        bins = [b for b in brushes.get(label, ()) if 0 <= b < len(facet.part["bins"])]
        if bins:
            kept += [label] if label not in kept else []
            if facet.edges is not None:
                settings.put_span(f"{ONLY}.{label}", range_of_bins(facet.edges, bins))
            else:
                settings.put_several(f"{ONLY}.{label}", [facet.names[b] for b in bins if b < len(facet.names)])
        elif label in before:
            page_texts.put(f"{ONLY}.{label}", None)
    settings.put_several(ONLY, kept)


def _rows_of_title(catalog: Catalog, title_id: str) -> list[int]:
    row = catalog[title_id].row
    return list(range(int(row["first_shot"]), int(row["first_shot"]) + int(row["num_shots"])))
