"""The four searches of the Shot retrieval page: by shots, by a prediction, by consecutive shots and by words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from msm import Catalog, InputError
from msm.data.ranges import format_ranges
from msm.data.selection import shots_of_rows, write_shots
from msm.search.filters import Filters, title_of_rows
from workbench.app_pages.retrieval import cached, panels, query
from workbench.app_pages.retrieval.cards import Cards, bounds
from workbench.app_pages.retrieval.controls import choose_text
from workbench.app_pages.retrieval.finders import contextual_finder_or_none, raw_finder_or_stop
from workbench.app_pages.retrieval.quality_panel import show_quality
from workbench.app_pages.retrieval.query_panel import show_query
from workbench.server.streamlit_internals import RESULTS, SUMMARY, DeltaGenerator
from workbench.session import cache, settings, state
from workbench.views import palette, search_code
from workbench.views import search_results as views
from workbench.views.formatting import escape_markdown
from workbench.views.search_code import SearchState

if TYPE_CHECKING:  # they import FAISS, which takes a second
    import numpy as np

    from msm.search.index_store import Finder
    from msm.search.query import SearchResult

T = TypeVar("T")


@dataclass(frozen=True)
class Search:
    """A search request.

    like   rows of the catalog to be similar to
    only   the modality by which raw shots are compared; None for all columns
    alike  cosine from which results are shown as one
    """

    catalog: Catalog
    run_path: Path | None
    like: list[int]
    filters: Filters
    k: int
    only: str | None
    alike: float

    def state(self, with_run: bool, k: int | None = None) -> SearchState:
        """The search as a notebook cell has it; `with_run` where the contextual side was searched too."""
        like, unlike = (
            write_shots(shots_of_rows(r, self.catalog.titles)) for r in (self.like, query.unlike(self.catalog))
        )
        return SearchState(
            catalog=self.catalog.path, run=self.run_path if with_run else None, like=like, unlike=unlike,
            filters=self.filters, k=k or self.k, only=self.only, alike=self.alike,
        )  # fmt: skip


def search_like_shots(cards: Cards, search: Search) -> None:
    """Search by similar and dissimilar shots, raw and contextual side by side."""
    from msm.search.query import nearest

    show_query(cards, search.like, "shot")
    as_query = _labels_of_query(search)
    summary, (left, right) = _places(search)
    with left:
        _heading("Raw" if search.only is None else f"Raw, {search.only} alone", panels.HELP["raw"], palette.TRUTH)
        raw = _result_or_none(
            lambda: nearest(
                raw_finder_or_stop(search.catalog, search.only),
                search.like,
                query.unlike(search.catalog),
                **_options(search),
            )
        )
        _show_results(cards, raw, "retrieval.raw", palette.TRUTH, as_query)
    with right:
        _heading("Contextual", panels.HELP["contextual"], palette.MODEL)
        finder = contextual_finder_or_none(search.catalog, search.run_path)
        contextual = (
            _result_or_none(lambda: nearest(finder, search.like, query.unlike(search.catalog), **_options(search)))
            if finder
            else None
        )
        _show_results(cards, contextual, "retrieval.contextual", palette.MODEL, as_query)
    both = {"raw": raw, "contextual": contextual}
    found = {name: result for name, result in both.items() if result is not None}
    with summary:
        _show_agreement(found, cards.show, as_query)
    if found:
        panels.offer_selection(found)
        panels.show_code(search_code.shots_code(search.state(contextual is not None)))
        finders = {name: result.finder for name, result in found.items()}
        show_quality(search.catalog, finders, search.run_path if contextual else None)


def search_like_prediction(cards: Cards, search: Search) -> None:
    """Search by the prediction of a hidden shot, beside a search by the real shot."""
    from msm.search.query import nearest, rank_of
    from msm.search.reconstructions import predicted_vector

    row = search.like[0]
    show_query(cards, [row], "fill")
    if search.run_path is None:
        st.info("No trained run fits these shots yet, so nothing can be filled in.", icon=":material/model_training:")
        return
    run = cache.open_run(search.run_path)
    finder = raw_finder_or_stop(search.catalog, fusion=run.recipe.fusion)
    title = search.catalog[str(search.catalog.titles["title_id"].iloc[int(title_of_rows(search.catalog, [row])[0])])]
    shot = row - int(title.row["first_shot"])
    hidden = state.hidden() if title.title_id == state.title() else []
    vector = _result_or_none(lambda: predicted_vector(run, finder.space, title, shot, hidden))
    if vector is None:
        return
    predicted = _result_or_none(lambda: nearest(finder, vector=vector, about=[row], **_options(search)))
    real = _result_or_none(lambda: nearest(finder, [row], **_options(search)))
    as_query, marks = _labels_of_query(search), {row: "truth"}
    summary, (left, right) = _places(search)
    with left:
        _heading("Like what the model expects", panels.HELP["fill"], palette.MODEL)
        _show_results(
            cards, predicted, "retrieval.guess", palette.MODEL, as_query, marks=marks, notes={row: "the real shot"}
        )
    with right:
        _heading(
            "Like the real shot",
            "The nearest to the shot that was hidden: what the model could hope to find.",
            palette.TRUTH,
        )
        _show_results(cards, real, "retrieval.real", palette.TRUTH, as_query)
    if predicted is not None and real is not None:
        with summary:
            place = rank_of(finder, vector, row) if finder.plan.exact else None
            st.subheader(views.expected_words(place, search.catalog.num_shots, predicted.rows, real.rows), anchor=False)
            _show_same_labels({"expected": predicted, "real": real}, cards.show, as_query)
        ranges = format_ranges(hidden)
        panels.show_code(search_code.prediction_code(search.state(True), title.title_id, shot, ranges))


def search_clips(cards: Cards, search: Search) -> None:
    """Search for clips that match consecutive shots one by one."""
    from msm.search.clips import like_clip

    row = search.like[0]
    first, stop = bounds(search.catalog, row)
    longest = min(12, stop - first)
    if longest < 2:
        show_query(cards, [row], "shot")
        st.info("This title has one shot, and no stretch of them.", icon=":material/view_week:")
        return
    run = len(search.like) > 1 and search.like == list(range(row, row + len(search.like)))
    start = min(len(search.like) if run else 4, longest)
    length = start
    if longest > 2:
        length = int(
            st.slider("How many in a row", 2, longest, width=320, **settings.number("length", 2, longest, start))
        )
    row = min(row, stop - length)
    show_query(cards, [row], "clip", length)
    rows, count = list(range(row, row + length)), max(3, search.k // 2)
    left, right = st.columns(2, gap="medium")
    with left:
        _heading("Raw" if search.only is None else f"Raw, {search.only} alone", panels.HELP["raw"], palette.TRUTH)
        raw = _result_or_none(
            lambda: like_clip(raw_finder_or_stop(search.catalog, search.only), rows, filters=search.filters, k=count)
        )
        if raw is not None:
            panels.show_clips(cards, raw, length, "retrieval.clip.raw", accent=palette.TRUTH)
            panels.explain_index(raw)
    with right:
        _heading("Contextual", panels.HELP["contextual"], palette.MODEL)
        finder = contextual_finder_or_none(search.catalog, search.run_path)
        contextual = (
            _result_or_none(lambda: like_clip(finder, rows, filters=search.filters, k=count)) if finder else None
        )
        if contextual is not None:
            panels.show_clips(cards, contextual, length, "retrieval.clip.contextual", accent=palette.MODEL)
            panels.explain_index(contextual)
    state_of_clip = replace(search, like=[row]).state(contextual is not None, count)
    panels.show_code(search_code.clips_code(state_of_clip, length))


def search_words(cards: Cards, search: Search) -> None:
    """Search for words in the subtitles, beside a search by the text encoder of the catalog where it is available."""
    from msm.search.text_query import encode_text, find_words

    text = choose_text(search.catalog, search.like[0])
    if not text.strip():
        st.caption("Write some words: a line of dialogue, a name, a thing.")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _heading("These very words", "Plain search in what is said: the words as they are written.", palette.OTHER)
        exact = _result_or_none(lambda: find_words(search.catalog, text, filters=search.filters, k=search.k))
        if exact is not None:
            panels.show_exact_matches(cards, exact, text)
            panels.show_code(search_code.words_code(search.state(False), text))
    with right:
        _heading("Nearest by the text encoder", "Compared with the text columns of the shots alone.", palette.TRUTH)
        modality = _what_texts_find(search.catalog)
        encoder = _result_or_none(lambda: cached.text_encoder(search.catalog, modality))
        if encoder is None:
            return
        finder = raw_finder_or_stop(search.catalog, modality)
        result = _result_or_none(lambda: nearest_text(finder, encode_text(encoder, finder.space, text), search))
        _show_results(cards, result, "retrieval.text", palette.TRUTH, words=text)
        st.caption(views.encoder_words(encoder.name))


def _what_texts_find(catalog: Catalog) -> str:
    """text, or video where the pictures were encoded by a model with a text tower and they are chosen."""
    pictures = next((m.encoder for m in catalog.modalities if m.name == "video"), "")
    if not pictures.startswith(("clip:", "video:")):
        return "text"
    names = {"text": "What is said", "video": "What is seen"}
    chosen = st.segmented_control(
        "Find in", names, required=True, format_func=names.__getitem__, **settings.choice("find_in", names, "text")
    )
    return chosen or "text"


def nearest_text(finder: Finder, vector: np.ndarray, search: Search) -> SearchResult:
    from msm.search.query import nearest

    return nearest(finder, vector=vector, **_options(search))


def _options(search: Search) -> dict[str, Any]:
    return {"filters": search.filters, "k": search.k, "alike": search.alike}


def _result_or_none(call: Callable[[], T]) -> T | None:
    """The result of a search; None, and its message on the page, where it fails."""
    try:
        return call()
    except InputError as error:
        st.info(f"{escape_markdown(error)}.", icon=":material/search_off:")
        return None


def _places(search: Search) -> tuple[DeltaGenerator, Sequence[DeltaGenerator]]:
    """The place of the sentence above the results, which is written last, and the two columns; early styles keep it free."""
    summary = st.container(key=SUMMARY)
    found = st.container(key=RESULTS) if search.run_path else st.container()
    return summary, found.columns(2, gap="medium")


def _heading(name: str, help_: str, colour: str) -> None:
    st.markdown(f"#### :{panels.COLOURS[colour]}[●] {name}", help=help_)


def _show_results(
    cards: Cards, result: SearchResult | None, key: str, accent: str, as_query: Any = None, **more: Any
) -> None:
    if result is not None:
        panels.show_results(cards, result, key, accent=accent, as_query=as_query, **more)
        panels.explain_index(result)


def _labels_of_query(search: Search) -> dict[str, Any]:
    _, labels = cached.labels_of(search.catalog, (search.like[0],))
    return labels.iloc[0].to_dict()


def _show_agreement(found: dict[str, Any], show: list[str], as_query: dict[str, Any]) -> None:
    if len(found) == 2:
        st.subheader(views.agreement(found["raw"].rows, found["contextual"].rows), anchor=False)
    _show_same_labels(found, show, as_query)


def _show_same_labels(found: dict[str, Any], show: list[str], as_query: dict[str, Any]) -> None:
    labels = {how: result.labels for how, result in found.items()}
    sentences = [views.same_as_query(labels, label, as_query.get(label)) for label in show]
    if any(sentences):
        st.markdown(escape_markdown(" ".join(filter(None, sentences))))
