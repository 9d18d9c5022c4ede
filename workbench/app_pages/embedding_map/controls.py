"""Controls of the Embedding map page: which maps are shown, and how their points are coloured and filtered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from msm import Catalog
from workbench.app_pages.embedding_map import cached
from workbench.app_pages.embedding_map.maps import Entry
from workbench.layout.figures import columns
from workbench.session import settings
from workbench.views.formatting import count, escape_markdown
from workbench.views.map.component_data import bits

NONE = ""  # no title, no map


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


def choose_display(catalog: Catalog, of: str) -> tuple[str | None, dict[str, Any]]:
    """(label of the colours, shown, hits, path and size for the component)."""
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
        shown = _choose_filter(labels)
        size = st.slider("Size of the points", 0.5, 2.5, step=0.1, **settings.number("size", 0.5, 2.5, 1.0))
    hits = cached.found_by_text(catalog, of, words) if words.strip() else None
    if hits is not None:
        st.caption(f"{count(int(hits.sum()), of[:-1])} found." if hits.any() else "Nothing is called or says that.")
    return label, {
        "shown": bits(shown) if shown is not None else None,
        "hits": bits(hits) if hits is not None and hits.any() else None,
        "path": _rows_of_title(catalog, str(one)) if one != NONE and of == "shots" else None,
        "size": size,
    }


def _choose_filter(labels: pd.DataFrame) -> np.ndarray | None:
    """(N,) bool, True = shown; None where nothing is filtered."""
    shown: np.ndarray | None = None
    by = st.multiselect(
        "Only points of certain", list(labels), placeholder="labels", **settings.several("only", labels)
    )
    for label in by:
        values = labels[label]
        if pd.api.types.is_numeric_dtype(values) and values.nunique() > 20:
            low, high = float(values.min()), float(values.max())
            both: Any = st.slider(escape_markdown(label), low, high, **settings.span(f"only.{label}", low, high))
            least, most = both
            inside = values.between(least, most).to_numpy()
        else:
            there = {str(value): value for value in values.dropna().unique().tolist()}
            kept = st.multiselect(escape_markdown(label), list(there), **settings.several(f"only.{label}", there))
            inside = (
                values.isin([there[name] for name in kept]).to_numpy() if kept else np.ones(len(values), dtype=bool)
            )
        shown = inside if shown is None else shown & inside
    if shown is not None:
        st.caption(f"{int(shown.sum())} of {len(shown)} points are shown.")
    return shown


def _rows_of_title(catalog: Catalog, title_id: str) -> list[int]:
    row = catalog[title_id].row
    return list(range(int(row["first_shot"]), int(row["first_shot"]) + int(row["num_shots"])))
