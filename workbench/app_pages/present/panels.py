"""Panels of the Present page: the choice of a script, the current slide, and the keys that turn it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from msm import Catalog, InputError, Title
from msm.data.ranges import format_ranges
from workbench.components.choices import choices
from workbench.present.export import embedded_pictures
from workbench.present.play import Picture, Stage, play
from workbench.present.play import show as show_step
from workbench.server.streamlit_internals import SLIDE as SLIDE_PLACE
from workbench.session import cache, interpretation_cache, notes, page_texts, settings, shot_frames, state, url_state
from workbench.session.page_context import runs_beside, switch_to_page
from workbench.views.formatting import escape_markdown
from workbench.views.slides.document import slide_document
from workbench.views.slides.markup import STYLE, slide_html
from workbench.views.slides.script import Script, parse_script, read_script, script_of_a_view

if TYPE_CHECKING:  # it imports torch, which takes seconds
    from msm import Run

KEYS = {"ArrowRight": "next", " ": "next", "PageDown": "next", "ArrowLeft": "back", "PageUp": "back"}
KEYS |= {"Home": "first", "Escape": "leave"}
THIS_VIEW = "The masking lab’s view"
SCRIPT, SLIDE = "script", "slide"  # among the settings of the page
STAGE_CSS = ".msm-slide{display:flex;flex-direction:column;justify-content:center}"


def slide_index() -> int:
    """The index of the view that is shown; the address counts from 1."""
    text = settings.text(SLIDE, "1")
    return max(0, int(text) - 1) if text.isdecimal() and len(text) < 6 else 0


def go_to_slide(index: int) -> None:
    page_texts.put(SLIDE, str(index + 1) if index > 0 else None)
    url_state.write()


def choose_script(name: str) -> None:
    page_texts.put(SCRIPT, name)
    go_to_slide(0)


class Named(NamedTuple):
    """A script and its name for error messages."""

    name: str
    script: Script


def chosen_script(catalog: Catalog, run: str) -> Named:
    """The chosen script; by default the first one beside the catalog, otherwise the default script of the lab's view."""
    uploaded = st.session_state.get("presenter.upload")
    if uploaded is not None:
        return Named(uploaded.name, parse_script(uploaded.getvalue(), uploaded.name))
    scripts = scripts_beside(catalog)
    wanted = settings.text(SCRIPT)
    name = wanted if wanted in (THIS_VIEW, *scripts) else next(iter(scripts), THIS_VIEW)
    if name in scripts:
        return Named(name, read_script(scripts[name]))
    title = catalog[state.title()]
    hidden = state.hidden()
    shot = state.focus() if state.focus() in hidden else None
    view = script_of_a_view(title.title_id, title.name, run, format_ranges(hidden), shot)
    return Named(THIS_VIEW, view)


def scripts_beside(catalog: Catalog) -> dict[str, Path]:
    """The scripts in the folder `presentations` beside a catalog, by name."""
    return {p.stem: p for p in sorted((catalog.path.absolute().parent / "presentations").glob("*.toml"))}


def show(catalog: Catalog, named: Named) -> None:
    """The current slide, and below it the buttons to the others."""
    script = named.script
    number = min(slide_index(), len(script.steps) - 1)
    stage = stage_of(catalog, served_pictures(catalog))
    with st.container(key=SLIDE_PLACE):
        try:
            with st.spinner("Asking the model …", show_time=False):
                slide = show_step(script.steps[number], stage, f"{named.name}, step {number + 1}")
            st.html(f"<div><style>{STYLE}{STAGE_CSS}</style>{slide_html(slide)}</div>")
        except InputError as error:  # the other slides can still be shown
            st.error(f"{escape_markdown(error)}.")

    def apply(answer: str) -> None:
        moves = {"next": slide_index() + 1, "back": slide_index() - 1, "first": 0}  # read now: keys may come quickly
        if answer in moves:
            go_to_slide(min(moves[answer], len(script.steps) - 1))
        else:
            state.leave_stage()

    choices([], key="presenter.keys", question=f"{named.name} {number}", on_answer=apply, keys=KEYS)
    if state.stage_left():
        switch_to_page("masking_lab", catalog)
    buttons(catalog, named, number)


def buttons(catalog: Catalog, named: Named, number: int) -> None:
    last = len(named.script.steps) - 1
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Back",
            key="presenter.back",
            icon=":material/arrow_back:",
            disabled=number == 0,
            on_click=go_to_slide,
            args=(number - 1,),
        )
        st.button(
            "Next",
            key="presenter.next",
            icon=":material/arrow_forward:",
            disabled=number == last,
            on_click=go_to_slide,
            args=(number + 1,),
        )
        st.caption(f"{number + 1} of {last + 1} · arrow keys or Space, Esc leaves", width="stretch")
        choose(catalog)
        with st.popover("As a file", icon=":material/download:"):
            as_a_file(catalog, named)


def choose(catalog: Catalog) -> None:
    """The choice of a script, or the upload of one."""
    with st.popover("Script", icon=":material/list_alt:"):
        names = [*scripts_beside(catalog), THIS_VIEW]
        key = state.widget_key("script", settings.text(SCRIPT) if settings.text(SCRIPT) in names else names[0])
        st.selectbox("Script", names, key=key, on_change=lambda: choose_script(st.session_state[key]))
        st.file_uploader(
            "Or one of your own (TOML)", type="toml", key="presenter.upload", on_change=go_to_slide, args=(0,),
            max_upload_size=1,  # MB
        )  # fmt: skip


def as_a_file(catalog: Catalog, named: Named) -> None:
    """The presentation as one HTML file, made on demand."""
    st.markdown("All views as one HTML file with its pictures inside. It opens anywhere, without this server.")
    if not st.button("Make the file", key="presenter.make"):
        return
    bar = st.progress(0.0, "Drawing the views …")
    shown = play(
        named.script,
        stage_of(catalog, embedded_pictures()),
        named.name,
        lambda done, total: bar.progress(done / total, f"Drew {done} of {total} views …"),
    )
    bar.empty()
    page = slide_document(named.script.heading, shown)
    st.download_button(
        f"Download ({len(page) / 1e6:.1f} MB)", page, f"{Path(named.name).stem}.html", "text/html", on_click="ignore"
    )


def stage_of(catalog: Catalog, picture: Picture) -> Stage:
    return Stage(
        catalog,
        lambda name: run_named(catalog, name),
        picture,
        lambda title: notes.of_shots(catalog, title.title_id),
        interpretation_cache.presentation_results(catalog),
    )


def run_named(catalog: Catalog, name: str) -> Run:
    """The run of a step by name; the chosen run for an empty name."""
    paths = runs_beside(catalog, Path())
    name = name or (state.run() or "")
    if name not in paths:
        raise InputError(f"there is no run {name!r} here that fits this catalog")
    return cache.open_run(paths[name])


def served_pictures(catalog: Catalog) -> Picture:
    """A function from a shot to the address of its picture on this server."""

    def picture(title: Title, shot: int) -> tuple[str | None, str]:
        address = shot_frames.picture_address(catalog, title.title_id, shot)
        return address, "" if address else cache.strip(catalog, title.title_id)["colors"][shot]

    return picture
