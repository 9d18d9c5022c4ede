"""Verbs to get started: app, sample."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from msm.cli.program import app


@app.command("app")
def open_app(
    catalog: Annotated[Path | None, typer.Option(help="The catalog to open. Default: the sample data.")] = None,
    runs: Annotated[Path | None, typer.Option(help="The folder of trained runs. Default: runs beside CATALOG.")] = None,
    port: Annotated[int, typer.Option(help="The first free port from here on is used.", min=1, max=65535)] = 8501,
    address: Annotated[str, typer.Option(help="0.0.0.0 also serves other machines, without a login.")] = ("localhost"),
    browser: Annotated[bool, typer.Option(help="Open a browser if there is a display.")] = True,
) -> None:
    """Start the app on the sample data or on your own."""
    from msm.data.sample import workbench_folder, workplace
    from msm.io.portable import become

    script = workbench_folder() / "app.py"
    if catalog is None:
        place = workplace()
        print(f"msm: the sample data is in {place.absolute()}", file=sys.stderr)
        catalog, runs = place / "catalog", runs or place / "runs"
    server = ["--server.address", address, "--server.port", str(_free_port(address, port))]
    server += [] if browser and _has_screen() else ["--server.headless", "true"]
    words = ["--", "--catalog", str(catalog), "--runs", str(runs or catalog.absolute().parent / "runs")]
    become([sys.executable, "-m", "streamlit", "run", str(script), *server, *words])


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(help="The folder to write.")] = Path("sample_data"),
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing folder.")] = False,
) -> None:
    """Copy the sample catalog and runs, to try the other verbs."""
    from msm.data.sample import copy_sample

    copy_sample(folder, replace=replace)
    print(f"{folder}: catalog (40 films) and runs (neighbour, mediafm); try `msm info {folder / 'catalog'}`")


def _free_port(address: str, first: int) -> int:
    """The first free port of a hundred."""
    import socket

    for port in range(first, min(first + 100, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return port
    return first  # the server reports the error


def _has_screen() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
