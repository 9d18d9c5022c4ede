"""The selection in the URL: read from a link, written from `state`.

The session state is authoritative. The URL is read where it differs from every URL that this session wrote: when a link is opened
or typed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pandas as pd
import streamlit as st

from msm import Catalog, InputError
from msm.data.ranges import parse_ranges
from msm.data.selection import FOLDER, NOTHING, read_shots, rows_of_shots
from msm.masking.parts import parse_parts
from workbench.session import state
from workbench.session.arguments import read_arguments
from workbench.views.default_selection import opening_title

_WRITTEN, _NOTES, _TRAINING = "url.written", "url.notes", "training.watched"
_REMEMBERED_URLS = 40


def read_catalog(exists: Callable[[str], bool]) -> None:
    """Take the catalog from a new URL; one that does not exist is dropped with a note."""
    if _url_is_new():
        state.choose_catalog(st.query_params.get("catalog"))
    name = state.catalog_name()
    if name is not None and not exists(name):
        state.choose_catalog(None)
        _note([f"There is no catalog {name[:80]!r} here. Here is another."])


def synchronise(catalog: Catalog, runs: pd.DataFrame) -> None:
    """Bring session state and URL into agreement for this catalog; a page calls it first.

    runs  a row a run: name, problem (None where it fits this catalog)
    """
    if _url_is_new():
        _read_url(catalog, runs)
    state.fill_defaults(catalog, runs)
    write()


def notes() -> list[str]:
    """What was invalid in the URL, a sentence each; returned once."""
    return st.session_state.pop(_NOTES, [])


def write() -> None:
    """Write the selection to the URL, if it is not there already."""
    _write(_selection_query())


def query() -> dict[str, str]:
    """The selection as URL parameters, remembered as written by this session; see `page_context.switch_to_page`."""
    wanted = _selection_query()
    _remember(wanted)
    return wanted


def chosen_training() -> str | None:
    """The training that the URL or the last choice names, on the Training page."""
    return st.query_params.get("training") or st.session_state.get(_TRAINING)


def choose_training(name: str) -> None:
    st.session_state[_TRAINING] = name
    _write({"training": name} | ({"catalog": chosen} if (chosen := state.catalog_name()) else {}))


def selections_folder() -> Path:
    """The folder of selections that are too long for a URL."""
    return read_arguments().runs / FOLDER


def _selection_query() -> dict[str, str]:
    wanted = state.selection().to_query()
    if "shots" in wanted:
        del wanted["shots"]
        with suppress(OSError):  # a full or read-only disk: the URL is without the selected shots
            wanted = state.selection().to_query(selections_folder())
    return wanted


def _write(wanted: dict[str, str]) -> None:
    # The browser may report an older URL than the one written last: after hiding and revealing quickly, it reports the same one.
    if _remember(wanted) or st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def _remember(wanted: dict[str, str]) -> bool:
    """Whether this differs from the URL written last."""
    written = st.session_state.setdefault(_WRITTEN, [])
    is_new = wanted not in written[-1:]
    if is_new:
        written.append(wanted)
        del written[:-_REMEMBERED_URLS]
    return is_new


def _url_is_new() -> bool:
    """Whether the URL was not written by this session; an older one of its own may arrive late, after the next gesture."""
    url = st.query_params.to_dict()
    return bool(url) and url not in st.session_state.get(_WRITTEN, [])


def _read_url(catalog: Catalog, runs: pd.DataFrame) -> None:
    url, sentences = st.query_params.to_dict(), []
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
    st.session_state[_NOTES] = [*st.session_state.get(_NOTES, []), *sentences]


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
