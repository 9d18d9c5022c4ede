"""The command `msm`: each verb parses, calls one function of the library, and prints.

What a user did wrong becomes one sentence and exit status 2 in `main`, and nowhere else. Imports
that cost time stand inside the verbs, so that `msm --help` answers at once.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from msm import progress as telling
from msm.errors import InputError
from msm.progress import progress_bar, training_bar

# typer carries its own click since 0.17; this is the base of every parsing error in either
ParsingError: type[typer.BadParameter] = typer.BadParameter.__mro__[2]

app = typer.Typer(
    help="Masked Shot Modeling: hide shots of a film and watch a model fill them in.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"msm {version('msm-workbench')}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
    progress_file: Annotated[
        Path | None, typer.Option(help="Where any verb tells how far it is, as JSON; before the verb.")
    ] = None,
) -> None:
    """Masked Shot Modeling: hide shots of a film and watch a model fill them in."""
    telling.report_to(progress_file)


@app.command()
def info(
    path: Annotated[Path, typer.Argument(help="A catalog or a run.")],
    quick: Annotated[bool, typer.Option("--quick", help="Read no vectors, so don't check them either.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what a catalog or a run holds, and whether it is sound."""
    from msm.describe import as_text, describe

    with progress_bar("checking") as progress:
        facts = describe(path, quick=quick, progress=progress)
    print(to_json(facts) if as_json else as_text(facts))
    if facts.get("problem"):
        raise InputError(facts["problem"])


@app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(help="A folder of .npz, or .npz, .parquet, .npy with .parquet, .h5.")],
    catalog: Annotated[Path, typer.Argument(help="The catalog to write.")],
    format: Annotated[str | None, typer.Option(help="npz, parquet, npy+parquet or hdf5; else found out.")] = None,
    modality: Annotated[
        list[str] | None, typer.Option(help="NAME=ARRAY or NAME=ARRAY[START:STOP]; once for each modality.")
    ] = None,
    table: Annotated[Path | None, typer.Option(help="The Parquet table that goes with an .npy.")] = None,
    title_column: Annotated[str | None, typer.Option(help="Default: title_id, else title.")] = None,
    shot_column: Annotated[str | None, typer.Option(help="The order of the shots. Default: shot, else scene.")] = None,
    global_from: Annotated[
        str | None, typer.Option(help="Title labels, with commas, that make the metadata embedding for [GLOBAL].")
    ] = None,
    dtype: Annotated[str | None, typer.Option(help="float16 or float32. Default: what loses nothing.")] = None,
    seed: Annotated[int, typer.Option(help="Deals out the titles that have no split.")] = 0,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing catalog.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a catalog from embeddings made elsewhere (docs/format.md lists the formats)."""
    from msm.describe import as_text, describe_catalog
    from msm.importers import ImportOptions, import_embeddings

    options = ImportOptions(
        format=format,
        modalities=tuple(modality or ()),
        table=table,
        title_column=title_column,
        shot_column=shot_column,
        dtype=dtype,
        seed=seed,
        global_from=tuple(c.strip() for c in global_from.split(",")) if global_from else (),
        replace=replace,
    )
    with progress_bar("importing") as progress:
        import_embeddings(source, catalog, options, progress)
    facts = describe_catalog(catalog, quick=False, progress=lambda done, total: None)
    print(to_json(facts) if as_json else as_text(facts))


@app.command()
def ingest(
    videos: Annotated[list[Path], typer.Argument(metavar="VIDEO", help="Video files.")],
    catalog: Annotated[Path, typer.Argument(help="The catalog that they join; it is made where there is none.")],
    encoders: Annotated[str, typer.Option(help="What turns shots into vectors (docs/ingest.md).")] = "descriptors",
    detector: Annotated[str, typer.Option(help="Of cuts: adaptive, or transnetv2 with its weights.")] = "adaptive",
    detector_weights: Annotated[Path | None, typer.Option(help="Of TransNetV2: a .safetensors or a .pth.")] = None,
    subtitles: Annotated[Path | None, typer.Option(help="Of one video. Default: beside it, or inside it.")] = None,
    name: Annotated[str, typer.Option(help="Of one video, as the next four. Default: the file's name.")] = "",
    title_id: Annotated[str, typer.Option(help="Default: made from the file's name.")] = "",
    synopsis: Annotated[str, typer.Option(help="Default: from the sidecar FILM.json, as name, tags and split.")] = "",
    tags: Annotated[str, typer.Option(help="Words with commas.")] = "",
    split: Annotated[str, typer.Option(help="train, validation or test. Default: dealt out.")] = "",
    workers: Annotated[int, typer.Option(help="Videos that are read at the same time.")] = 1,
    media: Annotated[bool, typer.Option(help="Keep a copy that a browser plays.")] = True,
    seed: Annotated[int, typer.Option(help="Deals out the titles that have no split.")] = 0,
    replace: Annotated[bool, typer.Option("--replace", help="Make titles anew that are there already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make shots, embeddings and thumbnails of video files; stopped, it goes on at the next title."""
    from msm.ingest import IngestOptions, TitleFacts
    from msm.ingest import ingest as ingest_videos
    from msm.ingest.pipeline import report_as_text

    words = "|".join(filter(None, (tag.strip() for tag in tags.split(","))))
    given = TitleFacts(title_id=title_id, name=name, synopsis=synopsis, tags=words, split=split)
    options = IngestOptions(
        encoders=encoders,
        detector=detector,
        detector_weights=detector_weights,
        subtitles=subtitles,
        facts=given if given != TitleFacts() else None,
        media=media,
        workers=workers,
        replace=replace,
        seed=seed,
    )
    with progress_bar("ingesting") as progress:
        report = ingest_videos(videos, catalog, options, progress)
    print(to_json(report.as_dict()) if as_json else report_as_text(report, catalog))
    if report.failed:
        raise InputError("; ".join(report.failed.values()))


