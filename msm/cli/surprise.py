"""The verb that measures how well each shot is predicted from the others: surprise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from msm.cli.places import Ray, Workers, place_of
from msm.cli.program import AsJson, app, open_catalog, to_json
from msm.errors import InputError
from msm.io.progress import progress_bar


@app.command()
def surprise(
    run: Annotated[Path, typer.Argument(help="A trained run.")],
    catalog: Annotated[Path, typer.Argument(help="A catalog of the same kind of shots.")],
    title: Annotated[str | None, typer.Option(help="The title's id.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="A Parquet file to write instead, with the surprise of many titles.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="With --out: only titles of train, validation or test.")] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Hide every shot alone, and report how well the fast method agrees.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda …")] = "auto",
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing file.")] = False,
    workers: Workers = None,
    ray: Ray = None,
    as_json: AsJson = False,
) -> None:
    """Hide every shot of a title in turn and print 1 − cosine of its prediction, the surprise.

    With --out of all titles: when interrupted, a second call continues.
    """
    from msm.inference.run import Run
    from msm.runner.threads import few_threads

    place, opened = place_of(workers, ray, device), open_catalog(catalog)
    trained = Run.open(run, device=place.own_device)
    if out is None:
        if title is None or split is not None:
            raise InputError("give one --title to print, or --out FILE for many titles")
        with few_threads():
            _print_one(trained, opened[title], exact=exact, as_json=as_json)
        return
    from msm.interpret.surprise_titles import surprise_titles

    titles = [opened[title]] if title is not None else list(opened) if split is None else opened.split(split)
    if not titles:
        raise InputError(f"{catalog} has no title in the {split} split")
    with few_threads(), progress_bar("hiding every shot in turn") as progress:
        count = surprise_titles(trained, titles, out, exact=exact, replace=replace, place=place, progress=progress)
    facts = {"path": str(out), "shots": count, "titles": len(titles), "exact": exact}
    print(to_json(facts) if as_json else f"{out}: {count} shots of {len(titles)} titles")


def _print_one(trained: Any, title: Any, *, exact: bool, as_json: bool) -> None:
    from msm.cli.reports import surprise_as_text
    from msm.interpret.surprise import agreement, peaks_at_scenes
    from msm.interpret.surprise import surprise as hide_in_turn

    with progress_bar("hiding every shot in turn") as progress:
        found = hide_in_turn(trained, title, exact=exact, progress=progress)
    summary: dict[str, Any] = {"title": title.title_id, "exact": found.exact, "passes": found.passes}
    if exact:
        fast = hide_in_turn(trained, title, exact=False)
        rho = agreement(found.table["surprise"].to_numpy(), fast.table["surprise"].to_numpy())
        summary |= {"fast_passes": fast.passes, "agreement": rho if rho == rho else None}
    scenes = peaks_at_scenes(found.table)
    if as_json:
        rows = json.loads(found.table.to_json(orient="records"))
        print(to_json({**summary, "peaks_at_scenes": scenes and vars(scenes), "shots": rows}))
    else:
        print(surprise_as_text(found, scenes, summary.get("agreement")))
