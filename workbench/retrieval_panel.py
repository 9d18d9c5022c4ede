"""Pieces of the retrieval page: the question, the filters, what was found, how good the search is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from msm import Catalog, InputError
from msm.search.filters import Filters, title_of_rows
from workbench import asked, cache, retrieval_cache, state
from workbench.components.frames import Gesture, frames
from workbench.views import found as views
from workbench.views import palette
from workbench.views.code import measures_code, search_code
from workbench.views.wording import clock, count, number

MODES = {
    "shot": ":material/image_search: Like a shot",
    "fill": ":material/visibility_off: What the model expects",
    "clip": ":material/view_week: Shots in a row",
    "text": ":material/format_quote: Words",
}
HELP = {
    "fill": "The shot is hidden, with those that are hidden in the masking lab; the model's guess is what is looked for.",
    "raw": "The shots as the encoders made them, the average shot taken away. What looks and sounds alike.",
    "contextual": "The shots as the model sees them with their whole title in view. What plays a like part.",
}
AROUND = 5  # shots on either side of the query
MOST_LIKE = 12  # shots of the question that are shown
COLOURS = {palette.TRUTH: "green", palette.MODEL: "blue", palette.OTHER: "gray"}  # as the theme calls them


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
    """In a popover: what may be found. Its label says how many filters are set."""
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
            values = retrieval_cache.label_values(str(catalog.path), catalog.fingerprint, label)
            wanted = st.multiselect(label, values, key=f"retrieval.label.{label}.{name}")
            pairs += [(label, value) for value in wanted]
    filters = Filters(tuple(titles), tuple(splits), tuple(pairs), bool(own_title), bool(own_scene and not own_title))
    st.caption(views.filter_words(filters, names))
    return filters


def choose_shown(catalog: Catalog) -> tuple[int, list[str], str | None, bool]:
    """How many, which labels the cards show, which modality is compared, whether near-identical shots are one."""
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


class Cards:
    """Turns what was found into cards of one catalog."""

    def __init__(self, catalog: Catalog, show: Sequence[str]):
        self.catalog, self.show = catalog, list(show)
        self._folders: dict[str, str | None] = {}
        self._media = (
            dict(zip(catalog.titles["title_id"].astype(str), catalog.titles["media"], strict=True))
            if "media" in catalog.titles
            else {}
        )

    def picture(self, title_id: str, shot: int) -> str | None:
        if title_id not in self._folders:
            self._folders[title_id] = cache.thumbnails_address(self.catalog[title_id])
        folder = self._folders[title_id]
        return None if folder is None else f"{folder}{shot}.webp"

    def colour(self, title_id: str, shot: int) -> str:
        return cache.strip(self.catalog, title_id)["colors"][shot]

    def film(self, title_id: str) -> Path | None:
        """The title's film, where the catalog has it."""
        media = self._media.get(title_id)
        folder = self.catalog.path / "media"
        path = folder / media if isinstance(media, str) and media else None
        if path is None or not path.resolve().is_relative_to(folder.resolve()):
            return None
        return path if path.is_file() else None

    def of(self, table: pd.DataFrame, labels: pd.DataFrame, **more: Any) -> list[dict[str, Any]]:
        return views.cards(
            table, labels, picture=self.picture, colour=self.colour, plays=lambda t: self.film(t) is not None, **more
        )

    def of_rows(self, rows: Sequence[int], **more: Any) -> list[dict[str, Any]]:
        table, labels = retrieval_cache.labels_of(str(self.catalog.path), self.catalog.fingerprint, tuple(rows))
        return self.of(table.assign(score=float("nan")), labels, **more)

    def hear(self, gesture: Gesture) -> None:
        if gesture.action == "ask":
            asked.ask(self.catalog, [gesture.row])
        elif gesture.action == "like":
            asked.also(self.catalog, gesture.row)
        elif gesture.action == "unlike":
            asked.avoid(self.catalog, gesture.row)
        elif gesture.action == "drop":
            asked.drop(self.catalog, gesture.row)
        elif gesture.action == "play":
            asked.play(gesture.row)
        elif gesture.action == "lab":
            asked.to_lab(self.catalog, gesture.row)


