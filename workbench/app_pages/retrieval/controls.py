"""Controls of the Shot retrieval page: the kind of search, filters, and what the results show."""

from __future__ import annotations

import streamlit as st

from msm import Catalog
from msm.search.filters import Filters
from workbench.app_pages.retrieval import cached
from workbench.app_pages.retrieval.cards import bounds
from workbench.views import search_results as views
from workbench.views.formatting import escape_markdown

MODES = {
    "shot": ":material/image_search: Like a shot",
    "fill": ":material/visibility_off: What the model expects",
    "clip": ":material/view_week: Shots in a row",
    "text": ":material/format_quote: Words",
}


def choose_mode() -> str:
    chosen = st.segmented_control(
        "Search for",
        list(MODES),
        default="shot",
        format_func=MODES.__getitem__,
        required=True,
        key="retrieval.mode",
        label_visibility="collapsed",
    )
    return str(chosen)


def choose_filters(catalog: Catalog) -> Filters:
    """The filters, in a popover."""
    name = f"{catalog.path.name}.{catalog.fingerprint}"
    ids = catalog.titles["title_id"].astype(str).tolist()
    names = dict(zip(ids, catalog.titles["name"].astype(str), strict=True))
    labels = [*catalog.shot_labels, *catalog.title_labels]
    with st.popover("Filters", icon=":material/filter_list:"):
        own_title = st.toggle("Not from the same title", key=f"retrieval.title.{name}")
        scenes = {"scene", "scene_start"} & set(catalog.shot_labels)
        own_scene = bool(scenes) and st.toggle(
            "Not from the same scene", value=True, key=f"retrieval.scene.{name}", disabled=own_title
        )
        titles = st.multiselect("Titles", ids, format_func=names.__getitem__, key=f"retrieval.titles.{name}")
        splits = st.multiselect("Splits", ["train", "validation", "test"], key=f"retrieval.splits.{name}")
        pairs: list[tuple[str, str]] = []
        for label in st.multiselect("Labels", labels, key=f"retrieval.labels.{name}"):
            values = cached.label_values(catalog, label)
            wanted = st.multiselect(label, values, key=f"retrieval.label.{label}.{name}")
            pairs += [(label, value) for value in wanted]
    return Filters(tuple(titles), tuple(splits), tuple(pairs), bool(own_title), bool(own_scene and not own_title))


def filters_words(catalog: Catalog, filters: Filters) -> None:
    """The filters as a sentence; nothing where none is set."""
    names = dict(zip(catalog.titles["title_id"].astype(str), catalog.titles["name"].astype(str), strict=True))
    if text := views.filter_words(filters, names):
        st.caption(escape_markdown(text))


def choose_shown(catalog: Catalog) -> tuple[int, list[str], str | None, bool]:
    """(number of results, labels on the cards, modality compared, whether near-identical shots are merged)."""
    name = catalog.path.name
    labels = [*catalog.shot_labels, *catalog.title_labels]
    telling = [c for c in labels if c not in ("scene", "scene_start")]
    with st.popover("Show", icon=":material/tune:"):
        how_many = st.slider("Shots", 4, 48, 12, 4, key="retrieval.k")
        shown = st.multiselect("Labels on the cards", labels, default=telling[:3], key=f"retrieval.shown.{name}")
        names = [m.name for m in catalog.modalities]
        only = None
        if len(names) > 1:
            only = st.segmented_control(
                "Compare raw shots by",
                ["everything", *names],
                default="everything",
                required=True,
                key=f"retrieval.only.{name}",
            )
        together = st.toggle("Near-identical shots as one", value=True, key="retrieval.together")
    return int(how_many), list(shown), None if only in (None, "everything") else str(only), bool(together)


def choose_text(catalog: Catalog, row: int) -> str:
    """The words to search for; by default the text of the query's shot or of one near it."""
    first, stop = bounds(catalog, row)
    near = sorted(range(first, stop), key=lambda r: abs(r - row))[:40]
    table, _ = cached.labels_of(catalog, tuple(near))
    text = next((t for t in table["text"] if t.strip()), "")
    return st.text_input("Words", text, key=f"retrieval.text.{row}", placeholder="a line, a name, a thing")
