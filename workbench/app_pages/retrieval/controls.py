"""Controls of the Shot retrieval page: the kind of search, filters, and what the results show."""

from __future__ import annotations

import streamlit as st

from msm import Catalog
from msm.search.filters import Filters
from workbench.app_pages.retrieval import cached
from workbench.app_pages.retrieval.cards import bounds
from workbench.layout.choosers import choose_titles
from workbench.session import settings
from workbench.views import search_results as views
from workbench.views.formatting import escape_markdown

SPLITS = ["train", "validation", "test"]
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
        format_func=MODES.__getitem__,
        required=True,
        label_visibility="collapsed",
        **settings.choice("mode", MODES, "shot"),
    )
    return str(chosen)


def choose_filters(catalog: Catalog) -> Filters:
    """The filters, in a popover."""
    labels = [*catalog.shot_labels, *catalog.title_labels]
    with st.popover("Filters", icon=":material/filter_list:"):
        own_title = st.toggle("Not from the same title", **settings.flag("other_titles"))
        scenes = {"scene", "scene_start"} & set(catalog.shot_labels)
        own_scene = bool(scenes) and st.toggle(
            "Not from the same scene", disabled=own_title, **settings.flag("other_scenes", True)
        )
        titles = choose_titles(catalog.titles, "titles")
        splits = st.multiselect("Splits", SPLITS, **settings.several("splits", SPLITS))
        pairs: list[tuple[str, str]] = []
        for label in st.multiselect("Labels", labels, **settings.several("labels", labels)):
            values = cached.label_values(catalog, label)
            wanted = st.multiselect(label, values, **settings.several(f"label.{label}", values))
            pairs += [(label, value) for value in wanted]
    return Filters(tuple(titles), tuple(splits), tuple(pairs), bool(own_title), bool(own_scene and not own_title))


def filters_words(catalog: Catalog, filters: Filters) -> None:
    """The filters as a sentence; nothing where none is set."""
    named = catalog.titles[catalog.titles["title_id"].isin(filters.titles)]
    names = dict(zip(named["title_id"].astype(str), named["name"].astype(str), strict=True))
    if text := views.filter_words(filters, names):
        st.caption(escape_markdown(text))


def choose_shown(catalog: Catalog) -> tuple[int, list[str], str | None, bool]:
    """(number of results, labels on the cards, modality compared, whether near-identical shots are merged)."""
    labels = [*catalog.shot_labels, *catalog.title_labels]
    telling = [c for c in labels if c not in ("scene", "scene_start")]
    with st.popover("Show", icon=":material/tune:"):
        how_many = st.slider("Shots", 4, 48, step=4, **settings.number("k", 4, 48, 12))
        shown = st.multiselect("Labels on the cards", labels, **settings.several("show", labels, telling[:3]))
        names = [m.name for m in catalog.modalities]
        only = None
        if len(names) > 1:
            only = st.segmented_control(
                "Compare raw shots by",
                ["everything", *names],
                required=True,
                **settings.choice("compare", ["everything", *names], "everything"),
            )
        together = st.toggle("Near-identical shots as one", **settings.flag("together", True))
    return int(how_many), list(shown), None if only in (None, "everything") else str(only), bool(together)


def choose_text(catalog: Catalog, row: int) -> str:
    """The words to search for; by default the text of the query's shot or of one near it."""
    first, stop = bounds(catalog, row)
    near = sorted(range(first, stop), key=lambda r: abs(r - row))[:40]
    table, _ = cached.labels_of(catalog, tuple(near))
    text = next((t for t in table["text"] if t.strip()), "")
    return st.text_input("Words", placeholder="a line, a name, a thing", **settings.words("words", text))
