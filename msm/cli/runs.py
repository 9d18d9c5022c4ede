"""Verbs on run folders: runs lists them as a table, annotate writes tags, a note and a colour beside a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from msm.cli.program import AsJson, app, to_json
from msm.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@app.command()
def runs(
    folder: Annotated[Path, typer.Argument(help="A folder of runs.")],
    where: Annotated[
        list[str] | None,
        typer.Option(help="A condition as mask.ratio>=0.3, state=done, tags=good or recipe~medi; repeat for more."),
    ] = None,
    sort: Annotated[str, typer.Option(help="A column; -COLUMN for descending.")] = "-skill",
    columns: Annotated[
        str | None,
        typer.Option(help="Columns, separated by commas; all for every one. Default: scores and what differs."),
    ] = None,
    archived: Annotated[bool, typer.Option("--archived", help="Also archived runs.")] = False,
    sweeps: Annotated[bool, typer.Option("--by-sweep", help="A row for each ablation or study instead.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the runs of a folder and of its sweeps with scores, hyperparameters, tags and notes."""
    from msm.runs import table as tables

    if not folder.is_dir():
        raise InputError(f"{folder} is missing")
    found = tables.filter_runs(tables.runs_table(folder, archived=archived), where or ())
    found = tables.by_sweep(found) if sweeps else _chosen(tables.sort_runs(found, sort), columns, everything=as_json)
    if as_json:
        print(to_json(json.loads(found.to_json(orient="records", date_format="iso", date_unit="s"))))
    elif as_csv:
        print(_readable(found).to_csv(index=False), end="")
    else:
        print(_as_text(found) if len(found) else "no sweep" if sweeps else "no run")


def _chosen(table: pd.DataFrame, columns: str | None, *, everything: bool) -> pd.DataFrame:
    from msm.runs.table import chosen_columns, usual_columns

    if columns == "all" or (everything and columns is None):
        return table
    names = usual_columns(table) if columns is None else [name.strip() for name in columns.split(",") if name.strip()]
    return chosen_columns(table, names)


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(tags=table["tags"].map(" ".join)) if "tags" in table else table


def _as_text(table: pd.DataFrame) -> str:
    from msm.cli.tables import text_table

    text = _readable(table)
    numeric = [text[c].dtype.kind in "if" for c in text]
    rows = [[_cell(value) for value in row] for row in text.itertuples(index=False)]
    return text_table([str(c) for c in text], rows, right=numeric)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}"
    return "".join(c if c.isprintable() else "\ufffd" for c in str(value))


@app.command()
def annotate(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Run folders.")],
    tag: Annotated[list[str] | None, typer.Option(help="Add a tag: one word; repeat for more.")] = None,
    untag: Annotated[list[str] | None, typer.Option(help="Remove a tag; repeat for more.")] = None,
    note: Annotated[str | None, typer.Option(help="Replace the note; an empty text removes it.")] = None,
    color: Annotated[
        str | None, typer.Option(help="The colour in tables and figures, as #2b7fd4; empty for the usual one.")
    ] = None,
    archive: Annotated[
        bool | None, typer.Option("--archive/--restore", help="Leave the runs out of tables, or list them again.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write tags, a note, a colour, or that it is archived, beside each run (annotation.json in its folder)."""
    from dataclasses import asdict

    from msm.runs.annotation import annotate as change

    for run in runs:
        if not (run / "run.json").is_file():
            raise InputError(f"{run} is not a run: it has no run.json")
    given = {"add": tag or (), "remove": untag or (), "note": note, "color": color, "archived": archive}
    after = {str(run): asdict(change(run, **given)) for run in runs}  # type: ignore[arg-type]
    if as_json:
        print(to_json(after))
        return
    for run_path, annotation in after.items():
        words = [
            *annotation["tags"],
            annotation["color"],
            "archived" if annotation["archived"] else "",
            annotation["note"],
        ]
        print(f"{run_path}: {', '.join(filter(None, words)) or 'no annotation'}")
