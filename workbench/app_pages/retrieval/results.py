"""The four ways to ask on the retrieval page, each with its answer: two searches side by side, and what they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from msm import Catalog, InputError
from msm.search.filters import Filters, title_of_rows
from workbench.app_pages.retrieval import cached, query
from workbench.app_pages.retrieval import panels as panel
from workbench.app_pages.retrieval.cards import Cards, bounds, plain_markdown
from workbench.app_pages.retrieval.controls import choose_text
from workbench.session import cache, state
from workbench.views import palette
from workbench.views import search_results as views
from workbench.views.formatting import as_text


@dataclass(frozen=True)
class Question:
    """What is asked for, however it is asked: `like` rows of the catalog, `only` a modality for raw shots."""

    catalog: Catalog
    run_path: Path | None
    like: list[int]
    filters: Filters
    k: int
    only: str | None
    alike: float


def like_shots(cards: Cards, ask: Question) -> None:
    """Shots like these and not like those, raw and contextual side by side."""
    from msm.search.query import nearest

    panel.show_query(cards, ask.like, "shot")
    as_query = _labels_of_query(ask)
    summary, (left, right) = st.container(), st.columns(2, gap="medium")
    with left:
        _heading("Raw" if ask.only is None else f"Raw, {ask.only} alone", panel.HELP["raw"], palette.TRUTH)
        raw = _or_say(
            lambda: nearest(panel.raw_or_say(ask.catalog, ask.only), ask.like, query.unlike(), **_common(ask))
        )
        _show(cards, raw, "retrieval.raw", palette.TRUTH, as_query)
    with right:
        _heading("Contextual", panel.HELP["contextual"], palette.MODEL)
        finder = panel.contextual_or_say(ask.catalog, ask.run_path)
        contextual = _or_say(lambda: nearest(finder, ask.like, query.unlike(), **_common(ask))) if finder else None
        _show(cards, contextual, "retrieval.contextual", palette.MODEL, as_query)
    both = {"raw": raw, "contextual": contextual}
    answers = {name: answer for name, answer in both.items() if answer is not None}
    with summary:
        _agreement(answers, cards.show, as_query)
    if answers:
        panel.select_found(answers)
        names = panel.shot_names(ask.catalog, ask.like[: panel.MOST_LIKE])
        panel.code(ask.catalog, ask.run_path, names, panel.shot_names(ask.catalog, query.unlike()), ask.k)
        finders = {name: answer.finder for name, answer in answers.items()}
        panel.how_good(ask.catalog, finders, ask.run_path if contextual else None)


def expected(cards: Cards, ask: Question) -> None:
    """Shots like what the model expects in the place of the first one, beside shots like the real one."""
    from msm.search.query import nearest, rank_of
    from msm.search.reconstructions import predicted_vector

    row = ask.like[0]
    panel.show_query(cards, [row], "fill")
    if ask.run_path is None:
        st.info("No trained run fits these shots yet, so nothing can be filled in.", icon=":material/model_training:")
        return
    run = cache.open_run(ask.run_path)
    finder = panel.raw_or_say(ask.catalog, fusion=run.recipe.fusion)
    title = ask.catalog[str(ask.catalog.titles["title_id"].iloc[int(title_of_rows(ask.catalog, [row])[0])])]
    shot = row - int(title.row["first_shot"])
    hidden = state.hidden() if title.title_id == state.title() else []
    vector = _or_say(lambda: predicted_vector(run, finder.space, title, shot, hidden))
    if vector is None:
        return
    guess = _or_say(lambda: nearest(finder, vector=vector, about=[row], **_common(ask)))
    real = _or_say(lambda: nearest(finder, [row], **_common(ask)))
    as_query, marks = _labels_of_query(ask), {row: "truth"}
    summary, (left, right) = st.container(), st.columns(2, gap="medium")
    with left:
        _heading("Like what the model expects", panel.HELP["fill"], palette.MODEL)
        _show(cards, guess, "retrieval.guess", palette.MODEL, as_query, marks=marks, notes={row: "the real shot"})
    with right:
        _heading(
            "Like the real shot",
            "The nearest to the shot that was hidden: what the model could hope to find.",
            palette.TRUTH,
        )
        _show(cards, real, "retrieval.real", palette.TRUTH, as_query)
    if guess is not None and real is not None:
        with summary:
            place = rank_of(finder, vector, row) if finder.plan.exact else None
            st.subheader(views.expected_words(place, ask.catalog.num_shots, guess.rows, real.rows), anchor=False)
            _same_labels({"expected": guess, "real": real}, cards.show, as_query)


def in_a_row(cards: Cards, ask: Question) -> None:
    """Other stretches of film that go like this one, shot by shot."""
    from msm.search.clips import like_clip

    row = ask.like[0]
    first, stop = bounds(ask.catalog, row)
    longest = min(12, stop - first)
    if longest < 2:
        panel.show_query(cards, [row], "shot")
        st.info("This title has one shot, and no stretch of them.", icon=":material/view_week:")
        return
    run = len(ask.like) > 1 and ask.like == list(range(row, row + len(ask.like)))
    start = min(len(ask.like) if run else 4, longest)
    length = start
    if longest > 2:
        length = int(st.slider("How many in a row", 2, longest, start, key=f"retrieval.length.{longest}", width=320))
    row = min(row, stop - length)
    panel.show_query(cards, [row], "clip", length)
    rows, count = list(range(row, row + length)), max(3, ask.k // 2)
    left, right = st.columns(2, gap="medium")
    with left:
        _heading("Raw" if ask.only is None else f"Raw, {ask.only} alone", panel.HELP["raw"], palette.TRUTH)
        raw = _or_say(lambda: like_clip(panel.raw_or_say(ask.catalog, ask.only), rows, filters=ask.filters, k=count))
        if raw is not None:
            panel.clips(cards, raw, length, "retrieval.clip.raw", accent=palette.TRUTH)
            panel.found_words(raw)
    with right:
        _heading("Contextual", panel.HELP["contextual"], palette.MODEL)
        finder = panel.contextual_or_say(ask.catalog, ask.run_path)
        contextual = _or_say(lambda: like_clip(finder, rows, filters=ask.filters, k=count)) if finder else None
        if contextual is not None:
            panel.clips(cards, contextual, length, "retrieval.clip.contextual", accent=palette.MODEL)
            panel.found_words(contextual)


def words(cards: Cards, ask: Question) -> None:
    """The very words in the subtitles, beside the nearest by the catalog's own text encoder, if it can be had."""
    from msm.search.text_query import encode_text, find_words

    text = choose_text(ask.catalog, ask.like[0])
    if not text.strip():
        st.caption("Write some words: a line of dialogue, a name, a thing.")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _heading("These very words", "Plain search in what is said: the words as they are written.", palette.OTHER)
        exact = _or_say(lambda: find_words(ask.catalog, text, filters=ask.filters, k=ask.k))
        if exact is not None:
            panel.words_found(cards, exact, text)
    with right:
        _heading("Nearest by the text encoder", "Compared with the text columns of the shots alone.", palette.TRUTH)
        encoder = _or_say(lambda: cached.text_encoder(ask.catalog))
        if encoder is None:
            return
        finder = panel.raw_or_say(ask.catalog, "text")
        answer = _or_say(lambda: nearest_text(finder, encode_text(encoder, finder.space, text), ask))
        _show(cards, answer, "retrieval.text", palette.TRUTH)
        st.caption(views.encoder_words(encoder.name))


