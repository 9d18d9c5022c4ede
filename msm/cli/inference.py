"""Verbs that use a trained run: evaluate, fill, embed."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from msm.cli.places import Ray, Workers, place_of
from msm.cli.program import AsJson, app, open_catalog, stdout_kept_clean, to_json
from msm.io.progress import progress_bar


@app.command()
def evaluate(
    run: Annotated[Path, typer.Argument(help="A trained run.")],
    catalog: Annotated[Path, typer.Argument(help="The catalog to evaluate it on.")],
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    full: Annotated[
        bool,
        typer.Option("--full", help="Also by mask ratio, with spans of shots hidden, and with one modality hidden."),
    ] = False,
    probes: Annotated[
        bool, typer.Option("--probes", help="Also frozen probes of the embeddings for every label (takes minutes).")
    ] = False,
    titles: Annotated[
        int | None, typer.Option(help="Of a split with more titles, a seeded sample of so many by length.", min=1)
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda …")] = "auto",
    track: Annotated[
        str, typer.Option(help="Also send the report to trackers, as `msm train --track`: tensorboard, wandb, mlflow …")
    ] = "",
    workers: Workers = None,
    ray: Ray = None,
    as_json: AsJson = False,
) -> None:
    """Compare a run's predictions of hidden shots with baselines; saved as RUN/evaluation.json."""
    from msm.cli.reports import evaluation_as_text
    from msm.evaluation.evaluate_run import evaluate_run
    from msm.inference.run import Run
    from msm.runner.threads import few_threads
    from msm.training.trackers import Trackers, check_names

    trackers = [name.strip() for name in track.split(",") if name.strip()]
    check_names(trackers)
    place = place_of(workers, ray, device)
    opened, trained = open_catalog(catalog), Run.open(run, device=place.own_device)
    with few_threads(), progress_bar("evaluating") as progress:
        measured = evaluate_run(
            trained, opened, split=split, full=full, probes=probes, most_titles=titles, place=place, progress=progress
        )
    if trackers:
        said = partial(print, "msm:", file=sys.stderr)
        with stdout_kept_clean(), Trackers(trackers, trained.folder, on_note=said) as tracked:
            tracked.report(measured, evaluation_as_text(measured))
    print(to_json(measured) if as_json else evaluation_as_text(measured))


@app.command()
def fill(
    run: Annotated[Path, typer.Argument(help="A trained run.")],
    catalog: Annotated[Path, typer.Argument(help="A catalog of the same kind of shots.")],
    title: Annotated[str, typer.Option(help="The title's id.")],
    hide: Annotated[str, typer.Option(help="Shots counted from 0, e.g. 40-44,60.")],
    modality: Annotated[
        list[str] | None,
        typer.Option(
            help="Hide only this modality of the shots, e.g. audio, or audio:40-42 of these shots; repeat for more."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hide shots of a title and score the model's prediction of them, as the masking lab does."""
    from msm.cli.reports import fill_in_as_text
    from msm.data.ranges import parse_ranges
    from msm.inference.run import Run
    from msm.masking.parts import format_parts, parse_parts

    chosen = open_catalog(catalog)[title]
    trained, parts = Run.open(run), parse_parts(";".join(modality or ()), chosen.num_shots)
    filled = trained.fill_in(chosen, parse_ranges(hide, chosen.num_shots), modalities=parts)
    rows = json.loads(filled.table.to_json(orient="records"))
    best = {"best_baseline": filled.best_baseline_name, "best_baseline_centred_cosine": filled.best_baseline}
    if filled.parts:
        best |= {"modalities": list(filled.modalities) or format_parts(filled.parts), "sees_rest": trained.sees_rest}
    summary = {"title": title, "centred_cosine": filled.centred_cosine, **best, "skill": filled.skill}
    print(to_json({**summary, "shots": rows}) if as_json else fill_in_as_text(filled))
    if filled.parts and not trained.sees_rest and not as_json:
        print(
            "This run was trained with whole shots hidden, so it was not given the other modalities of these shots either."
        )


@app.command()
def embed(
    run: Annotated[Path, typer.Argument(help="A trained run.")],
    catalog: Annotated[Path, typer.Argument(help="A catalog of the same kind of shots.")],
    out: Annotated[Path, typer.Argument(help="The catalog of contextual embeddings to write, or the Parquet file.")],
    format: Annotated[
        str, typer.Option(help="catalog, or parquet: one file with a vector in each row, for a vector database.")
    ] = "catalog",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda …")] = "auto",
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing catalog or file.")] = False,
    workers: Workers = None,
    ray: Ray = None,
) -> None:
    """Write the contextual embedding of each shot, given its whole title, as a catalog or a Parquet file.

    When interrupted, a second call continues.
    """
    from msm.errors import InputError
    from msm.inference.embed import embed_catalog
    from msm.inference.export import export_parquet
    from msm.inference.run import Run
    from msm.runner.threads import few_threads

    if format not in ("catalog", "parquet"):
        raise InputError(f"--format is {format!r}, but must be catalog or parquet")
    place = place_of(workers, ray, device)
    opened, trained = open_catalog(catalog), Run.open(run, device=place.own_device)
    if format == "parquet":
        with few_threads(), progress_bar("embedding") as progress:
            count = export_parquet(trained, opened, out, replace=replace, place=place, progress=progress)
        print(f"{out}: {count} shots of {len(opened)} titles, {trained.model.contextual_width} wide")
        return
    with few_threads(), progress_bar("embedding") as progress:
        written = embed_catalog(trained, opened, out, replace=replace, place=place, progress=progress)
    print(f"{out}: {written.num_shots} shots of {len(written)} titles, {written.shot_dim} wide")
