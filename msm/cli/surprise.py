"""The verb that measures how well each shot is predicted from the others: surprise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from msm.cli.program import AsJson, app, open_catalog, to_json
from msm.io.progress import progress_bar


@app.command()
def surprise(
    run: Annotated[Path, typer.Argument(help="A trained run.")],
    catalog: Annotated[Path, typer.Argument(help="A catalog of the same kind of shots.")],
    title: Annotated[str, typer.Option(help="The title's id.")],
    exact: Annotated[
        bool, typer.Option("--exact", help="Hide every shot alone, and report how well the fast method agrees.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda …")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Hide every shot of a title in turn and print 1 − cosine of its prediction, the surprise."""
    from msm.cli.reports import surprise_as_text
    from msm.inference.run import Run
    from msm.interpret.surprise import agreement, peaks_at_scenes
    from msm.interpret.surprise import surprise as hide_in_turn
    from msm.training.trainer import pick_device

    chosen, trained = open_catalog(catalog)[title], Run.open(run, device=str(pick_device(device)))
    with progress_bar("hiding every shot in turn") as progress:
        found = hide_in_turn(trained, chosen, exact=exact, progress=progress)
    summary: dict[str, Any] = {"title": title, "exact": found.exact, "passes": found.passes}
    if exact:
        fast = hide_in_turn(trained, chosen, exact=False)
        rho = agreement(found.table["surprise"].to_numpy(), fast.table["surprise"].to_numpy())
        summary |= {"fast_passes": fast.passes, "agreement": rho if rho == rho else None}
    scenes = peaks_at_scenes(found.table)
    if as_json:
        rows = json.loads(found.table.to_json(orient="records"))
        print(to_json({**summary, "peaks_at_scenes": scenes and vars(scenes), "shots": rows}))
    else:
        print(surprise_as_text(found, scenes, summary.get("agreement")))