def nearest_text(finder: Any, vector: Any, ask: Question) -> Any:
    from msm.search.query import nearest

    return nearest(finder, vector=vector, **_common(ask))


def _common(ask: Question) -> dict[str, Any]:
    return {"filters": ask.filters, "k": ask.k, "alike": ask.alike}


def _or_say(call: Any) -> Any:
    """What a search answers; None, and its sentence on the page, where it cannot."""
    try:
        return call()
    except InputError as error:
        st.info(f"{as_text(error)}.", icon=":material/search_off:")
        return None


def _heading(name: str, help_: str, colour: str) -> None:
    st.markdown(f"#### :{panel.COLOURS[colour]}[●] {name}", help=help_)


def _show(cards: Cards, answer: Any, key: str, accent: str, as_query: Any = None, **more: Any) -> None:
    if answer is not None:
        panel.wall(cards, answer, key, accent=accent, as_query=as_query, **more)
        panel.found_words(answer)


def _labels_of_query(ask: Question) -> dict[str, Any]:
    _, labels = cached.labels_of(ask.catalog, (ask.like[0],))
    return labels.iloc[0].to_dict()


def _agreement(answers: dict[str, Any], show: list[str], as_query: dict[str, Any]) -> None:
    if len(answers) == 2:
        st.subheader(views.agreement(answers["raw"].rows, answers["contextual"].rows), anchor=False)
    _same_labels(answers, show, as_query)


def _same_labels(answers: dict[str, Any], show: list[str], as_query: dict[str, Any]) -> None:
    labels = {how: answer.labels for how, answer in answers.items()}
    told = [views.same_as_query(labels, label, as_query.get(label)) for label in show]
    if any(told):
        st.markdown(plain_markdown(" ".join(filter(None, told))))
