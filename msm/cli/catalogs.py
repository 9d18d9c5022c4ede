"""Verbs that make and describe catalogs: info, import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from msm.cli.places import Ray, Workers, place_of
from msm.cli.program import AsJson, app, stdout_kept_clean, to_json
from msm.errors import InputError
from msm.io.progress import progress_bar


@app.command()
def info(
    path: Annotated[Path, typer.Argument(help="A catalog or a run.")],
    quick: Annotated[bool, typer.Option("--quick", help="Do not read and check the embeddings.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Read and check all embeddings, also where msm did so before.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Describe a catalog or a run, and check that it is valid; a catalog that msm wrote or checked is not read again."""
    from msm.cli.describe import as_text, describe

    with progress_bar("checking") as progress:
        facts = describe(path, quick=quick, again=check, progress=progress)
    print(to_json(facts) if as_json else as_text(facts))
    if facts.get("problem"):
        raise InputError(facts["problem"])


@app.command("import")
def import_(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE", help="Files, folders, globs or URLs (s3://, gs://, hf://): together one table."
        ),
    ],
    catalog: Annotated[Path, typer.Argument(help="The catalog to write.")],
    format: Annotated[
        str | None, typer.Option(help="npz, parquet, npy+parquet, arrow, webdataset or hdf5. Default: detected.")
    ] = None,
    modality: Annotated[
        list[str] | None, typer.Option(help="NAME=ARRAY or NAME=ARRAY[START:STOP]; repeat for each modality.")
    ] = None,
    table: Annotated[Path | None, typer.Option(help="The Parquet table that goes with an .npy.")] = None,
    title_column: Annotated[str | None, typer.Option(help="Default: title_id, else title.")] = None,
    shot_column: Annotated[
        str | None,
        typer.Option(help="The column that orders the shots. Default: shot, else scene where it numbers the rows."),
    ] = None,
    global_from: Annotated[
        str | None,
        typer.Option(
            help="Title labels, separated by commas, that make the metadata embedding for [GLOBAL]; text:LABEL is encoded."
        ),
    ] = None,
    global_encoder: Annotated[str | None, typer.Option(help="The encoder of text:LABEL. Default: descriptors.")] = None,
    global_vectors: Annotated[
        str | None,
        typer.Option(help="FILE or NAME=FILE (.npz, .parquet) with a metadata embedding per title, made elsewhere."),
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(help="float16 or float32. Default: the smaller that is lossless.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the assignment of titles without a split.")] = 0,
    append: Annotated[
        bool, typer.Option("--append", help="Add the titles to CATALOG, with its modalities and [GLOBAL] vocabulary.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing catalog.")] = False,
    workers: Workers = None,
    ray: Ray = None,
    as_json: AsJson = False,
) -> None:
    """Convert existing embeddings to a catalog (docs/format.md lists the formats)."""
    from msm.cli.describe import as_text, describe_catalog
    from msm.importers.convert import ImportOptions, import_embeddings

    options = ImportOptions(
        format=format,
        modalities=tuple(modality or ()),
        table=table,
        title_column=title_column,
        shot_column=shot_column,
        dtype=dtype,
        seed=seed,
        global_from=tuple(c.strip() for c in global_from.split(",")) if global_from else (),
        global_encoder=global_encoder,
        global_vectors=global_vectors,
        replace=replace,
        append=append,
    )
    with progress_bar("importing") as progress, stdout_kept_clean():
        import_embeddings(sources, catalog, options, progress, place_of(workers, ray))
    facts = describe_catalog(catalog, quick=False, progress=lambda done, total: None)
    print(to_json(facts) if as_json else as_text(facts))


@app.command()
def merge(
    catalogs: Annotated[list[Path], typer.Argument(metavar="CATALOG", help="Catalogs of the same modalities.")],
    out: Annotated[Path, typer.Argument(help="The catalog to write.")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing catalog.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write one catalog with the titles of several; vectors, films and thumbnails are linked where the disk allows it."""
    from msm.cli.describe import as_text, describe_catalog
    from msm.data.joining import merge_catalogs

    merge_catalogs(catalogs, out, replace=replace)
    facts = describe_catalog(out, quick=True, progress=lambda done, total: None)
    print(to_json(facts) if as_json else as_text(facts))
