"""The verb that writes shots for other tools: export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from msm.cli.program import AsJson, app, open_catalog, stdout_kept_clean, to_json
from msm.io.progress import progress_bar


@app.command()
def export(
    catalog: Annotated[Path, typer.Argument(help="The catalog.")],
    out: Annotated[Path, typer.Argument(help="The folder to write.")],
    to: Annotated[str, typer.Option(help="atlas, fiftyone, lancedb, pgvector, projector, qdrant or rerun.")],
    run: Annotated[
        Path | None, typer.Option(help="Contextual embeddings of this run instead of the catalog's own.")
    ] = None,
    shots: Annotated[
        str | None,
        typer.Option(
            help="Only these: a CSV or Parquet file with title_id and shot, an address of the app, or harbour-lights:3-9;kites:4."
        ),
    ] = None,
    split: Annotated[list[str], typer.Option(help="Only of this split; repeat for more.")] = [],  # noqa: B006
    centred: Annotated[
        bool,
        typer.Option("--centred", help="Vectors as the search compares them: about the training mean, of unit length."),
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing folder.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write shots with their vectors, labels and thumbnails for another tool, and say how it opens them."""
    from msm.exports.choosing import chosen_rows
    from msm.exports.shots import Shots
    from msm.exports.writing import TOOLS, check_out
    from msm.exports.writing import export as write
    from msm.inference.run import Run

    if to not in TOOLS.names():
        TOOLS.get(to)
    check_out(out, replace=replace)
    opened = open_catalog(catalog)
    rows = chosen_rows(opened, shots, tuple(split))
    trained = None if run is None else Run.open(run)
    with stdout_kept_clean(), progress_bar("exporting") as progress:
        chosen = Shots(opened, trained, rows, centred, progress)
        opens = write(chosen, to, out, replace=replace)
    if as_json:
        print(to_json({"path": str(out), "tool": to, "shots": len(chosen), "width": chosen.width, "open": opens}))
    else:
        print(f"{out}: {len(chosen)} shots, vectors {chosen.width} wide\nopen: {opens}")