def query(cards: Cards, like: Sequence[int], mode: str, length: int = 1) -> None:
    """The question as frames: the shot, large, with what is said in it; its neighbours; what else is asked."""
    row = like[0]
    table, labels = retrieval_cache.labels_of(str(cards.catalog.path), cards.catalog.fingerprint, (row,))
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
        st.subheader(f"{plain_markdown(shot['name'])} · shot {shot['shot']}", anchor=False)
        times = f"{clock(shot['start_s'])} – {clock(shot['end_s'])}" if clock(shot["start_s"]) else ""
        st.caption(" · ".join(filter(None, [times, f"{shot['split']} title"])))
        if shot["text"]:
            st.markdown(f"“{plain_markdown(shot['text'])}”")
        told = [
            f":gray-badge[{plain_markdown(name.replace('_', ' '))}: {plain_markdown(value)}]"
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
    if len(like) < 2 and not asked.unlike():
        return
    these, those, clear = st.columns([4, 3, 1], vertical_alignment="top")
    with these:
        more = f", of which {MOST_LIKE} are shown" if len(like) > MOST_LIKE else ""
        st.markdown(f"**Like these** ({count(len(like), 'shot')}{more}; their mean)")
        frames(
            cards.of_rows(like[:MOST_LIKE]), key="retrieval.like", size="small", actions=["drop"], on_gesture=cards.hear
        )
    with those:
        if asked.unlike():
            st.markdown("**Not like those** (half of their mean is taken away)")
            frames(
                cards.of_rows(asked.unlike()),
                key="retrieval.unlike",
                size="small",
                actions=["drop"],
                on_gesture=cards.hear,
                accent=palette.BASELINE,
            )
    clear.button("Start over", icon=":material/backspace:", on_click=asked.ask, args=(cards.catalog, []))


def bounds(catalog: Catalog, row: int) -> tuple[int, int]:
    """First row and the row after the last, of the title that a row is in."""
    title = catalog.titles.iloc[int(title_of_rows(catalog, [row])[0])]
    return int(title["first_shot"]), int(title["first_shot"] + title["num_shots"])


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
        st.warning(answer.finder.note, icon=":material/sync_problem:")


def clips(cards: Cards, answer: Any, length: int, key: str, *, accent: str) -> None:
    """Stretches of shots, a line each."""
    if answer.table.empty:
        st.info("No other stretch of so many shots passes the filters.", icon=":material/filter_alt_off:")
    for stretch in answer.table.itertuples():
        when = f"{clock(stretch.start_s)} – {clock(stretch.last_end_s)}" if clock(stretch.start_s) else ""
        where = " · ".join(filter(None, [f"shots {stretch.shot}–{stretch.last_shot}", when]))
        st.markdown(f"**{number(stretch.score)}** · {plain_markdown(stretch.name)} :gray[· {where}]")
        items = [
            i | {"name": "", "chips": [], "note": ""} for i in cards.of_rows(range(stretch.row, stretch.row + length))
        ]
        frames(items, key=f"{key}.{stretch.row}", size="row", actions=["ask"], on_gesture=cards.hear, accent=accent)


def raw_or_say(catalog: Catalog, modality: str | None = None, fusion: str | None = None) -> Any:
    """The finder over raw shots; where the catalog is too large to build one now, how to, and the page ends."""
    finder = retrieval_cache.raw_finder(catalog, modality, fusion)
    if finder is None:
        only = f" --only {modality}" if modality else ""
        st.info(
            f"{count(catalog.num_shots, 'shot')} are too many to look through at once. Build an index, once:",
            icon=":material/manage_search:",
        )
        st.code(f"msm index {catalog.path}{only}", language="bash")
        st.stop()
    return finder


def contextual_or_say(catalog: Catalog, run_path: Path | None) -> Any:
    """The finder over what the run makes of each shot; None, and one sentence, where there is none."""
    if run_path is None:
        st.info(
            "With a trained run, this column shows what plays a like part in its title.",
            icon=":material/model_training:",
        )
        return None
    bar = st.empty()
    try:
        finder = retrieval_cache.contextual_finder(
            catalog,
            run_path,
            lambda share: bar.progress(min(share, 1.0), f"{run_path.name} looks at every title, once … {share:.0%}"),
        )
    except InputError as error:
        st.error(f"{error}.")
        return None
    finally:
        bar.empty()
    if finder is None:
        st.info("These are too many to look through at once. Build an index, once:", icon=":material/manage_search:")
        st.code(f"msm index {catalog.path} --run {run_path}", language="bash")
    return finder


def choose_text(catalog: Catalog, row: int) -> str:
    """What is looked for; to begin with, what is said in the shot that is asked for, or near it."""
    first, stop = bounds(catalog, row)
    near = sorted(range(first, stop), key=lambda r: abs(r - row))[:40]
    table, _ = retrieval_cache.labels_of(str(catalog.path), catalog.fingerprint, tuple(near))
    said = next((t for t in table["text"] if t.strip()), "")
    return st.text_input("Words", said, key=f"retrieval.text.{row}", placeholder="a line, a name, a thing")


def words_found(cards: Cards, found: Any, text: str) -> None:
    """Shots that have the very words, in the order of the catalog."""
    if found.table.empty:
        st.info("Nobody says these words as they are written.", icon=":material/search_off:")
        return
    items = cards.of(found.table, found.labels, show=cards.show)
    frames(items, key="retrieval.words", actions=["ask", "like", "unlike", "play", "lab"], on_gesture=cards.hear)
    st.caption(
        f"{count(found.in_all, 'shot')} with the very words “{plain_markdown(text)}”, in the order of the catalog."
    )


def select_found(answers: dict[str, Any]) -> None:
    """Make what was found the selection of every page."""
    rows = sorted({r for a in answers.values() for r in a.rows})
    if rows:
        st.button(
            f"Select these {count(len(rows), 'shot')}",
            icon=":material/select_all:",
            on_click=state.select,
            args=(rows,),
            help="They become the selection of every page: the map marks them, and this page asks for more like them.",
        )


@st.dialog("Play", width="large")
def player(catalog: Catalog, film: Path, row: int) -> None:
    """The shot, in its film."""
    table, _ = retrieval_cache.labels_of(str(catalog.path), catalog.fingerprint, (row,))
    shot = table.iloc[0]
    st.markdown(
        f"**{plain_markdown(shot['name'])}** · shot {shot['shot']} · {clock(shot['start_s'])} – {clock(shot['end_s'])}"
    )
    st.video(str(film), start_time=float(shot["start_s"]), end_time=float(shot["end_s"]), autoplay=True)
    if shot["text"]:
        st.markdown(f"“{plain_markdown(shot['text'])}”")


def play_if_asked(cards: Cards) -> None:
    row = asked.to_play()
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
    key = (str(catalog.path), catalog.fingerprint, *(f.space.mark for f in finders.values()))
    try:
        told = retrieval_cache.measured({n: f.space for n, f in finders.items()}, key, str(label), "test", leave_out)
    except InputError as error:
        st.info(f"{error}.", icon=":material/straighten:")
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
    with st.expander("Copy as code", icon=":material/code:"):
        st.code(search_code(catalog.path, run_path, names, unlike, k), language="python")


def shot_names(catalog: Catalog, rows: Sequence[int]) -> list[str]:
    """Rows as `TITLE:NUMBER`."""
    titles = title_of_rows(catalog, rows)
    ids, firsts = catalog.titles["title_id"], catalog.titles["first_shot"]
    return [f"{ids.iloc[int(t)]}:{r - int(firsts.iloc[int(t)])}" for t, r in zip(titles, rows, strict=True)]


def plain_markdown(text: object) -> str:
    """What a catalog says is shown as it is written."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()#+-.!|<>$:~^" else c for c in str(text))
