"""The command `msm`: each verb parses, calls one function of the library, and prints.

What a user did wrong becomes one sentence and exit status 2 in `main`, and nowhere else. Imports
that cost time stand inside the verbs, so that `msm --help` answers at once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from msm.errors import InputError

# typer carries its own click since 0.17; this is the base of every parsing error in either
ParsingError = typer.BadParameter.__mro__[2]

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
) -> None:
    """Masked Shot Modeling: hide shots of a film and watch a model fill them in."""


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


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function to call with (done, total); it draws on stderr, and only on a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def to_json(document: Any) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a verb and exit: 0 done, 2 something that the user can mend, 130 interrupted."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is half-written is removed
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a path may hold any bytes
    try:
        arguments = sys.argv[1:] if arguments is None else arguments
        status = app(arguments or ["--help"], prog_name="msm", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, say `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except (KeyboardInterrupt, typer.Abort):
        status = _say("stopped by Ctrl-C", 130)
    except ParsingError as error:
        status = _say(f"{error.format_message().rstrip('.')}; `msm --help` and `msm VERB --help` list what there is", 2)
    except InputError as error:
        status = _say(str(error), 2)
    except OSError as error:
        what = error.strerror or str(error)
        status = _say(f"{error.filename}: {what}" if error.filename is not None else what, 2)
    except MemoryError:
        status = _say("there is not enough memory for this", 2)
    sys.exit(status or 0)


def _say(sentence: str, status: int) -> int:
    print(f"msm: {' '.join(sentence.split())}", file=sys.stderr)
    return status
