"""The verb that computes 2-D maps: map."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from msm.cli.program import AsJson, app, open_catalog, to_json
from msm.errors import InputError
from msm.io.progress import progress_bar

ENDS = {"wait": 0, "read": 12, "neighbours": 18, "umap": 35, "epochs": 96, "trust": 100}  # of each stage, in hundredths
BEGINS = dict(zip(ENDS, [0, *ENDS.values()], strict=False))


@app.command()
def map(
    catalog: Annotated[Path, typer.Argument(help="The catalog; its maps are saved in its folder maps.")],
    run: Annotated[
        list[Path] | None,
        typer.Option(help="Map this run's contextual embeddings; with several runs, maps that are aligned."),
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="With --run: also a map of the raw shots, aligned with it.")
    ] = False,
    of: Annotated[str, typer.Option(help="shots or titles.")] = "shots",
    by: Annotated[str | None, typer.Option(help="A label whose values attract each other (supervised UMAP).")] = None,
    dims: Annotated[int, typer.Option(help="2 or 3.")] = 2,
    neighbours: Annotated[int, typer.Option(help="Fewer emphasise local, more emphasise global structure.")] = 15,
    min_dist: Annotated[float, typer.Option(help="Minimum distance between points, 0 to 1.")] = 0.1,
    densmap: Annotated[bool, typer.Option("--densmap", help="Preserve local density (densMAP).")] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same map.")] = 0,
    sample: Annotated[
        int | None, typer.Option(help="Lay out so many points, drawn by the seed, and place the others among them.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Compute it again even if it exists.")] = False,
    place: Annotated[bool, typer.Option("--place", help="Keep an earlier map, and place new titles on it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compute the 2-D map of a catalog's shots and save it in the catalog; an existing map is reused."""
    from msm.projection import ProjectionOptions
    from msm.projection.maps import MapOptions, make_maps

    layout = ProjectionOptions(dims=dims, neighbours=neighbours, min_dist=min_dist, densmap=densmap, seed=seed)
    options, opened = MapOptions(of=of, by=by, sample=sample, layout=layout), open_catalog(catalog)
    runs: list[Path | None] = [*([None] if raw or not run else []), *(run or [])]
    with _stages("mapping") as on_stage:
        if place:
            found = [_place(opened, options, runs, on_stage)]
        else:
            found = make_maps(opened, options, runs, again=again, tell=on_stage)
    records = [{"path": str(m.path), **m.facts, "run": m.run} for m in found]
    print(to_json(records if len(records) > 1 else records[0]) if as_json else "\n".join(_sentence(m) for m in found))


def _place(catalog: Any, options: Any, runs: list[Path | None], on_stage: Callable[[str, float], None]) -> Any:
    from msm.projection.maps import Source, find_map
    from msm.projection.maps.building import place_new_titles

    if len(runs) > 1:
        raise InputError("--place works on one map at a time; give one --run, or none")
    fresh, former = find_map(catalog, options, (Source.of(runs[0]),))
    if fresh:
        return fresh
    if former is None:
        raise InputError(f"{catalog.path} has no earlier map of this kind to place titles on; leave out --place")
    return place_new_titles(catalog, former, runs[0], tell=on_stage)


@contextmanager
def _stages(what: str) -> Iterator[Callable[[str, float], None]]:
    """One progress bar for all stages, each weighted by its usual share of the time."""
    with progress_bar(what) as progress:
        yield lambda stage, share: progress(round(BEGINS[stage] + (ENDS[stage] - BEGINS[stage]) * share), 100)


def _sentence(found: Any) -> str:
    facts = found.facts
    trust = facts.get("trustworthiness")
    quality = "too few points to measure its trustworthiness" if trust is None else f"trustworthiness {trust:.3f}"
    made = f"{facts['method']}, seed {facts['options']['layout']['seed']}, {facts['seconds']:.0f} s"
    among = "on an earlier map" if facts.get("grown_from") else "among a sample"
    placed = f", {facts['placed']} of them placed {among}" if facts.get("placed") else ""
    why = f"; {facts['why']}" if facts.get("why") else ""
    return f"{found.path}: {facts['num_points']} {found.of} of {found.run or 'the raw embeddings'}{placed}, {quality} ({made}){why}"
