"""The verb that probes frozen embeddings for labels from a file: probe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from msm.cli.program import AsJson, app, open_catalog, to_json
from msm.io.progress import progress_bar


@app.command()
def probe(
    catalog: Annotated[Path, typer.Argument(help="A catalog.")],
    run: Annotated[Path | None, typer.Argument(help="A trained run; without one, the shots alone.")] = None,
    labels: Annotated[
        list[Path] | None,
        typer.Option(help="Labels: CSV, ELAN .eaf or Label Studio JSON; repeat for more files."),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(help="LABEL=KIND: classes, tags, number or boundaries, where the values leave a choice; repeat."),
    ] = None,
    tags: Annotated[bool, typer.Option("--tags", help="The 0/1 columns of a CSV are the tags of one label.")] = False,
    each_shot: Annotated[
        bool, typer.Option("--each-shot", help="Every shot of a labelled span or title is an example of its own.")
    ] = False,
    overlap: Annotated[
        float, typer.Option(help="The share of a shot that a stretch of time must hold for the shot to belong to it.")
    ] = 0.5,
    fps: Annotated[float | None, typer.Option(help="Frames a second, for timelines of Label Studio.")] = None,
    folds: Annotated[
        int | None,
        typer.Option(help="Folds of titles. Default: fit on train and validation, score on test titles; 5 without."),
    ] = None,
    curve: Annotated[bool, typer.Option(help="Also the score by the number of labels.")] = True,
    fusion: Annotated[str, typer.Option(help="joint or per_modality, where there is no run.")] = "per_modality",
    seed: Annotated[int, typer.Option(help="Seed of the folds, draws and probes.")] = 0,
    out: Annotated[Path | None, typer.Option(help="The report to write. Default: RUN/tasks/FILE.json.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda …")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Predict labels from frozen embeddings: the shot alone against the shot in its title."""
    from msm.cli.task_reports import tasks_as_text
    from msm.errors import InputError
    from msm.evaluation.label_files import read_labels_of
    from msm.evaluation.tasks.report import probe_tasks
    from msm.evaluation.tasks.saved import save_report
    from msm.inference.run import Run
    from msm.recipes.recipe import FUSIONS
    from msm.training.trainer import pick_device

    if not labels:
        raise InputError("no labels are given; name a file with --labels FILE")
    if fusion not in FUSIONS:
        raise InputError(f"the fusion is {fusion!r}, but must be one of {', '.join(FUSIONS)}")
    opened = open_catalog(catalog)
    trained = None if run is None else Run.open(run, device=str(pick_device(device)))
    read = read_labels_of(labels, opened, overlap=overlap, each_shot=each_shot, tags=tags, fps=fps)
    with progress_bar("probing") as progress:
        report: dict[str, Any] = probe_tasks(
            opened, read, trained, kinds=_kinds(task or []), folds=folds, curve=curve, fusion=fusion, seed=seed,
            progress=progress,
        )  # fmt: skip
    report["labels"] = {"files": [str(p) for p in labels], "overlap": overlap, **report["labels"]}
    saved = save_report(report, labels[0].stem, run=run, out=out)
    print(to_json(report) if as_json else tasks_as_text(report, saved))


def _kinds(tasks: list[str]) -> dict[str, str]:
    from msm.errors import InputError

    kinds = {}
    for text in tasks:
        label, equals, kind = text.rpartition("=")
        if not equals or not label:
            raise InputError(f"--task {text!r} must be LABEL=KIND, e.g. mood=tags")
        kinds[label] = kind
    return kinds
