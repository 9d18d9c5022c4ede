"""Shot retrieval: which shots are like this one, as the encoders made them and as a model sees them in their titles."""

from __future__ import annotations

import streamlit as st

from msm.search.query import ALIKE
from workbench.app_pages.retrieval import controls as controls
from workbench.app_pages.retrieval import panels as panel
from workbench.app_pages.retrieval import query
from workbench.app_pages.retrieval import results as answers
from workbench.app_pages.retrieval.cards import Cards
from workbench.layout.choosers import choose_run, choose_title
from workbench.session import url_state
from workbench.session.page_context import catalog_or_stop, run_path_of, runs_for, switch_to_page

catalog = catalog_or_stop()
runs = runs_for(catalog)
run_path = run_path_of(runs)
if page := query.page_wanted():
    switch_to_page(page, catalog)

name, title, run = st.columns([3, 4, 2], vertical_alignment="bottom")
name.header("Shot retrieval", anchor=False)
with title:
    choose_title(catalog.titles, then=lambda: query.ask(catalog, [query.opening_row(catalog)]))
with run:
    choose_run(runs)

with st.container(horizontal=True, vertical_alignment="center"):
    mode = controls.choose_mode()
    filters = controls.choose_filters(catalog)
    k, show, only, together = controls.choose_shown(catalog)
    controls.filters_words(catalog, filters)

like = query.like(catalog)
cards = Cards(catalog, show)
ask = answers.Question(catalog, run_path, like, filters, k, only, ALIKE if together else 2.0)
{"shot": answers.like_shots, "fill": answers.expected, "clip": answers.in_a_row, "text": answers.words}[mode](
    cards, ask
)

panel.play_if_asked(cards)
url_state.write()
