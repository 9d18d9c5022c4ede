"""The address: the selection and the settings of the page, read from a link and written from the session state.

The session state is authoritative. The URL is read where a session or a page begins with one, where it is none of those that this
session wrote, and where Back, Forward, Undo or Redo went to it (`moved`). Otherwise it is only written: a gesture may report an
older URL than the one that the last gesture led to.

A newer request may end the script at any use of the session state. So what is to be read is marked as read after it was taken: the
next run takes it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl

import pandas as pd
import streamlit as st

from msm import Catalog, InputError
from msm.data.ranges import parse_ranges
from msm.data.selection import FOLDER, NOTHING, read_shots, rows_of_shots
from msm.masking.parts import parse_parts
from workbench.session import page_texts, state
from workbench.session.arguments import read_arguments
from workbench.views.default_selection import opening_title

_WRITTEN, _NOTES, _MOVED, _READ = "url.written", "url.notes", "url.moved", "url.read"
_TURNED, _WHOLE = "url.page", "url.whole"  # the page that was open; whether its address has the selection
_REMEMBERED_URLS = 40
SELECTION = ("title", "run", "hidden", "shots", "catalog", "modality", "look")


def moved(search: str) -> None:
    """Show at the next run what this query string names; it may begin with a question mark."""
    move_to(dict(parse_qsl(search.removeprefix("?"), keep_blank_values=True)))


def move_to(query: Mapping[str, str]) -> None:
    """Show at the next run what these URL parameters name."""
    st.session_state[_MOVED] = dict(query)


def read_catalog(exists: Callable[[str], bool]) -> None:
    """Take settings and catalog from a new URL; a catalog that does not exist is dropped with a note."""
    _take_new()
    name = state.catalog_name()
    if name is not None and not exists(name):
        state.choose_catalog(None)
        _note([f"There is no catalog {name[:80]!r} here. Here is another."])


def synchronise(catalog: Catalog, runs: pd.DataFrame) -> None:
    """Bring session state and URL into agreement for this catalog; a page calls it first.

    runs  a row a run: name, problem (None where it fits this catalog)
    """
    _take_new()
    if (url := st.session_state.get(_READ)) is not None:
        _read_selection(url, catalog, runs)
        del st.session_state[_READ]
    state.fill_defaults(catalog, runs)
    st.session_state[_WHOLE] = page_texts.page()
    write()


def notes() -> list[str]:
    """What was invalid in the URL, a sentence each; returned once."""
    return st.session_state.pop(_NOTES, [])


def write() -> None:
    """Write the address, if it is not there already."""
    wanted = address()
    # The browser may report an older URL than the one written last: after hiding and revealing quickly, it reports the same one.
    if _remember(wanted) or st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def query(page: str | None = None) -> dict[str, str]:
    """The selection, and the settings of a page, as URL parameters, remembered as written by this session."""
    wanted = selection_query() | page_texts.texts(page)
    _remember(wanted)
    return wanted


def address(*, whole: bool = False) -> dict[str, str]:
    """The URL parameters of the open page: the selection where the page follows it, otherwise the catalog; and the settings.

    whole  write out the selected shots, also where there are too many for a URL
    """
    if st.session_state.get(_WHOLE) == page_texts.page():
        return (state.selection().to_query() if whole else selection_query()) | page_texts.texts()
    return ({"catalog": chosen} if (chosen := state.catalog_name()) else {}) | page_texts.texts()


def selections_folder() -> Path:
    """The folder of selections that are too long for a URL."""
    return read_arguments().runs / FOLDER


def selection_query() -> dict[str, str]:
    """The selection as URL parameters."""
    wanted = state.selection().to_query()
    if "shots" in wanted:
        del wanted["shots"]
        with suppress(OSError):  # a full or read-only disk: the URL is without the selected shots
            wanted = state.selection().to_query(selections_folder())
    return wanted


def _remember(wanted: dict[str, str]) -> bool:
    """Whether this differs from the URL written last."""
    written = st.session_state.setdefault(_WRITTEN, [])
    is_new = wanted not in written[-1:]
    if is_new:
        written.append(wanted)
        del written[:-_REMEMBERED_URLS]
    return is_new


def _take_new() -> None:
    """Take the settings and the catalog of a URL that is to be read, and leave its selection to `synchronise`."""
    if (url := _new_url()) is not None:
        page_texts.take({name: text for name, text in url.items() if name not in SELECTION})
        state.choose_catalog(url.get("catalog"))
        if {*SELECTION} & {*url} or not state.has_title():
            st.session_state[_READ] = url
        _remember(url)
    st.session_state[_TURNED] = page_texts.page()
    if _MOVED in st.session_state:
        del st.session_state[_MOVED]


def _new_url() -> dict[str, str] | None:
    """The URL where it is to be read; see the docstring of the module."""
    if (moved := st.session_state.get(_MOVED)) is not None:
        return moved
    url = st.query_params.to_dict()
    turned = page_texts.page() != st.session_state.get(_TURNED, page_texts.page())
    return url if url and (turned or url not in st.session_state.get(_WRITTEN, [])) else None


def _read_selection(url: Mapping[str, str], catalog: Catalog, runs: pd.DataFrame) -> None:
    sentences: list[str] = []
    if url.get("title") or not state.has_title():
        state.choose_title(url.get("title") or opening_title(catalog.titles))
    if state.title() not in catalog:
        sentences.append(
            f"The link names a title that is not in this catalog: {state.title()[:80]!r}. Here is another."
        )
    if "run" in url:
        sentences += _read_run(url["run"], runs)
    if "hidden" in url and state.title() in catalog:
        sentences += _read_hidden(url["hidden"], catalog)
    sentences += _read_selected(url.get("shots", ""), catalog)
    if state.title() in catalog:
        sentences += _read_modality(url.get("modality"), catalog)
        sentences += _read_focus(url.get("look"), catalog)
    _note(sentences)


def _note(sentences: list[str]) -> None:
    known = st.session_state.get(_NOTES, [])
    st.session_state[_NOTES] = [*known, *(s for s in sentences if s not in known)]


def _read_run(name: str, runs: pd.DataFrame) -> list[str]:
    known = runs[runs["name"] == name]
    if known.empty:
        return [f"The link names a run that is not here: {name[:80]!r}."]
    if known["problem"].notna().iloc[0]:
        return [f"The link's run cannot be used: {known['problem'].iloc[0]}."]
    state.choose_run(name)
    return []


def _read_hidden(text: str, catalog: Catalog) -> list[str]:
    if text == NOTHING:
        state.hide(())
        return []
    try:
        state.hide(parse_ranges(text, catalog[state.title()].num_shots))
    except InputError as error:
        return [f"The link's hidden shots cannot be read: {error}."]
    return []


def _read_selected(text: str, catalog: Catalog) -> list[str]:
    try:
        state.select(rows_of_shots(read_shots(text, selections_folder()), catalog.titles) if text else ())
    except InputError as error:
        state.select(())
        return [f"The link's selected shots cannot be read: {error}."]
    return []


def _read_modality(text: str | None, catalog: Catalog) -> list[str]:
    state.hide_only(None)
    try:
        parts = parse_parts(text or "", catalog[state.title()].num_shots)
    except InputError as error:
        return [f"What the link hides of its shots cannot be read: {error}."]
    known = [m.name for m in catalog.modalities]
    for name in parts:
        if name not in known:
            sentence = f"The link hides a modality that these shots do not have: {name[:80]!r}"
            return [f"{sentence}; they have {', '.join(known)}."]
    state.hide_only(text)
    return []


def _read_focus(text: str | None, catalog: Catalog) -> list[str]:
    if text is None:
        state.look_at(None)
        return []
    try:
        (shot,) = parse_ranges(text, catalog[state.title()].num_shots)
    except (InputError, ValueError):
        return [f"The link looks at a shot that the title does not have: {text[:80]!r}."]
    state.look_at(shot)
    return []
