"""Verbs of the Hugging Face hub: push, pull."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from msm.cli.program import AsJson, app, to_json


@app.command()
def push(
    path: Annotated[Path, typer.Argument(help="A run, which becomes a model, or a catalog, which becomes a dataset.")],
    name: Annotated[str, typer.Argument(help="The repository: USER/NAME. It is created if there is none.")],
    private: Annotated[
        bool | None, typer.Option("--private/--public", help="Of a new repository. Default: as the account has it.")
    ] = None,
    branch: Annotated[str | None, typer.Option(help="The branch to commit to. Default: main.")] = None,
    licence: Annotated[str | None, typer.Option(help="For the card, for instance apache-2.0.")] = None,
    message: Annotated[str | None, typer.Option(help="Of the commit.")] = None,
    media: Annotated[bool, typer.Option("--media", help="Also a catalog's thumbnails and playable copies.")] = False,
    as_json: AsJson = False,
) -> None:
    """Upload a run or a catalog to a Hugging Face hub, with a card. `hf auth login` or HF_TOKEN logs in, HF_ENDPOINT is the hub."""
    from msm.hub import push as upload

    url = upload(path, name, private=private, branch=branch, licence=licence, message=message, media=media)
    print(to_json({"name": name, "commit": url}) if as_json else url)


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="The repository: USER/NAME.")],
    folder: Annotated[Path, typer.Argument(help="Where it is put: FOLDER/NAME. The app looks in runs and catalogs.")],
    revision: Annotated[str | None, typer.Option(help="A branch, tag or commit. Default: main.")] = None,
    as_json: AsJson = False,
) -> None:
    """Download a run or a catalog from a Hugging Face hub, and check it."""
    from msm.hub import pull as download

    path = download(name, folder, revision=revision)
    print(to_json({"name": name, "path": str(path)}) if as_json else path)
