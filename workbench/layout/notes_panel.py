"""Notes on a title and its shots: what others have written, and a field for one's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from msm import Catalog, InputError
from msm.data.notes import LONGEST, Note, add_note, notes_table, remove_note
from msm.io.spreadsheet import as_csv, as_parquet
from workbench.server.roles import may_edit, require_editor, user_name
from workbench.session import notes, settings, state
from workbench.views.formatting import count, escape_markdown

SHOWN = 40  # notes of a title that are listed


def notes_panel(
    catalog: Catalog, title_id: str, shot: int | None, look_at: Callable[[int], None] | None = None
) -> None:
    """An expander with the notes on a title, those on the shot first, and a form for another.

    shot     the shot that is looked at; None where there is none
    look_at  called with a shot when its note is pressed
    """
    there = notes.of_title(catalog, title_id)
    here = [n for n in there if n.shot is not None and n.shot == shot]
    label = f"Notes ({len(there)})" if there else "Notes"
    panel = st.expander(label, icon=":material/sticky_note_2:", **settings.flag("notes"))
    if not panel.open:
        return
    with panel:
        _show_form(catalog, title_id, shot)
        others = [n for n in there if n not in here]
        for note in [*here, *others][:SHOWN]:
            _show_note(catalog, note, None if note in here else look_at)
        if len(there) > SHOWN:
            st.caption(f"{count(len(there) - SHOWN, 'more note')} in the export.")
        if there:
            offer_export(catalog)


def _show_form(catalog: Catalog, title_id: str, shot: int | None) -> None:
    if not may_edit():
        if not notes.of_title(catalog, title_id):
            st.caption("Nobody has noted anything about this title yet.")
        return
    places = ([f"Shot {shot}"] if shot is not None else []) + ["Whole title"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # The key names the shot, so that what is typed stays with the shot that it is about.
        text = st.text_area(
            "Note", key=state.form_key(f"note.{title_id}.{shot}"), max_chars=LONGEST, height=80,
            placeholder="Why surprising?" if shot is not None else "About the whole title",
        )  # fmt: skip
        about = st.segmented_control(
            "About", places, default=places[0], required=True, key=state.form_key(f"note.about.{title_id}.{shot}")
        )
    if st.button("Add the note", icon=":material/add_comment:", key="note.add"):
        _act(lambda: add_note(catalog, title_id, shot if about == places[0] and shot is not None else None, text,
                              author=user_name()))  # fmt: skip


def _show_note(catalog: Catalog, note: Note, look_at: Callable[[int], None] | None) -> None:
    place = "The title" if note.shot is None else f"Shot {note.shot}"
    with st.container(horizontal=True, vertical_alignment="center"):
        if look_at is not None and note.shot is not None:
            st.button(place, key=f"note.{note.id}", type="tertiary", on_click=look_at, args=(note.shot,))
        else:
            st.markdown(f"**{place}**", width="content")
        when = time.strftime("%Y-%m-%d", time.localtime(note.written))
        by = escape_markdown(f"{note.author}, {when}" if note.author else when)
        st.markdown(f"{escape_markdown(note.text)} :gray[{by}]", width="stretch")
        if may_edit():
            st.button(
                "", icon=":material/delete:", key=f"note.{note.id}.remove", type="tertiary", help="Remove this note",
                on_click=_remove, args=(catalog.path, note.id),
            )  # fmt: skip


def _remove(catalog: Path, note_id: str) -> None:
    require_editor()
    remove_note(catalog, note_id)


def _act(action: Callable[[], object]) -> None:
    try:
        require_editor()
        action()
    except InputError as error:
        st.error(f"{escape_markdown(error)}.", icon=":material/error:")
        return
    state.clear_forms()
    st.rerun()


def offer_export(catalog: Catalog) -> None:
    """Buttons that save all notes of the catalog as a table."""
    name = f"{catalog.path.absolute().name}-notes"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("All notes of the catalog:", width="content")
        st.download_button(
            "CSV", lambda: as_csv(notes_table(catalog)), f"{name}.csv", "text/csv", key="notes.csv", on_click="ignore"
        )
        st.download_button(
            "Parquet", lambda: as_parquet(notes_table(catalog)), f"{name}.parquet",
            "application/vnd.apache.parquet", key="notes.parquet", on_click="ignore",
        )  # fmt: skip
