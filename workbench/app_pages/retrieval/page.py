"""Shot retrieval: shots similar to a query, by raw and by contextual embeddings."""

from __future__ import annotations

import streamlit as st

from msm.search.query import ALIKE
from workbench.app_pages.retrieval import controls, panels, query, searches
from workbench.app_pages.retrieval.cards import Cards
from workbench.layout.choosers import choose_run, choose_title
from workbench.session import url_state
from workbench.session.page_context import catalog_or_stop, run_path_of, runs_for, switch_to_page

catalog = catalog_or_stop()
runs = runs_for(catalog)
run_path = run_path_of(runs)
if page := query.requested_page():
    switch_to_page(page, catalog)

name, title, run = st.columns([3, 4, 2], vertical_alignment="bottom")
name.header("Shot retrieval", anchor=False)
with title:
    choose_title(catalog.titles, then=lambda: query.search_for(catalog, [query.opening_row(catalog)]))
with run:
    choose_run(runs)

with st.container(horizontal=True, vertical_alignment="center"):
    mode = controls.choose_mode()
    filters = controls.choose_filters(catalog)
    k, show, only, together = controls.choose_shown(catalog)
controls.filters_words(catalog, filters)  # a line of its own, which does not depend on how wide the buttons are

cards = Cards(catalog, show)
search = searches.Search(catalog, run_path, query.like(catalog), filters, k, only, ALIKE if together else 2.0)
{
    "shot": searches.search_like_shots,
    "fill": searches.search_like_prediction,
    "clip": searches.search_clips,
    "text": searches.search_words,
}[mode](cards, search)

panels.play_requested_shot(cards)
url_state.write()
