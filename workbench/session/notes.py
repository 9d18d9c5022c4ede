"""The notes of a catalog, read again where somebody has written or removed one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from msm import Catalog
from msm.data.notes import FOLDER, Note, list_notes, texts_of_shots
from workbench.session.cache import ON_DISK, Stamp, stamp


def notes(catalog: Catalog) -> list[Note]:
    """All notes of a catalog, by title, shot and time."""
    return _notes(catalog.path, version(catalog))


def version(catalog: Catalog) -> Stamp:
    """Another value where a note was written or removed."""
    return stamp(catalog.path / FOLDER)


@st.cache_resource(max_entries=8, show_spinner=False)
def _notes(path: Path, changed: Stamp) -> list[Note]:
    return list_notes(path)


def of_title(catalog: Catalog, title_id: str) -> list[Note]:
    """The notes on a title and on its shots."""
    return _by_title(catalog.path, version(catalog)).get(title_id, [])


@st.cache_resource(max_entries=8, show_spinner=False)
def _by_title(path: Path, changed: Stamp) -> dict[str, list[Note]]:
    found: dict[str, list[Note]] = {}
    for note in _notes(path, changed):
        found.setdefault(note.title_id, []).append(note)
    return found


def of_shots(catalog: Catalog, title_id: str) -> dict[int, str]:
    """The text noted about each shot of a title."""
    return texts_of_shots(of_title(catalog, title_id))


def of_rows(catalog: Catalog) -> dict[int, str]:
    """The text noted about each shot of the catalog, by its row."""
    return _of_rows(catalog, version(catalog))


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=ON_DISK)
def _of_rows(catalog: Catalog, changed: Stamp) -> dict[int, str]:
    found: dict[int, str] = {}
    for title_id in {note.title_id for note in _notes(catalog.path, changed)}:
        if title_id in catalog:
            row = catalog[title_id].row
            texts = of_shots(catalog, title_id)
            found |= {int(row["first_shot"]) + s: text for s, text in texts.items() if s < int(row["num_shots"])}
    return found


def noted(catalog: Catalog, of: str) -> np.ndarray:
    """(N,) bool of the shots, or of the titles: whether somebody noted something about it or, for a title, about a shot of it."""
    if of == "titles":
        return catalog.titles["title_id"].isin([*_by_title(catalog.path, version(catalog))]).to_numpy(dtype=bool)
    flags = np.zeros(catalog.num_shots, dtype=bool)
    flags[list(of_rows(catalog))] = True
    return flags
