"""Verbs that train: train, ablate."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from msm.cli.program import AsJson, app, stop_signals, to_json
from msm.errors import InputError
from msm.io.progress import BEGAN, progress_bar, training_bar


@app.command()
def train(
    catalog: Annotated[Path, typer.Argument(help="The catalog to train on.")],
    run: Annotated[Path, typer.Argument(help="The run folder to write.")],
    recipe: Annotated[str, typer.Option(help="A preset, or the path of a run or a recipe.json.")] = "mediafm",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE, e.g. mask.ratio=0.4; repeat for more.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps …")] = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Continue a stopped or killed run.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing run.")] = False,
    titles: Annotated[
        int, typer.Option(help="Validate on at most so many titles: of more, on a seeded sample by length.", min=1)
    ] = 64,
    track: Annotated[
        str, typer.Option(help="Also send the curves to trackers: tensorboard, wandb, mlflow, trackio …, by commas.")
    ] = "",
    project: Annotated[
        str | None, typer.Option(help="The project of the trackers. Default: that of an earlier time, else msm.")
    ] = None,
    shard: Annotated[
        bool, typer.Option("--shard", help="Under torchrun: each process holds a part of the model (FSDP).")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only estimate the time.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train a masked-shot model; after Ctrl-C, --resume continues."""
    from msm.runner.threads import sleep_soon

    sleep_soon()  # torch reads it when it is imported
    from msm.data.catalog import Catalog
    from msm.recipes.presets import CATALOGUE, recipe_of
    from msm.runs.folder import RunFolder
    from msm.training.anisotropy import centre_if_alike
    from msm.training.distributed_init import start_processes
    from msm.training.trackers import Trackers, check_names
    from msm.training.trainer import pick_device, start_run
    from msm.training.trainer import train as train_run

    if resume and (set_ or replace):
        raise InputError("a resumed run keeps its recipe: --resume cannot be used with --set or --replace")
    trackers = [name.strip() for name in track.split(",") if name.strip()]
    if trackers:
        check_names(trackers)
    processes, where = start_processes(pick_device(device), shard=shard)
    opened, first = Catalog.open(catalog), processes.index == 0
    if dry_run:
        if not first:
            return
        from msm.training.cost import cost_of

        wanted = RunFolder.open(run).recipe if resume else recipe_of(recipe).with_settings(set_ or [])
        cost = cost_of(opened, wanted, where)
        print(to_json(cost.as_dict()) if as_json else cost.as_text())
        return
    if first and not resume:
        wanted = recipe_of(recipe).with_settings(set_ or [])
        if recipe in CATALOGUE:  # a run's recipe is repeated as it is
            wanted, message = centre_if_alike(wanted, opened, set_ or [])
            if message:
                _note(message)
        start_run(opened, run, wanted, device=where, replace=replace, validation_titles=titles, on_note=_note)
    processes.wait()
    folder = RunFolder.open(run)
    folder.clear_stop(before=BEGAN)  # left by a process that was killed before it stopped
    with (
        stop_signals() as stop_signal,
        training_bar(folder.recipe.steps) as on_step,
        Trackers(trackers if first else [], folder, project, on_note=_note) as tracked,
    ):

        def stepped(line: dict[str, Any]) -> None:
            on_step(line)
            tracked.log(line)

        try:
            train_run(
                folder,
                opened,
                device=where,
                resume=resume,
                on_step=stepped if first else lambda line: None,
                should_stop=lambda: stop_signal() or folder.stop_requested,
                on_note=_note if first else lambda sentence: None,
                processes=processes,
            )
        finally:
            if first:
                folder.clear_stop()
    if not first:
        return
    if as_json:
        print(to_json({"run": str(run), **folder.info}))
    if folder.info["state"] == "stopped":
        print(f"msm: stopped at step {folder.info['steps_done']}; add --resume to continue", file=sys.stderr)
        raise typer.Exit(130)
    if not as_json:
        best = folder.info["best"]
        kept = f"; kept step {best['step']}, centred cosine {best['centred_cosine']:.3f} on validation" if best else ""
        print(f"{run}: {folder.info['steps_done']} steps done{kept}")


def _note(sentence: str) -> None:
    print(f"msm: {sentence} [{time.time() - BEGAN:.1f} s]", file=sys.stderr, flush=True)


