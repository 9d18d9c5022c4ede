"""Notes that people write about titles and shots, kept in the catalog's folder.

CATALOG/notes/ID.json    one note: title_id, shot (null for a note on the whole title), text, author, written

A file for each note, written whole, so that several people write at the same time and none overwrites another's.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from msgspec import Struct

from msm.config.schema import Count, Number, Text, check
from msm.errors import InputError
from msm.io.files import read_json, whole_file, write_json
from msm.io.spreadsheet import as_csv, as_parquet

if TYPE_CHECKING:
    from msm.data.catalog import Catalog

FOLDER = "notes"
LONGEST, MOST = 2000, 50_000  # characters of a note; notes of a catalog
COLUMNS = ("title_id", "name", "shot", "start_s", "end_s", "note", "author", "written")


class NoteFile(Struct):
    """The JSON file of a note."""

    title_id: Text
    text: Text
    written: Number
    shot: Count | None = None
    author: str = ""


@dataclass(frozen=True)
class Note:
    """A note on a shot, or on a whole title where `shot` is None. `written` is in seconds since 1970."""

    id: str
    title_id: str
    shot: int | None
    text: str
    author: str
    written: float


def list_notes(catalog: str | Path) -> list[Note]:
    """The notes of a catalog by title, shot (those on the whole title first) and time; unreadable files are passed over."""
    found = [note for path in (Path(catalog) / FOLDER).glob("[!.]*.json") if (note := _read(path)) is not None]
    return sorted(found, key=lambda n: (n.title_id, -1 if n.shot is None else n.shot, n.written, n.id))


def add_note(catalog: Catalog, title_id: str, shot: int | None, text: str, *, author: str = "") -> Note:
    """Write a note on a shot of a title, or on the whole title where `shot` is None.

    InputError for an unknown title or shot, for a text without words or of more than LONGEST characters, and where the
    catalog has MOST notes or its folder cannot be written to.
    """
    title = catalog[title_id]
    if shot is not None and not 0 <= shot < title.num_shots:
        raise InputError(f"{title_id} has no shot {shot}; its shots are 0 to {title.num_shots - 1}")
    note = Note(secrets.token_hex(8), title_id, shot, _checked(text), author.strip()[:200], time.time())
    folder = catalog.path / FOLDER
    if folder.is_dir() and sum(1 for _ in folder.glob("*.json")) >= MOST:
        raise InputError(f"{folder} has {MOST} notes already; export and remove some first")
    try:
        folder.mkdir(exist_ok=True)
        write_json(folder / f"{note.id}.json", {k: v for k, v in asdict(note).items() if k != "id"})
    except OSError as error:
        raise InputError(f"the note cannot be written to {folder}: {error.strerror or error}") from None
    return note


def remove_note(catalog: str | Path, note_id: str) -> None:
    """Remove a note; nothing where somebody else was faster. InputError for what is no id of a note."""
    if not (note_id.isalnum() and note_id.isascii()):
        raise InputError(f"{note_id!r} is no note")
    (Path(catalog) / FOLDER / f"{note_id}.json").unlink(missing_ok=True)


def texts_of_shots(notes: Iterable[Note]) -> dict[int, str]:
    """The texts of notes on single shots of one title, by shot; several on one shot stand in lines of their own."""
    texts: dict[int, str] = {}
    for note in notes:
        if note.shot is not None:
            texts[note.shot] = "\n".join(filter(None, [texts.get(note.shot), note.text]))
    return texts


def notes_table(catalog: Catalog, notes: Iterable[Note] | None = None) -> pd.DataFrame:
    """A row a note with the columns COLUMNS.

    shot is null for a note on a whole title, start_s and end_s are in seconds and null where they are not known, written is
    a UTC time. A note of a title that the catalog no longer has is listed without a name.
    """
    listed = list_notes(catalog.path) if notes is None else list(notes)
    times = {title_id: _times(catalog, title_id) for title_id in {note.title_id for note in listed}}
    rows = [_row(catalog, note, times[note.title_id]) for note in listed]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    kinds = {"shot": "Int64", "start_s": "float64", "end_s": "float64"}
    table["written"] = pd.to_datetime(table["written"], unit="s", utc=True).dt.floor("s")
    return table.astype(kinds)


def save_notes(table: pd.DataFrame, path: Path) -> None:
    """Write a table of notes as CSV or Parquet, by the name of the file; InputError for another ending."""
    forms = {".csv": as_csv, ".parquet": as_parquet}
    if path.suffix.lower() not in forms:
        raise InputError(f"{path} must end in .csv or .parquet")
    content = forms[path.suffix.lower()](table)
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def _checked(text: str) -> str:
    text = text.strip()
    if not text or len(text) > LONGEST:
        raise InputError(f"a note has 1 to {LONGEST} characters; this has {len(text)}")
    if "\0" in text or text.encode("utf-8", "replace").decode() != text:
        raise InputError("a note must be text")
    return text


def _read(path: Path) -> Note | None:
    with suppress(InputError, OSError):  # somebody has just removed it, or it is no note
        file = check(NoteFile, read_json(path), path)
        return Note(path.stem, file.title_id, file.shot, file.text[:LONGEST], file.author, file.written)
    return None


def _row(catalog: Catalog, note: Note, times: pd.DataFrame | None) -> tuple:
    start = end = np.nan
    if times is not None and note.shot is not None and note.shot < len(times):
        start, end = times.iloc[note.shot]
    name = None if times is None else catalog[note.title_id].name
    return note.title_id, name, note.shot, start, end, note.text, note.author, note.written


def _times(catalog: Catalog, title_id: str) -> pd.DataFrame | None:
    """start_s and end_s of a title's shots; None for a title that the catalog no longer has."""
    if title_id not in catalog:
        return None
    row = catalog[title_id].row
    first = int(row["first_shot"])
    return catalog.read_shots(first, first + int(row["num_shots"]), columns=["start_s", "end_s"])
