"""The verb that lists, adds and exports the notes of a catalog."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from msm.cli.program import AsJson, app, open_catalog, to_json
from msm.errors import InputError


@app.command()
def notes(
    catalog: Annotated[Path, typer.Argument(help="The catalog whose titles and shots the notes are about.")],
    title: Annotated[
        str | None, typer.Option(help="Only notes of this title; with --add the title of the note.")
    ] = None,
    shot: Annotated[int | None, typer.Option(help="Only notes of this shot; with --add the shot of the note.")] = None,
    add: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Write a note on the title, or on a shot of it.")
    ] = None,
    author: Annotated[str, typer.Option(help="Who writes it, with --add.")] = "",
    remove: Annotated[str | None, typer.Option(metavar="ID", help="Remove a note; --json lists the ids.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write them as a table: .csv or .parquet.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the notes on titles and shots that people wrote beside a catalog, add one, or export them."""
    from msm.cli.tables import text_table
    from msm.data.notes import add_note, list_notes, notes_table, remove_note, save_notes

    opened = open_catalog(catalog)
    if shot is not None and title is None:
        raise InputError("--shot needs --title")
    if add is not None:
        if title is None:
            raise InputError("--add needs --title, and --shot for a note on one shot")
        add_note(opened, title, shot, add, author=author)
    if remove is not None:
        if remove not in {note.id for note in list_notes(opened.path)}:
            raise InputError(f"{catalog} has no note {remove!r}; `msm notes {catalog} --json` lists them")
        remove_note(opened.path, remove)
    found = [n for n in list_notes(opened.path) if title in (None, n.title_id) and shot in (None, n.shot)]
    table = notes_table(opened, found)
    if out is not None:
        save_notes(table, out)
    if as_json:
        rows = json.loads(table.to_json(orient="records", date_format="iso", date_unit="s"))
        print(to_json({"notes": [{"id": n.id, **row} for n, row in zip(found, rows, strict=True)]}))
    elif out is not None:
        print(f"{out}: {len(table)} notes")
    elif len(table):
        shown = [
            (n.title_id, "title" if n.shot is None else str(n.shot), n.author, " ".join(n.text.split())) for n in found
        ]
        print(text_table(("title", "shot", "author", "note"), shown))
    else:
        print("no notes")