@app.command()
def train(
    catalog: Annotated[Path, typer.Argument(help="The catalog to learn from.")],
    run: Annotated[Path, typer.Argument(help="The run folder to write.")],
    recipe: Annotated[str, typer.Option(help="A named recipe.")] = "mediafm",
    set_: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, e.g. mask.ratio=0.4; any number.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps …")] = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a stopped or killed run ended.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing run.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train a masked-shot model; Ctrl-C stops it so that --resume can go on."""
    from msm.catalog import Catalog
    from msm.presets import preset
    from msm.runs import RunFolder
    from msm.train import pick_device, start_run
    from msm.train import train as train_run

    if resume and (set_ or replace):
        raise InputError("a resumed run keeps its recipe: --resume goes without --set and --replace")
    opened, where = Catalog.open(catalog), pick_device(device)
    if resume:
        folder = RunFolder.open(run)
    else:
        chosen = preset(recipe).with_settings(set_ or [])
        folder = start_run(opened, run, chosen, device=where, replace=replace)
    with stop_signals() as should_stop, training_bar(folder.recipe.steps) as on_step:
        train_run(folder, opened, device=where, resume=resume, on_step=on_step, should_stop=should_stop)
    if as_json:
        print(to_json({"run": str(run), **folder.info}))
    if folder.info["state"] == "stopped":
        print(f"msm: stopped at step {folder.info['steps_done']}; add --resume to go on", file=sys.stderr)
        raise typer.Exit(130)
    if not as_json:
        best = folder.info["best"]
        kept = f"; kept step {best['step']}, centred cosine {best['centred_cosine']:.3f} on validation" if best else ""
        print(f"{run}: {folder.info['steps_done']} steps done{kept}")


@app.command()
def ablate(
    catalog: Annotated[Path, typer.Argument(help="The catalog to learn from.")],
    out: Annotated[Path | None, typer.Argument(help="The folder of the ablation.", metavar="OUT")] = None,
    vary: Annotated[
        list[str] | None, typer.Option(help="KEY=VALUE,VALUE…, e.g. mask.ratio=.15,.2,.4; any number.")
    ] = None,
    recipe: Annotated[str, typer.Option(help="Named recipes with commas; the first is the base.")] = "",
    set_: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, for every cell; any number.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Trainings of each cell. Default: 3.", min=1)] = None,
    each: Annotated[bool, typer.Option("--each/--grid", help="One knob at a time, or every combination.")] = False,
    split: Annotated[str | None, typer.Option(help="The split that reports: test (default) or validation.")] = None,
    workers: Annotated[int, typer.Option(help="Trainings at a time. Default: one a core, one on a GPU.", min=0)] = 0,
    ray: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Train on this Ray cluster, or `local`.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda …")] = "auto",
    keep: Annotated[str, typer.Option(help="weights, or none: scores and metrics alone.")] = "none",
    retry: Annotated[bool, typer.Option("--retry", help="Train those again that failed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would cost, and no more.")] = False,
    table_only: Annotated[
        bool, typer.Option("--table-only", help="Make the tables again: msm ablate --table-only OUT.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare recipes: a grid of knobs with seeds, as a table with intervals (docs/ablate.md)."""
    from msm.ablate import ablation, report
    from msm.train import pick_device

    if table_only:
        table = ablation.tables_only(out or catalog)
        print(to_json(table) if as_json else report.as_markdown(table))
        return
    if out is None:
        raise InputError("there is no folder to write to; msm ablate CATALOG OUT --vary KEY=VALUE,VALUE")
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
    )
    plan = ablation.plan_of(request)
    with progress_bar("timing the cells") as progress:
        budget = ablation.budget_of(request, plan, progress)
    if dry_run:
        print(to_json(budget.as_dict()) if as_json else budget.as_text())
        return
    print(budget.as_text(), file=sys.stderr)
    with stop_signals() as should_stop, progress_bar("training the cells") as progress:
        ended, found = ablation.run(request, plan, budget.per_cell, _look(progress), should_stop)
    if found:
        print(to_json(found) if as_json else report.as_markdown(found))
    if ended == "stopped":
        print(f"msm: stopped; msm ablate {shlex.join([str(catalog), str(out)])} goes on", file=sys.stderr)
        raise typer.Exit(130)


def _look(progress: Callable[[int, int], None]) -> Callable[[dict[str, Any]], None]:
    """From what an ablation tells to a bar; without a terminal also a line for each training that ends."""
    from msm.ablate.progress import sentence

    told = [-1]

    def look(said: dict[str, Any]) -> None:
        progress(round(1000 * said["share"]), 1000)
        over = said["done"] + said["failed"]
        if over != told[0] and not sys.stderr.isatty():
            print(sentence(said), file=sys.stderr, flush=True)
        told[0] = over

    return look


@app.command()
def evaluate(
    run: Annotated[Path, typer.Argument(help="A trained run.")],
    catalog: Annotated[Path, typer.Argument(help="The catalog whose titles it is measured on.")],
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    full: Annotated[bool, typer.Option("--full", help="Also by mask ratio, and with spans of shots hidden.")] = False,
    probes: Annotated[
        bool, typer.Option("--probes", help="Also what can be read off the embeddings, for every label (minutes).")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda …")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure a run's fill-ins against predictions without a model; kept as RUN/evaluation.json."""
    from msm.assess import assess
    from msm.fill import Run
    from msm.text_tables import evaluation_as_text
    from msm.train import pick_device

    opened, trained = _open_catalog(catalog), Run.open(run, device=str(pick_device(device)))
    with progress_bar("evaluating") as progress:
        measured = assess(trained, opened, split=split, full=full, probes=probes, progress=progress)
    print(to_json(measured) if as_json else evaluation_as_text(measured))


@app.command()
def fill(
    run: Annotated[Path, typer.Argument(help="A trained run.")],
    catalog: Annotated[Path, typer.Argument(help="A catalog of the same kind of shots.")],
    title: Annotated[str, typer.Option(help="The title's id.")],
    hide: Annotated[str, typer.Option(help="Shots counted from 0, e.g. 40-44,60.")],
    as_json: AsJson = False,
) -> None:
    """Hide shots of a title and show what the model makes of them, as the masking lab does."""
    from msm.fill import Run
    from msm.hiding import parse_ranges
    from msm.text_tables import fill_in_as_text

    chosen = _open_catalog(catalog)[title]
    filled = Run.open(run).fill_in(chosen, parse_ranges(hide, chosen.num_shots))
    rows = json.loads(filled.table.to_json(orient="records"))
    best = {"best_baseline": filled.best_baseline_name, "best_baseline_centred_cosine": filled.best_baseline}
    summary = {"title": title, "centred_cosine": filled.centred_cosine, **best, "skill": filled.skill}
    print(to_json({**summary, "shots": rows}) if as_json else fill_in_as_text(filled))


@app.command()
def embed(
    run: Annotated[Path, typer.Argument(help="A trained run.")],
    catalog: Annotated[Path, typer.Argument(help="A catalog of the same kind of shots.")],
    out: Annotated[Path, typer.Argument(help="The catalog of contextual embeddings to write.")],
    device: Annotated[str, typer.Option(help="auto, cpu, cuda …")] = "auto",
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing catalog.")] = False,
) -> None:
    """Write what the encoder makes of each shot with its whole title in view, as a catalog."""
    from msm.fill import Run, embed_catalog
    from msm.train import pick_device

    opened, trained = _open_catalog(catalog), Run.open(run, device=str(pick_device(device)))
    with progress_bar("embedding") as progress:
        written = embed_catalog(trained, opened, out, replace=replace, progress=progress)
    print(f"{out}: {written.num_shots} shots of {len(written)} titles, {written.shot_dim} wide")


def _open_catalog(path: Path) -> Any:
    from msm.catalog import Catalog

    return Catalog.open(path)


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """Ctrl-C and SIGTERM ask for a stop at the next step; a second one does not wait."""
    asked: list[int] = []

    def ask(number: int, frame: Any) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def to_json(document: Any) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a verb and exit: 0 done, 2 something that the user can mend, 130 interrupted."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is half-written is removed
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a path may hold any bytes
    try:
        status = _run(arguments)
    except SystemExit as left:
        telling.ended(left.code if isinstance(left.code, int) else 1)
        raise
    except BaseException:
        telling.ended(1)
        raise
    sys.exit(status)


def _run(arguments: list[str] | None) -> int:
    try:
        arguments = sys.argv[1:] if arguments is None else arguments
        status = app(arguments or ["--help"], prog_name="msm", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, say `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except (KeyboardInterrupt, typer.Abort):
        return _say("stopped by Ctrl-C", 130)
    except ParsingError as error:
        return _say(f"{error.format_message().rstrip('.')}; `msm --help` and `msm VERB --help` list what there is", 2)
    except InputError as error:
        return _say(str(error), 2)
    except OSError as error:
        what = error.strerror or str(error)
        return _say(f"{error.filename}: {what}" if error.filename is not None else what, 2)
    except MemoryError:
        return _say("there is not enough memory for this", 2)
    telling.ended(status or 0)
    return status or 0


def _say(sentence: str, status: int) -> int:
    line = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(sentence.split()))
    print(f"msm: {line}", file=sys.stderr)
    telling.ended(status, line)
    return status
