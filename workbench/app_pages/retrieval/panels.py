"""Pieces of the retrieval page: the question, what was found, how good the search is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from msm import Catalog, InputError
from msm.search.filters import title_of_rows
from workbench.app_pages.retrieval import cached, query
from workbench.app_pages.retrieval.cards import Cards, bounds
from workbench.components.frames import frames
from workbench.session import state
from workbench.session.page_context import to_training
from workbench.views import palette
from workbench.views import search_results as views
from workbench.views.formatting import clock, count, escape_markdown, number
from workbench.views.notebook_code import measures_code, search_code

HELP = {
    "fill": "The shot is hidden, with those that are hidden in the masking lab; the model's guess is what is looked for.",
    "raw": "The shots as the encoders made them, the average shot taken away. What looks and sounds alike.",
    "contextual": "The shots as the model sees them with their whole title in view. What plays a like part.",
}
AROUND = 5  # shots on either side of the query
MOST_LIKE = 12  # shots of the question that are shown
COLOURS = {palette.TRUTH: "green", palette.MODEL: "blue", palette.OTHER: "gray"}  # as the theme calls them


def show_query(cards: Cards, like: Sequence[int], mode: str, length: int = 1) -> None:
    """The question as frames: the shot, large, with what is said in it; its neighbours; what else is asked."""
    row = like[0]
    table, labels = cached.labels_of(cards.catalog, (row,))
    shot = table.iloc[0]
    large, facts = st.columns([2, 3], vertical_alignment="top", gap="medium")
    with large:
        (item,) = cards.of_rows([row])
        plays = item["play"]
        frames(
            [item | {"name": "", "chips": []}],
            key="retrieval.query",
            size="large",
            on_gesture=cards.hear,
            actions=["play", "lab"] if plays else ["lab"],
        )
    with facts:
        st.subheader(f"{escape_markdown(shot['name'])} · shot {shot['shot']}", anchor=False)
        times = f"{clock(shot['start_s'])} – {clock(shot['end_s'])}" if clock(shot["start_s"]) else ""
        st.caption(" · ".join(filter(None, [times, f"{shot['split']} title"])))
        if shot["text"]:
            st.markdown(f"“{escape_markdown(shot['text'])}”")
        told = [
            f":gray-badge[{escape_markdown(name.replace('_', ' '))}: {escape_markdown(value)}]"
            for name, value, _ in views.chips(labels.iloc[0], cards.show, {})
        ]
        if told:
            st.markdown(" ".join(told))
    first, stop = bounds(cards.catalog, row)
    from_row = max(first, min(row - AROUND, stop - 2 * AROUND - 1))
    rows = list(range(from_row, min(stop, from_row + 2 * AROUND + 1)))
    marked = {r: "asked" for r in (range(row, row + length) if mode == "clip" else like)}
    around = [i | {"name": "", "chips": [], "note": ""} for i in cards.of_rows(rows, marks=marked)]
    frames(around, key="retrieval.around", size="row", actions=["ask"], on_gesture=cards.hear)
    st.caption("The shots around it: click one to ask for it." if len(rows) > 1 else "")
    if mode == "shot":
        basket(cards, like)


def basket(cards: Cards, like: Sequence[int]) -> None:
    """Like these, and not those; nothing while one shot alone is asked for."""
    if len(like) < 2 and not query.unlike():
        return
    these, those, clear = st.columns([4, 3, 1], vertical_alignment="top")
    with these:
        more = f", of which {MOST_LIKE} are shown" if len(like) > MOST_LIKE else ""
        st.markdown(f"**Like these** ({count(len(like), 'shot')}{more}; their mean)")
        frames(
            cards.of_rows(like[:MOST_LIKE]), key="retrieval.like", size="small", actions=["drop"], on_gesture=cards.hear
        )
    with those:
        if query.unlike():
            st.markdown("**Not like those** (half of their mean is taken away)")
            frames(
                cards.of_rows(query.unlike()),
                key="retrieval.unlike",
                size="small",
                actions=["drop"],
                on_gesture=cards.hear,
                accent=palette.BASELINE,
            )
    clear.button("Start over", icon=":material/backspace:", on_click=query.ask, args=(cards.catalog, []))


def wall(
    cards: Cards, answer: Any, key: str, *, accent: str, as_query: Any = None, marks: Any = None, notes: Any = None
) -> None:
    """What was found, as frames that ask, collect, play and open the lab."""
    if answer.table.empty:
        st.info("No shot passes the filters.", icon=":material/filter_alt_off:")
        return
    items = cards.of(answer.table, answer.labels, show=cards.show, as_query=as_query, marks=marks, notes=notes)
    frames(items, key=key, actions=["ask", "like", "unlike", "play", "lab"], on_gesture=cards.hear, accent=accent)


def found_words(answer: Any) -> None:
    """How it was found, and why an index that is there was not used."""
    st.caption(views.index_words(answer.finder.facts(), answer.candidates, answer.took_ms))
    if answer.finder.note:
        st.warning(escape_markdown(answer.finder.note), icon=":material/sync_problem:")


def clips(cards: Cards, answer: Any, length: int, key: str, *, accent: str) -> None:
    """Stretches of shots, a line each."""
    if answer.table.empty:
        st.info("No other stretch of so many shots passes the filters.", icon=":material/filter_alt_off:")
    for stretch in answer.table.itertuples():
        when = f"{clock(stretch.start_s)} – {clock(stretch.last_end_s)}" if clock(stretch.start_s) else ""
        where = " · ".join(filter(None, [f"shots {stretch.shot}–{stretch.last_shot}", when]))
        st.markdown(f"**{number(stretch.score)}** · {escape_markdown(stretch.name)} :gray[· {where}]")
        items = [
            i | {"name": "", "chips": [], "note": ""} for i in cards.of_rows(range(stretch.row, stretch.row + length))
        ]
        frames(items, key=f"{key}.{stretch.row}", size="row", actions=["ask"], on_gesture=cards.hear, accent=accent)


def raw_or_say(catalog: Catalog, modality: str | None = None, fusion: str | None = None) -> Any:
    """The finder over raw shots; where the catalog is too large to build one now, how to, and the page ends."""
    finder = cached.raw_finder(catalog, modality, fusion)
    if finder is None:
        only = f" --only {modality}" if modality else ""
        st.info(
            f"{count(catalog.num_shots, 'shot')} are too many to look through at once. Build an index, once:",
            icon=":material/manage_search:",
        )
        st.code(f"msm index {catalog.path}{only}", language="bash", wrap_lines=True)
        st.stop()
    return finder


def contextual_or_say(catalog: Catalog, run_path: Path | None) -> Any:
    """The finder over what the run makes of each shot; None, and one sentence, where there is none."""
    if run_path is None:
        st.info(
            "With a trained run, this column shows what plays a like part in its title.",
            icon=":material/model_training:",
        )
        to_training(catalog, "Train one")
        return None
    bar = st.empty()
    try:
        finder = cached.contextual_finder(
            catalog,
            run_path,
            lambda share: bar.progress(min(share, 1.0), f"{run_path.name} looks at every title, once … {share:.0%}"),
        )
    except InputError as error:
        st.error(f"{escape_markdown(error)}.")
        return None
    finally:
        bar.empty()
    if finder is None:
        st.info("These are too many to look through at once. Build an index, once:", icon=":material/manage_search:")
        st.code(f"msm index {catalog.path} --run {run_path}", language="bash", wrap_lines=True)
    return finder


def words_found(cards: Cards, found: Any, text: str) -> None:
    """Shots that have the very words, in the order of the catalog."""
    if found.table.empty:
        st.info("Nobody says these words as they are written.", icon=":material/search_off:")
        return
    items = cards.of(found.table, found.labels, show=cards.show)
    frames(items, key="retrieval.words", actions=["ask", "like", "unlike", "play", "lab"], on_gesture=cards.hear)
    st.caption(
        f"{count(found.in_all, 'shot')} with the very words “{escape_markdown(text)}”, in the order of the catalog."
    )


def select_found(answers: dict[str, Any]) -> None:
    """Make what was found the selection of every page."""
    rows = sorted({r for a in answers.values() for r in a.rows})
    if not rows:
        return
    with st.container(horizontal=True):
        st.button(
            f"Ask for shots like these {len(rows)}",
            icon=":material/select_all:",
            on_click=state.select,
            args=(rows,),
            help="They become the selection of every page, and what this page asks for.",
        )
        st.button("Show these on the map", icon=":material/scatter_plot:", on_click=query.to_map, args=(rows,))


@st.dialog("Play", width="large")
def player(catalog: Catalog, film: Path, row: int) -> None:
    """The shot, in its film."""
    table, _ = cached.labels_of(catalog, (row,))
    shot = table.iloc[0]
    st.markdown(
        f"**{escape_markdown(shot['name'])}** · shot {shot['shot']} · {clock(shot['start_s'])} – {clock(shot['end_s'])}"
    )
    st.video(str(film), start_time=float(shot["start_s"]), end_time=float(shot["end_s"]), autoplay=True)
    if shot["text"]:
        st.markdown(f"“{escape_markdown(shot['text'])}”")


def play_if_asked(cards: Cards) -> None:
    row = query.to_play()
    if row is None:
        return
    film = cards.film(str(cards.catalog.titles["title_id"].iloc[int(title_of_rows(cards.catalog, [row])[0])]))
    if film is not None:
        player(cards.catalog, film, row)


def how_good(catalog: Catalog, finders: dict[str, Any], run_path: Path | None) -> None:
    """R@k, mAP and median rank against a label, for both ways, on titles that training never saw."""
    labels = [c for c in [*catalog.shot_labels, *catalog.title_labels] if c not in ("scene", "scene_start")]
    if not labels or not finders:
        return
    st.subheader("How often does a search find the same?", anchor=False)
    pick, start = st.columns([2, 5], vertical_alignment="bottom")
    label = pick.selectbox("Label", labels, key=f"retrieval.measure.{catalog.path.name}")
    leave_out = "title" if label in catalog.title_labels else "scene"
    if not start.toggle("Measure on the unseen titles", key="retrieval.measuring"):
        st.caption(
            "Every shot of the test titles is searched for in turn: how often is the nearest one, or one of the nearest "
            "five or ten, of the same kind?"
        )
        return
    key = (catalog, *(f.space.mark for f in finders.values()))
    try:
        told = cached.measured({n: f.space for n, f in finders.items()}, key, str(label), "test", leave_out)
    except InputError as error:
        st.info(f"{escape_markdown(error)}.", icon=":material/straighten:")
        return
    table = views.measures_table(told)
    st.markdown(views.measures_sentence(table, str(label)))
    st.plotly_chart(views.measures_figure(table), key="retrieval.measures", config={"displayModeBar": False})
    figure = st.column_config.NumberColumn
    names = {"how": "Search", "r1": "R@1", "r5": "R@5", "r10": "R@10", "map": "mAP", "median_rank": "Median rank"}
    st.dataframe(
        table.rename(columns=names),
        hide_index=True,
        column_config={n: figure(format="%.0f" if n == "Median rank" else "%.3f") for n in list(names.values())[1:]},
    )
    left = {"scene": "the query's own scene", "title": "the query's own title"}[leave_out]
    st.caption(
        f"{count(told['num_scored'], 'query')} among {count(told['num_searched'], 'shot')} of "
        f"{count(told['num_titles'], 'test title')}; {left} is left out. Chance is a random order.".replace(
            "querys", "queries"
        )
    )
    with st.expander("Copy as code", icon=":material/code:"):
        st.code(measures_code(catalog.path, run_path, str(label), leave_out), language="python")


def code(catalog: Catalog, run_path: Path | None, names: Sequence[str], unlike: Sequence[str], k: int) -> None:
    with st.expander("Copy this search as code", icon=":material/code:"):
        st.code(search_code(catalog.path, run_path, names, unlike, k), language="python")


def shot_names(catalog: Catalog, rows: Sequence[int]) -> list[str]:
    """Rows as `TITLE:NUMBER`."""
    titles = title_of_rows(catalog, rows)
    ids, firsts = catalog.titles["title_id"], catalog.titles["first_shot"]
    return [f"{ids.iloc[int(t)]}:{r - int(firsts.iloc[int(t)])}" for t, r in zip(titles, rows, strict=True)]