@app.command()
def ablate(
    catalog: Annotated[Path, typer.Argument(help="The catalog to train on.")],
    out: Annotated[Path | None, typer.Argument(help="The folder of the ablation.", metavar="OUT")] = None,
    vary: Annotated[
        list[str] | None, typer.Option(help="KEY=VALUE,VALUE…, e.g. mask.ratio=.15,.2,.4; repeat for more.")
    ] = None,
    recipe: Annotated[str, typer.Option(help="Presets, separated by commas; the first is the base.")] = "",
    set_: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, for every cell; repeat for more.")] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Number of seeds of each cell. Default: 3, of a search 1.", min=1)
    ] = None,
    each: Annotated[
        bool, typer.Option("--each/--grid", help="Vary one hyperparameter at a time, or every combination.")
    ] = False,
    search: Annotated[
        str | None,
        typer.Option(
            help="optuna: propose cells by the validation score; then --vary takes ranges, optim.lr=1e-4..1e-2:log."
        ),
    ] = None,
    trials: Annotated[
        int | None, typer.Option("--budget", help="Trials of a search, in all. Default: 50.", min=1)
    ] = None,
    prune: Annotated[
        str | None,
        typer.Option(help="How a search stops bad trials early: median (default), hyperband or none."),
    ] = None,
    split: Annotated[str | None, typer.Option(help="The split that reports: test (default) or validation.")] = None,
    workers: Annotated[int, typer.Option(help="Parallel trainings. Default: one a core, one on a GPU.", min=0)] = 0,
    ray: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Train on this Ray cluster, or `local`.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda …")] = "auto",
    keep: Annotated[str, typer.Option(help="weights, or none: only scores and metrics.")] = "none",
    retry: Annotated[bool, typer.Option("--retry", help="Repeat failed trainings.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only estimate time and disk space.")] = False,
    table_only: Annotated[
        bool, typer.Option("--table-only", help="Only write the tables again: msm ablate --table-only OUT.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare recipes: a grid of hyperparameters with seeds, as a table with intervals (docs/ablate.md)."""
    from msm.ablation import ablation, report
    from msm.training.trainer import pick_device

    if table_only:
        table = ablation.tables_only(out or catalog)
        print(to_json(table) if as_json else report.as_markdown(table))
        return
    if out is None:
        raise InputError("the folder to write to is missing; msm ablate CATALOG OUT --vary KEY=VALUE,VALUE")
    request = ablation.Request(
        catalog=catalog,
        out=out,
        vary=tuple(vary or ()),
        recipes=tuple(filter(None, map(str.strip, recipe.split(",")))),
        settings=tuple(set_ or ()),
        seeds=seeds,
        each=each,
        split=split,
        workers=workers,
        ray=ray,
        device=str(pick_device(device)),
        keep=keep,
        retry=retry,
        search=search,
        trials=trials,
        prune=prune,
    )
    plan = ablation.plan_of(request)
    if not dry_run:
        ablation.begin_imports(request)
    with progress_bar("timing the cells") as progress:
        budget = ablation.budget_of(request, plan, progress, keep=not dry_run)
    if dry_run:
        print(to_json(budget.as_dict()) if as_json else budget.as_text())
        return
    print(budget.as_text(), file=sys.stderr)
    with stop_signals() as should_stop, progress_bar("training the cells") as progress:
        ended, found = ablation.run(request, plan, budget.per_cell, _show(progress), should_stop)
    if found:
        print(to_json(found) if as_json else report.as_markdown(found))
    if ended == "stopped":
        print(f"msm: stopped; msm ablate {shlex.join([str(catalog), str(out)])} continues", file=sys.stderr)
        raise typer.Exit(130)


def _show(progress: Callable[[int, int], None]) -> Callable[[dict[str, Any]], None]:
    """Show an ablation's progress as a bar; without a terminal also as a line for each training that ends."""
    from msm.ablation.progress import num_ended, sentence

    printed = -1

    def show(content: dict[str, Any]) -> None:
        nonlocal printed
        progress(round(1000 * content["share"]), 1000)
        ended = num_ended(content)
        if ended != printed and not sys.stderr.isatty():
            print(sentence(content), file=sys.stderr, flush=True)
        printed = ended

    return show
